/*
 * For the profiler: where a hart is, and who called.
 *
 * A frame pointer (s0) points behind the frame: the return address is 8 bytes below it, the caller's
 * frame pointer 16. A function that calls nobody may save no return address; the caller's frame pointer
 * is 8 bytes below then, and the return address is in ra still. Code that uses s0 for something else
 * is found out by addresses that cannot be.
 *
 * SPDX-License-Identifier: MIT
 */
#include "target/riscv/cpu-impl.h"

#include "target/riscv/bits.h"
#include "target/riscv/mmu.h"
#include "target/riscv/mode.h"
#include "util/byteorder.h"

#define PAGE 4096
#define MAX_STACK (8 * MiB) /* no frame is farther from the one above it */

static bool read_as(CPUState *cpu, RISCVPriv priv, bool virt, vaddr va, void *buf, size_t len)
{
    uint8_t *p = buf;

    while (len) {
        size_t n = MIN(len, PAGE - va % PAGE);
        hwaddr pa;

        if (!riscv_translate_as(cpu, priv, virt, va, &pa) || !address_space_read_ram(cpu->as, pa, p, n))
            return false;
        va += n;
        p += n;
        len -= n;
    }
    return true;
}

bool riscv_read_kernel(CPUState *cpu, vaddr va, void *buf, size_t len)
{
    return read_as(cpu, PRV_S, false, va, buf, len);
}

static bool read_word(CPUState *cpu, vaddr va, uint64_t *value)
{
    CPURISCVState *env = riscv_env(cpu);
    uint8_t buf[8];

    if (!read_as(cpu, env->priv, env->virt, va, buf, sizeof(buf)))
        return false;
    *value = ld64_le(buf);
    return true;
}

/* Whether fp can be the frame pointer of who called a function whose frame ends at below. */
static bool plausible(vaddr fp, vaddr below)
{
    return fp % 8 == 0 && fp > below && fp - below <= MAX_STACK;
}

static void add(CPUSample *s, vaddr return_address)
{
    /* The call is before where it returns to; that may be another function, or another line. */
    s->pc[s->n++] = return_address - 2;
}

static void unwind(CPUState *cpu, CPUSample *s)
{
    CPURISCVState *env = riscv_env(cpu);
    vaddr fp = env->x[8], ra, up;

    if (!plausible(fp, env->x[2] - 1))
        return;
    for (bool first = true; s->n < CPU_SAMPLE_FRAMES; first = false) {
        if (!read_word(cpu, fp - 8, &ra))
            return;
        if (first && plausible(ra, fp)) { /* no return address was saved */
            up = ra;
            ra = env->x[1];
        } else if (!read_word(cpu, fp - 16, &up)) {
            return;
        }
        if (ra < PAGE || ra % 2)
            return;
        add(s, ra);
        if (!plausible(up, fp))
            return;
        fp = up;
    }
}

static void identify(CPURISCVState *env, RISCVPriv priv, bool virt, CPUSample *s)
{
    uint64_t satp = virt ? env->vsatp : env->satp;

    s->mode = "us?m"[priv];
    if (priv == PRV_M)
        return;
    if (virt) {
        s->mode = priv == PRV_U ? 'U' : 'S';
        s->vmid = (uint32_t)HGATP_VMID(env->hgatp);
    }
    if (SATP_MODE(satp) != SATP_BARE) {
        s->space = SATP_PPN(satp) * PAGE;
        s->asid = (uint32_t)SATP_ASID(satp);
    }
    /* Linux: tp is the thread in the kernel, and sscratch keeps it while a program runs. */
    s->thread = priv == PRV_S ? env->x[4] : virt ? env->vsscratch : env->sscratch;
}

void riscv_cpu_sample(CPUState *cpu, const CPUNote *note, CPUSample *s)
{
    CPURISCVState *env = riscv_env(cpu);
    const uint32_t who = MODE_PRIV_MASK | MODE_VIRT;

    memset(s, 0, offsetof(CPUSample, pc));
    s->pc[s->n++] = env->pc;
    if (note && ((note->mode ^ env->tcg.mode) & who)) {
        /* It has trapped or returned meanwhile: of the place before only the address is known. */
        s->pc[0] = note->pc;
        identify(env, mode_priv(note->mode), note->mode & MODE_VIRT, s);
        return;
    }
    identify(env, env->priv, env->virt, s);
    s->link = env->x[1];
    unwind(cpu, s);
}
