/*
 * Image loaders: good files land where they should, bad ones get one line and change nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hw/core/loader.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "hw/core/symbols.h"
#include "util/bits.h"
#include "util/byteorder.h"

#define RAM_BASE 0x80000000ULL
#define RAM_SIZE (16 * MiB)
#define RAM_END (RAM_BASE + RAM_SIZE)
#define KERNEL_AT (RAM_BASE + 2 * MiB)

typedef struct Fixture {
    MemoryRegion root, ram;
    AddressSpace as;
    ImageLoader l;
    int fd; /* of a file in memory: thousands are written, none should wait for a disk */
    char *path;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    memory_region_init(&f->root, NULL, "root", UINT64_MAX);
    address_space_init(&f->as, &f->root, "loader");
    g_assert_true(memory_region_init_ram(&f->ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(&f->root, RAM_BASE, &f->ram);
    image_loader_init(&f->l, &f->as);
    f->fd = memfd_create("vireo-loader", MFD_CLOEXEC);
    g_assert_cmpint(f->fd, >=, 0);
    f->path = g_strdup_printf("/proc/self/fd/%d", f->fd);
}

static void teardown(Fixture *f, gconstpointer data)
{
    image_loader_destroy(&f->l);
    address_space_destroy(&f->as);
    memory_region_destroy(&f->ram);
    memory_region_destroy(&f->root);
    flatview_reclaim();
    close(f->fd);
    g_free(f->path);
}

static void put_file(Fixture *f, const void *data, gsize size)
{
    g_assert_cmpint(ftruncate(f->fd, 0), ==, 0);
    g_assert_cmpint(pwrite(f->fd, data, size, 0), ==, (gssize)size);
}

static const uint8_t *ram(Fixture *f, hwaddr addr)
{
    return f->ram.ram->host + (addr - RAM_BASE);
}

static void check_error(Error *err, const char *words)
{
    g_assert_nonnull(err);
    if (!strstr(error_get_pretty(err), words)) {
        g_error("'%s' does not say '%s'", error_get_pretty(err), words);
    }
    g_assert_null(strchr(error_get_pretty(err), '\n'));
    error_free(err);
}

/* The file is refused as a kernel with these words, and nothing was written. */
static void kernel_error(Fixture *f, const void *data, gsize size, const char *words)
{
    LoadedImage out = { .size = 77 };
    Error *err = NULL;

    put_file(f, data, size);
    g_assert_false(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, &err));
    check_error(err, words);
    g_assert_cmpuint(out.size, ==, 77);
    g_assert_cmpuint(f->l.segments->len, ==, 0);
    for (hwaddr a = 0; a < RAM_SIZE; a += 4096) {
        g_assert_cmphex(*(uint64_t *)(f->ram.ram->host + a), ==, 0);
    }
}

/* ---- Files as such ---- */

