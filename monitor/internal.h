/*
 * What the monitor's command files share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_MONITOR_INTERNAL_H
#define VIREO_MONITOR_INTERNAL_H

#include "backend/chardev.h"
#include "hw/core/cpu.h"
#include "hw/core/machine.h"
#include "monitor/readline.h"

typedef struct Monitor {
    Chardev *chr;
    Readline *rl;
    GByteArray *out;    /* what the character device has not taken yet */
    bool unfocused;     /* behind a multiplexer that shows somebody else */
    bool greeted;
    int cpu;            /* index of the vCPU that x, info registers and $pc mean */
    /* x and xp go on where and how they were last asked to. */
    char fmt, size;
    unsigned buttons;   /* what mouse_button has pressed */
} Monitor;

/* One command. A command with `sub` takes the next word as the name of one of those. */
typedef struct MonitorCommand {
    const char *name, *alias; /* name NULL ends a table */
    const char *args, *help;
    void (*run)(Monitor *mon, const char *args); /* args: what follows the name, trimmed */
    const struct MonitorCommand *sub;
} MonitorCommand;

extern const MonitorCommand monitor_commands[];      /* monitor/commands.c */
extern const MonitorCommand monitor_info_commands[]; /* monitor/info.c */

/* Appends to the monitor's output; "\n" becomes "\r\n" on the way. */
void monitor_printf(Monitor *mon, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void monitor_write(Monitor *mon, const char *text, size_t len);

/* Runs one line; says what is wrong with it if it cannot. */
void monitor_run_line(Monitor *mon, const char *line);
/* Words that can follow, for completion; see ReadlineOps.complete. */
const char **monitor_complete(Monitor *mon, const char *start);

/* The chosen vCPU; NULL (having said so) if there is none. */
CPUState *monitor_cpu(Monitor *mon);

/* Cuts the next word off *args; NULL at the end. g_free(). */
char *monitor_next_word(const char **args);
/* Evaluates "0x80000000 + 4 * (2 + $pc)"; says what is wrong on failure. */
bool monitor_eval(Monitor *mon, const char *expr, uint64_t *value);

/* Handlers that live in other files. */
void monitor_cmd_x(Monitor *mon, const char *args);       /* monitor/memory.c */
void monitor_cmd_xp(Monitor *mon, const char *args);
void monitor_cmd_profile(Monitor *mon, const char *args); /* monitor/profile.c */
void monitor_cmd_gva2gpa(Monitor *mon, const char *args);
void monitor_cmd_print(Monitor *mon, const char *args);
void monitor_cmd_sendkey(Monitor *mon, const char *args); /* monitor/display.c */
void monitor_cmd_mouse_move(Monitor *mon, const char *args);
void monitor_cmd_mouse_button(Monitor *mon, const char *args);
void monitor_cmd_mouse_set(Monitor *mon, const char *args);
void monitor_cmd_screendump(Monitor *mon, const char *args);
void monitor_info_why(Monitor *mon, const char *args);    /* monitor/explain.c */
void monitor_info_interrupts(Monitor *mon, const char *args);
void monitor_cmd_set_password(Monitor *mon, const char *args);
void monitor_cmd_change(Monitor *mon, const char *args);
void monitor_info_mice(Monitor *mon, const char *args);
void monitor_info_vnc(Monitor *mon, const char *args);
void monitor_cmd_balloon(Monitor *mon, const char *args);   /* monitor/balloon.c */
void monitor_info_balloon(Monitor *mon, const char *args);

/* monitor/hotplug.c */
void monitor_cmd_device_add(Monitor *mon, const char *args);
void monitor_cmd_device_del(Monitor *mon, const char *args);
void monitor_cmd_netdev_add(Monitor *mon, const char *args);
void monitor_cmd_netdev_del(Monitor *mon, const char *args);
void monitor_cmd_object_add(Monitor *mon, const char *args);
void monitor_cmd_object_del(Monitor *mon, const char *args);
void monitor_cmd_chardev_add(Monitor *mon, const char *args);
void monitor_cmd_chardev_remove(Monitor *mon, const char *args);
void monitor_cmd_chardev_send_break(Monitor *mon, const char *args);
void monitor_cmd_ringbuf_read(Monitor *mon, const char *args);
void monitor_cmd_ringbuf_write(Monitor *mon, const char *args);
void monitor_cmd_hostfwd_add(Monitor *mon, const char *args);
void monitor_cmd_hostfwd_remove(Monitor *mon, const char *args);
void monitor_cmd_qom_list(Monitor *mon, const char *args);
void monitor_cmd_qom_get(Monitor *mon, const char *args);
void monitor_cmd_qom_set(Monitor *mon, const char *args);

/* monitor/save.c */
void monitor_cmd_memsave(Monitor *mon, const char *args);
void monitor_cmd_pmemsave(Monitor *mon, const char *args);
void monitor_cmd_sum(Monitor *mon, const char *args);
void monitor_cmd_dumpdtb(Monitor *mon, const char *args);
void monitor_cmd_logfile(Monitor *mon, const char *args);

/* monitor/info-process.c */
void monitor_info_chardev(Monitor *mon, const char *args);
void monitor_info_name(Monitor *mon, const char *args);
void monitor_info_uuid(Monitor *mon, const char *args);
void monitor_info_memory_size_summary(Monitor *mon, const char *args);
void monitor_info_memdev(Monitor *mon, const char *args);
void monitor_info_numa(Monitor *mon, const char *args);
void monitor_info_roms(Monitor *mon, const char *args);
void monitor_info_kvm(Monitor *mon, const char *args);
void monitor_info_usernet(Monitor *mon, const char *args);
void monitor_info_block(Monitor *mon, const char *args);  /* monitor/info-backends.c */
void monitor_info_network(Monitor *mon, const char *args);
void monitor_info_iothreads(Monitor *mon, const char *args);
void monitor_cmd_block_resize(Monitor *mon, const char *args);
void monitor_cmd_set_link(Monitor *mon, const char *args);
void monitor_cmd_announce_self(Monitor *mon, const char *args);

#endif
