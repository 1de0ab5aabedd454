/*
 * What the KVM code asks of the host's kernel, as one table of functions: a unit test puts its own
 * kernel behind it. Nothing else in accel/kvm and target/riscv/kvm makes system calls.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_ACCEL_KVM_SYS_H
#define VIREO_ACCEL_KVM_SYS_H

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A failure is -errno. Nothing is restarted here. */
typedef struct KVMSys {
    int (*open)(const char *path, int flags);
    int (*close)(int fd);
    int (*ioctl)(int fd, unsigned long request, void *arg);
    void *(*mmap)(int fd, size_t size, int *err); /* shared, readable and writable; NULL + *err */
    void (*munmap)(void *p, size_t size);
    int (*prctl)(int what, unsigned long value);
    int (*eventfd)(void); /* not blocking */
    /* The signal that ends a KVM_RUN: receive on this thread; send to one. */
    void (*kick_receive)(void);
    void (*kick_send)(pthread_t thread);
    char *(*read_text)(const char *path); /* a small file of /proc or /sys, g_free(); NULL */
    bool (*riscv_host)(void);
    size_t page_size; /* 0: ask the host */
} KVMSys;

/* The table in force. */
const KVMSys *kvm_sys(void);
/* For tests, while there is no VM; NULL: the host's again. */
void kvm_sys_replace(const KVMSys *sys);
size_t kvm_page_size(void);

#endif