static void test_files(Fixture *f, gconstpointer data)
{
    g_autofree char *dir = g_strdup("/tmp/vireo-loader-dir-XXXXXX");
    g_autofree char *fifo = NULL;
    LoadedImage out;
    Error *err = NULL;

    g_assert_false(load_kernel(&f->l, "/nowhere/kernel", KERNEL_AT, RAM_END, &out, &err));
    check_error(err, "-kernel /nowhere/kernel: No such file or directory");
    err = NULL;
    g_assert_false(load_raw(&f->l, "-initrd", "/tmp", KERNEL_AT, 1 * MiB, &out, &err));
    check_error(err, "-initrd /tmp: a directory");
    err = NULL;
    g_assert_false(load_raw(&f->l, "-initrd", "/dev/zero", KERNEL_AT, 1 * MiB, &out, &err));
    check_error(err, "a device node");
    g_assert_nonnull(g_mkdtemp(dir));
    fifo = g_build_filename(dir, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    err = NULL;
    g_assert_false(load_raw(&f->l, "-initrd", fifo, KERNEL_AT, 1 * MiB, &out, &err));
    check_error(err, "a pipe");
    g_unlink(fifo);
    g_rmdir(dir);
    put_file(f, "", 0);
    err = NULL;
    g_assert_false(load_raw(&f->l, "-initrd", f->path, KERNEL_AT, 1 * MiB, &out, &err));
    check_error(err, "empty");
    put_file(f, "12345", 5);
    err = NULL;
    g_assert_false(load_raw(&f->l, "-initrd", f->path, KERNEL_AT, 4, &out, &err));
    check_error(err, "has 5 bytes, there is room for 4");
    g_assert_cmpint(truncate(f->path, 1LL << 42), ==, 0); /* sparse and huge */
    err = NULL;
    g_assert_false(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, &err));
    check_error(err, "there is room for");
    if (geteuid() != 0) {
        g_chmod(f->path, 0);
        err = NULL;
        g_assert_false(load_raw(&f->l, "-initrd", f->path, KERNEL_AT, 4, &out, &err));
        check_error(err, "Permission denied");
    }
}

static void test_raw_and_reset(Fixture *f, gconstpointer data)
{
    LoadedImage out;

    put_file(f, "\x13\0\0\0rest", 8);
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, KERNEL_AT);
    g_assert_cmphex(out.entry, ==, KERNEL_AT);
    g_assert_cmpuint(out.size, ==, 8);
    g_assert_cmpmem(ram(f, KERNEL_AT), 8, "\x13\0\0\0rest", 8);
    memset((void *)ram(f, KERNEL_AT), 0xff, 16);
    image_loader_reset(&f->l);
    g_assert_cmpmem(ram(f, KERNEL_AT), 8, "\x13\0\0\0rest", 8);
}

static void test_not_code(Fixture *f, gconstpointer data)
{
    g_autofree uint8_t *zeros = g_malloc0(1 << 20);

    kernel_error(f, "root:x:0:0:root:/root:/bin/bash\n", 32, "a text file");
    kernel_error(f, zeros, 1 << 20, "does not start with an instruction");
    kernel_error(f, "\x13", 1, "does not start with an instruction");
}

static void test_overlap(Fixture *f, gconstpointer data)
{
    LoadedImage out;
    Error *err = NULL;
    uint8_t code[0x2000] = { 0x13 };

    put_file(f, code, sizeof(code));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_false(load_bytes(&f->l, "device tree", KERNEL_AT + 0x1fff, "xy", 2, &err));
    check_error(err, "device tree (0x80201fff-0x80202000) overlaps -kernel /proc/self/fd/");
    err = NULL;
    g_assert_false(load_raw(&f->l, "-initrd", f->path, KERNEL_AT - 0x1fff, MiB, &out, &err));
    check_error(err, "-initrd /proc/self/fd/");
    g_assert_true(load_bytes(&f->l, "device tree", KERNEL_AT + 0x2000, "xy", 2, NULL));
    g_assert_true(load_bytes(&f->l, "before", KERNEL_AT - 2, "xy", 2, NULL));
    err = NULL;
    g_assert_false(load_bytes(&f->l, "outside", RAM_END - 1, "xy", 2, &err));
    check_error(err, "do not fit in memory");
    err = NULL;
    g_assert_false(load_bytes(&f->l, "wraps", UINT64_MAX, "xy", 2, &err));
    check_error(err, "do not fit in memory");
}

/* ---- ELF ---- */

typedef struct TestElf {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[2];
    uint8_t text[16];
} TestElf;

static TestElf good_elf(void)
{
    TestElf e = {
        .eh = {
            .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
            .e_type = ET_EXEC,
            .e_machine = EM_RISCV,
            .e_entry = 0xffffffff80000004,
            .e_phoff = offsetof(TestElf, ph),
            .e_ehsize = sizeof(Elf64_Ehdr),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 2,
        },
        .text = "0123456789abcdef",
    };
    e.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(TestElf, text),
                            .p_vaddr = 0xffffffff80000000, .p_paddr = KERNEL_AT,
                            .p_filesz = 8, .p_memsz = 8 };
    e.ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(TestElf, text) + 8,
                            .p_vaddr = 0xffffffff80001000, .p_paddr = KERNEL_AT + 0x1000,
                            .p_filesz = 8, .p_memsz = 0x100 };
    return e;
}

static void test_elf(Fixture *f, gconstpointer data)
{
    TestElf e = good_elf();
    LoadedImage out;

    put_file(f, &e, sizeof(e));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.entry, ==, KERNEL_AT + 4);
    g_assert_cmphex(out.addr, ==, KERNEL_AT);
    g_assert_cmphex(out.size, ==, 0x1100);
    g_assert_true(out.is_elf64);
    g_assert_cmpmem(ram(f, KERNEL_AT), 8, "01234567", 8);
    g_assert_cmpmem(ram(f, KERNEL_AT + 0x1000), 9, "89abcdef\0", 9);
    memset((void *)ram(f, KERNEL_AT), 0xff, 0x2000);
    image_loader_reset(&f->l);
    g_assert_cmphex(*ram(f, KERNEL_AT + 0x10ff), ==, 0); /* bss again */
    g_assert_cmphex(*ram(f, KERNEL_AT + 0x1100), ==, 0xff);
}

static void test_elf32(Fixture *f, gconstpointer data)
{
    struct {
        Elf32_Ehdr eh;
        Elf32_Phdr ph;
        uint8_t text[4];
    } e = {
        .eh = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
                .e_type = ET_EXEC, .e_machine = EM_RISCV, .e_entry = KERNEL_AT,
                .e_phoff = sizeof(Elf32_Ehdr), .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1 },
        .ph = { .p_type = PT_LOAD, .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
                .p_vaddr = KERNEL_AT, .p_paddr = KERNEL_AT, .p_filesz = 4, .p_memsz = 4 },
        .text = "abcd",
    };
    LoadedImage out;

    put_file(f, &e, sizeof(e));
    g_assert_true(load_elf(&f->l, "-bios", f->path, RAM_BASE, RAM_END, &out, NULL));
    g_assert_true(out.is_elf32);
    g_assert_cmpmem(ram(f, KERNEL_AT), 4, "abcd", 4);
}

/* What linkers do with -Ttext: the headers alone where no RAM is, or on the page before the code. */
static void test_elf_headers(Fixture *f, gconstpointer data)
{
    struct {
        TestElf e;
        uint8_t fill[0x1000 - sizeof(TestElf)];
        uint8_t code[4];
    } img = { .e = good_elf(), .code = "abcd" };
    LoadedImage out;
    Error *err = NULL;

    img.e.eh.e_entry = RAM_BASE;
    img.e.eh.e_phnum = 1;
    img.e.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = RAM_BASE - 0x1000,
                                .p_paddr = RAM_BASE - 0x1000, .p_filesz = 0x1004,
                                .p_memsz = 0x1004 };
    put_file(f, &img, sizeof(img));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, RAM_BASE);
    g_assert_cmphex(out.size, ==, 4);
    g_assert_cmpmem(ram(f, RAM_BASE), 4, "abcd", 4);

    img.e.eh.e_entry = KERNEL_AT;
    img.e.eh.e_phnum = 2;
    img.e.ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0x10000, .p_paddr = 0x10000,
                                .p_filesz = 0x100, .p_memsz = 0x100 };
    img.e.ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = 0x1000, .p_vaddr = KERNEL_AT,
                                .p_paddr = KERNEL_AT, .p_filesz = 4, .p_memsz = 4 };
    put_file(f, &img, sizeof(img));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, KERNEL_AT);
    g_assert_cmpmem(ram(f, KERNEL_AT), 4, "abcd", 4);

    img.e.eh.e_entry = 0x10080; /* code is never left out */
    put_file(f, &img, sizeof(img));
    g_assert_false(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, &err));
    check_error(err, "0x100 bytes at 0x10000 do not fit in memory");
}

#define BAD_ELF(words, ...)                          \
    do {                                             \
        TestElf e = good_elf();                      \
        __VA_ARGS__;                                 \
        kernel_error(f, &e, sizeof(e), words);       \
    } while (0)

static void test_bad_elf(Fixture *f, gconstpointer data)
{
    TestElf e = good_elf();

    kernel_error(f, &e, 10, "not an ELF file");
    kernel_error(f, &e, 40, "header is cut off");
    kernel_error(f, &e, sizeof(Elf64_Ehdr) + 10, "program headers lie beyond");
    kernel_error(f, &e, sizeof(e) - 4, "truncated ELF file: segment 1");
    BAD_ELF("big-endian", e.eh.e_ident[EI_DATA] = ELFDATA2MSB);
    BAD_ELF("unknown class", e.eh.e_ident[EI_CLASS] = 9);
    BAD_ELF("x86-64 (machine 62), not for RISC-V", e.eh.e_machine = EM_X86_64);
    BAD_ELF("another processor (machine 4660)", e.eh.e_machine = 0x1234);
    BAD_ELF("object file", e.eh.e_type = ET_REL);
    BAD_ELF("not an executable", e.eh.e_type = ET_CORE);
    BAD_ELF("without program headers", e.eh.e_phnum = 0);
    BAD_ELF("wrong size of program headers", e.eh.e_phentsize = 8);
    BAD_ELF("program headers lie beyond", e.eh.e_phoff = UINT64_MAX - 8);
    BAD_ELF("program headers lie beyond", e.eh.e_phnum = 0xffff);
    BAD_ELF("without anything to load", e.ph[0].p_type = e.ph[1].p_type = PT_NOTE);
    BAD_ELF("larger in the file", e.ph[0].p_memsz = 4);
    BAD_ELF("lies beyond its end", e.ph[0].p_offset = UINT64_MAX);
    BAD_ELF("lies beyond its end", e.ph[0].p_filesz = e.ph[0].p_memsz = 1 << 20);
    BAD_ELF("does not fit in memory", e.ph[0].p_memsz = UINT64_MAX);
    BAD_ELF("does not fit in memory", e.ph[1].p_memsz = RAM_SIZE);
    BAD_ELF("does not fit in memory", e.ph[0].p_paddr = UINT64_MAX - 4);
    BAD_ELF("do not fit in memory", e.ph[0].p_paddr = 0x1000);
    BAD_ELF("segments at 0x80200000 and 0x80200004 overlap", e.ph[1].p_paddr = KERNEL_AT + 4);
    BAD_ELF("entry point", e.eh.e_entry = 0x1234);
}

static void test_mutated_elf(Fixture *f, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(7);

    for (unsigned i = 0; i < 3000; i++) {
        TestElf e = good_elf();
        LoadedImage out;
        Error *err = NULL;

        for (int n = g_rand_int_range(rand, 1, 5); n; n--) {
            ((uint8_t *)&e)[g_rand_int_range(rand, 4, sizeof(e))] = g_rand_int_range(rand, 0, 256);
        }
        put_file(f, &e, sizeof(e));
        if (load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, &err)) {
            g_assert_cmphex(out.addr, >=, RAM_BASE);
            g_assert_cmphex(out.addr + out.size, <=, RAM_END);
            g_ptr_array_set_size(f->l.segments, 0);
        } else {
            g_assert_nonnull(err);
            error_free(err);
        }
    }
    g_rand_free(rand);
}

/* ---- Symbols ---- */

typedef struct SymbolElf {
    TestElf e;
    Elf64_Sym sym[8];
    char strings[64];
    Elf64_Shdr sh[3];
} SymbolElf;

static const char symbol_strings[] = "\0start\0.Llocal\0data\0alias\0label";

static Elf64_Sym symbol(const char *name, uint64_t value, uint64_t size, unsigned bind,
                        unsigned type)
{
    unsigned at = 0;

    while (strcmp(symbol_strings + at, name)) {
        at++;
    }
    return (Elf64_Sym){ .st_name = at, .st_value = value, .st_size = size, .st_shndx = 1,
                        .st_info = ELF64_ST_INFO(bind, type) };
}

static SymbolElf symbol_elf(void)
{
    const uint64_t v = 0xffffffff80000000;
    SymbolElf s = { .e = good_elf() };

    s.e.eh.e_shoff = offsetof(SymbolElf, sh);
    s.e.eh.e_shentsize = sizeof(Elf64_Shdr);
    s.e.eh.e_shnum = 3;
    memcpy(s.strings, symbol_strings, sizeof(symbol_strings));
    s.sh[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB, .sh_link = 2, .sh_size = sizeof(s.sym),
                            .sh_offset = offsetof(SymbolElf, sym) };
    s.sh[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_size = sizeof(s.strings),
                            .sh_offset = offsetof(SymbolElf, strings) };
    s.sym[1] = symbol("alias", v, 4, STB_LOCAL, STT_FUNC);
    s.sym[2] = symbol("start", v, 4, STB_GLOBAL, STT_FUNC);
    s.sym[3] = symbol(".Llocal", v + 2, 0, STB_LOCAL, STT_NOTYPE);
    s.sym[4] = symbol("data", v + 0x1000, 8, STB_GLOBAL, STT_OBJECT);
    s.sym[5] = symbol("label", v + 0x1010, 0, STB_LOCAL, STT_NOTYPE);
    return s;
}

static void assert_symbol(uint64_t addr, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    symbol_append(out, addr);
    g_assert_cmpstr(out->str, ==, text);
}

static void test_symbols(Fixture *f, gconstpointer data)
{
    const uint64_t v = 0xffffffff80000000;
    SymbolElf s = symbol_elf();
    LoadedImage out;
    uint64_t addr;

    assert_symbol(v, "");
    put_file(f, &s, sizeof(s));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    assert_symbol(v, " <start>");
    assert_symbol(v + 3, " <start+0x3>");
    assert_symbol(v + 4, ""); /* behind its end */
    assert_symbol(v + 0x1007, " <data+0x7>");
    assert_symbol(v + 0x1010, " <label>");
    assert_symbol(v + 0x1050, " <label+0x40>");
    assert_symbol(v - 1, "");
    assert_symbol(KERNEL_AT + 2, " <start+0x2>"); /* before paging */
    g_assert_true(symbol_find("data", &addr));
    g_assert_cmphex(addr, ==, v + 0x1000);
    g_assert_false(symbol_find(".Llocal", &addr));
    symbols_clear();
    assert_symbol(v, "");
}

/* Whatever a file says of its symbols, it loads, and nothing outside it is read. */
static void test_mutated_symbols(Fixture *f, gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(8);

    for (unsigned i = 0; i < 3000; i++) {
        SymbolElf s = symbol_elf();
        g_autofree uint8_t *copy = NULL;
        uint64_t size = sizeof(s), addr;

        for (int n = g_rand_int_range(rand, 1, 5); n; n--) {
            ((uint8_t *)&s)[g_rand_int_range(rand, sizeof(TestElf), sizeof(s))] =
                g_rand_int_range(rand, 0, 256);
        }
        if (g_rand_int_range(rand, 0, 4) == 0) {
            s.e.eh.e_shoff = g_rand_int_range(rand, 0, 2048);
        }
        if (g_rand_int_range(rand, 0, 4) == 0) {
            size = g_rand_int_range(rand, 0, sizeof(s));
        }
        copy = g_memdup2(&s, size); /* exactly as long, for the address sanitizer */
        symbols_add_elf(copy, size, NULL, 0);
        symbol_find("start", &addr);
        assert_symbol(0x12, "");
        symbols_clear();
    }
    g_rand_free(rand);
}

/* ---- Linux Image ---- */

static void linux_image(uint8_t *d, uint64_t text_offset, uint64_t size)
{
    memset(d, 0, 0x3000);
    st32_le(d, 0x6f); /* j . */
    st64_le(d + 8, text_offset);
    st64_le(d + 16, size);
    st32_le(d + 32, 2);
    memcpy(d + 48, "RISCV\0\0\0RSC\x05", 12);
    d[0x2fff] = 0x99;
}

static void test_linux(Fixture *f, gconstpointer data)
{
    uint8_t d[0x3000];
    LoadedImage out;

    linux_image(d, 0x200000, 0x10000);
    put_file(f, d, sizeof(d));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, KERNEL_AT);
    g_assert_cmphex(out.entry, ==, KERNEL_AT);
    g_assert_cmphex(out.size, ==, 0x10000);
    g_assert_cmphex(*ram(f, KERNEL_AT + 0x2fff), ==, 0x99);
    /* Its bss counts: nothing may stand there. */
    g_assert_false(load_bytes(&f->l, "x", KERNEL_AT + 0x8000, "x", 1, NULL));
    g_ptr_array_set_size(f->l.segments, 0);
    /* From an address that is not aligned: the next that suits the offset. */
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT + 1, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, KERNEL_AT + 2 * MiB);
    g_ptr_array_set_size(f->l.segments, 0);
    linux_image(d, 0x80000, 0);
    put_file(f, d, sizeof(d));
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, KERNEL_AT + 0x80000);
    g_assert_cmphex(out.size, ==, 0x3000);
}

static void test_bad_linux(Fixture *f, gconstpointer data)
{
    uint8_t d[0x3000];

    linux_image(d, 0x200000, RAM_SIZE);
    kernel_error(f, d, sizeof(d), "does not fit in memory");
    linux_image(d, 0x200000, UINT64_MAX);
    kernel_error(f, d, sizeof(d), "does not fit in memory");
    linux_image(d, 0x200001, 0x10000);
    kernel_error(f, d, sizeof(d), "not page aligned");
    linux_image(d, UINT64_MAX, 0x10000);
    kernel_error(f, d, sizeof(d), "not page aligned");
    linux_image(d, 0, 0x10000);
    d[24] = 1;
    kernel_error(f, d, sizeof(d), "big-endian");
}

/* ---- gzip ---- */

static GByteArray *gzip(const void *data, gsize size)
{
    GByteArray *out = g_byte_array_new();
    z_stream z = { .next_in = (Bytef *)data, .avail_in = size };

    g_byte_array_set_size(out, size / 2 + 4096);
    g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    z.next_out = out->data;
    z.avail_out = out->len;
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    g_byte_array_set_size(out, z.total_out);
    deflateEnd(&z);
    return out;
}

static void test_gzip(Fixture *f, gconstpointer data)
{
    uint8_t d[0x3000];
    g_autoptr(GByteArray) z = NULL;
    LoadedImage out;

    linux_image(d, 0x200000, 0x10000);
    z = gzip(d, sizeof(d));
    put_file(f, z->data, z->len);
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.size, ==, 0x10000);
    g_assert_cmphex(*ram(f, KERNEL_AT + 0x2fff), ==, 0x99);
}

static void test_bad_gzip(Fixture *f, gconstpointer data)
{
    g_autofree uint8_t *big = g_malloc0(64 * MiB);
    g_autoptr(GByteArray) bomb = gzip(big, 64 * MiB);
    g_autoptr(GByteArray) twice = NULL;
    g_autoptr(GByteArray) small = NULL;
    g_autoptr(GByteArray) just = NULL;
    LoadedImage out;

    kernel_error(f, bomb->data, bomb->len, "unpacks to more than the 14680064 bytes");
    small = gzip(big, 0x3000);
    for (guint cut = 2; cut < small->len; cut++) {
        kernel_error(f, small->data, cut, "truncated gzip");
    }
    twice = gzip(small->data, small->len);
    kernel_error(f, twice->data, twice->len, "packed file inside");
    small->data[small->len - 5] ^= 1; /* of the checksum */
    kernel_error(f, small->data, small->len, "damaged gzip");
    small->data[2] = 99;
    kernel_error(f, small->data, small->len, "damaged gzip");
    /* Exactly as large as there is room. */
    big[0] = 0x13;
    just = gzip(big, 14 * MiB);
    put_file(f, just->data, just->len);
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
}

/* ---- U-Boot legacy images ---- */

static GByteArray *uimage(const void *payload, uint32_t size, uint8_t comp)
{
    GByteArray *out = g_byte_array_new();
    uint8_t h[64] = { 0 };

    st32_be(h, 0x27051956);
    st32_be(h + 12, size);
    st32_be(h + 16, KERNEL_AT + 0x1000);
    st32_be(h + 20, KERNEL_AT + 0x1002);
    st32_be(h + 24, crc32(0, payload, size));
    h[28] = 5;
    h[29] = 26;
    h[30] = 2;
    h[31] = comp;
    st32_be(h + 4, crc32(0, h, sizeof(h)));
    g_byte_array_append(out, h, sizeof(h));
    g_byte_array_append(out, payload, size);
    return out;
}

static void test_uimage(Fixture *f, gconstpointer data)
{
    static const char code[] = "\x13\0\0\0code";
    g_autoptr(GByteArray) plain = uimage(code, 8, 0);
    g_autoptr(GByteArray) packed = gzip(code, 8);
    g_autoptr(GByteArray) zipped = uimage(packed->data, packed->len, 1);
    g_autoptr(GByteArray) odd = uimage(code, 8, 3);
    LoadedImage out;

    kernel_error(f, plain->data, 70, "truncated U-Boot");
    kernel_error(f, plain->data, 30, "truncated U-Boot");
    kernel_error(f, odd->data, odd->len, "not supported (3)");
    put_file(f, zipped->data, zipped->len);
    g_assert_true(load_kernel(&f->l, f->path, KERNEL_AT, RAM_END, &out, NULL));
    g_assert_cmphex(out.addr, ==, KERNEL_AT + 0x1000);
    g_assert_cmphex(out.entry, ==, KERNEL_AT + 0x1002);
    g_assert_cmpmem(ram(f, out.addr), 8, code, 8);
    g_ptr_array_set_size(f->l.segments, 0);
    memset((void *)ram(f, out.addr), 0, 8);
    plain->data[66] ^= 1;
    kernel_error(f, plain->data, plain->len, "wrong checksum");
    plain->data[20] ^= 1;
    kernel_error(f, plain->data, plain->len, "wrong checksum of the header");
}

#define ADD(name, fn) g_test_add("/loader/" name, Fixture, NULL, setup, fn, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("files", test_files);
    ADD("raw-and-reset", test_raw_and_reset);
    ADD("not-code", test_not_code);
    ADD("overlap", test_overlap);
    ADD("elf", test_elf);
    ADD("elf32", test_elf32);
    ADD("elf-headers", test_elf_headers);
    ADD("bad-elf", test_bad_elf);
    ADD("mutated-elf", test_mutated_elf);
    ADD("symbols", test_symbols);
    ADD("mutated-symbols", test_mutated_symbols);
    ADD("linux", test_linux);
    ADD("bad-linux", test_bad_linux);
    ADD("gzip", test_gzip);
    ADD("bad-gzip", test_bad_gzip);
    ADD("uimage", test_uimage);
    return g_test_run();
}
