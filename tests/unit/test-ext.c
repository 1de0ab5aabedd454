/*
 * Extensions and CPU models: what -cpu accepts and refuses, and what the device tree says of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "target/riscv/cpu.h"
#include "target/riscv/ext.h"

/* NULL and the error's text, or a realized CPU. */
static RISCVCPU *make(const char *spec, char **text)
{
    Error *err = NULL;
    RISCVCPU *cpu = riscv_cpu_create_from_spec(spec, &err);

    if (cpu && !device_realize(DEVICE(cpu), &err)) {
        object_unref(cpu);
        cpu = NULL;
    }
    *text = cpu ? NULL : g_strdup(error_get_pretty(err));
    error_free(err);
    return cpu;
}

#define MODELS "host, max, rv64, rv64i, rva20s64, rva20u64, rva22s64, rva22u64, " \
               "rva23s64, rva23u64"

static void test_errors(void)
{
    static const struct {
        const char *spec, *error;
    } cases[] = {
        { "rv46", "no CPU model 'rv46' (did you mean 'rv64'?)" },
        { "pentium", "no CPU model 'pentium' (there are " MODELS ")" },
        { "host", "CPU model 'host' needs the accelerator kvm" },
        { "", "no CPU model '' (there are " MODELS ")" },
        { "rv64,+zba", "'+zba' is not understood (write 'zba=on')" },
        { "rv64,-zba", "'-zba' is not understood (write 'zba=off')" },
        { "rv64,zba", "'zba' is not understood (write 'zba=on' or 'zba=off')" },
        { "rv64,zk=on,zkr=off", "extension 'zk' includes 'zkr', which is switched off" },
        { "max,zk=on,zknd=off", "extension 'zkn' includes 'zknd', which is switched off" },
        { "rv64i,zkr=on", "extension 'zkr' needs 'zicsr', which is off" },
        { "rv64i,h=on", "extension 'h' needs 's', which is off" },
        { "rv64,h=on,sv39=off", "extension 'h' needs Sv39, which is off (sv39=off)" },
        { "rv64,h=on,mmu=off", "extension 'h' needs Sv39, which is off (mmu=off)" },
        { "rv64,f=off", "extension 'd' needs 'f', which is off" },
        { "rv64i,d=on", "extension 'd' needs 'f', which is off" },
        { "rv64i,f=on", "extension 'f' needs 'zicsr', which is off" },
        { "rv64,zca=off", "extension 'c' includes 'zca', which is switched off" },
        { "rv64,zcd=off", "extension 'c' includes 'zcd', which is switched off" },
        { "rv64,s=off,sstc=on", "extension 'sstc' needs 's', which is off" },
        { "rv64,u=off", "extension 's' needs 'u', which is off" },
        { "rv64,i=off", "one of the extensions 'i' and 'e' is needed" },
        { "rv64,cbom_blocksize=48",
          "cbom_blocksize=48: a power of two from 8 to 4096 is needed" },
        { "rv64,num-pmp-regions=17", "num-pmp-regions=17: 0, 16 or 64 is needed" },
        { "rv64,sv48=off,sv57=on", "sv57=on needs sv48, which is off" },
        { "rv64,sv39=off,sv48=on", "sv48=on needs sv39, which is off" },
        { "rv64,smepmp=on,pmp=off", "extension 'smepmp' needs PMP, which is off" },
        { "rv64,vlen=192", "vlen=192: a power of two from 128 to 1024 is needed" },
        { "rv64,elen=32", "elen=32: only 64 is implemented" },
        { "rva20s64,zifencei=off,strict=on", "profile 'rva20s64' mandates 'zifencei', which is switched off "
                                   "(rva20s64=off: without claiming the profile)" },
        { "rva20s64,m=off,strict=on", "profile 'rva20s64' mandates 'm', which is switched off "
                            "(rva20s64=off: without claiming the profile)" },
        { "rv64,m=off,rva20u64=on,strict=on", "profile 'rva20u64' mandates 'm', which is switched off "
                                    "(rva20u64=off: without claiming the profile)" },
        { "rva20s64,mmu=off,strict=on", "profile 'rva20s64' mandates Sv39, which is off (mmu=off)" },
        { "rva20s64,sv39=off,strict=on", "profile 'rva20s64' mandates Sv39, which is off (sv39=off)" },
        { "rv64,priv_spec=v1.11.0,sstc=on", "extension 'sstc' needs priv_spec=v1.12.0 or later" },
        { "rv64,priv_spec=v1.12.0,svvptc=on",
          "extension 'svvptc' needs priv_spec=v1.13.0 or later" },
        { "rva22s64,priv_spec=v1.11.0,strict=on", "profile 'rva22s64' needs priv_spec=v1.12.0 or later" },
        { "rv64,s=off,ssnpm=on", "extension 'ssnpm' needs 's', which is off" },
        { "rv64,ssnpm=on,supm=off", "extension 'ssnpm' includes 'supm', which is switched off" },
        { "rv64,priv_spec=v1.12.0,smnpm=on", "extension 'smnpm' needs priv_spec=v1.13.0 or later" },
        { "rv64,strict=on",
          "strict=on needs a profile: -cpu rva23s64,strict=on or rva23s64=on" },
        { "rva22u64,cboz_blocksize=32,strict=on",
          "profile 'rva22u64' mandates cache blocks of 64 bytes, not cboz_blocksize=32" },
        { "rva23s64,v=off,strict=on", "profile 'rva23s64' mandates 'v', which is switched off "
                                      "(rva23s64=off: without claiming the profile)" },
        { "rv64,zcmp=on", "extensions 'zcmp' and 'zcd' use the same encodings (without zcd: d=off, or "
                          "c=off,zca=on)" },
        { "rv64,zce=on", "extensions 'zcmp' and 'zcd' use the same encodings (without zcd: d=off, or "
                         "c=off,zca=on)" },
        { "rv64i,zcmt=on", "extension 'zcmt' needs 'zca', which is off" },
        { "rv64,s=off,svrsw60t59b=on", "extension 'svrsw60t59b' needs 's', which is off" },
        { "rv64,zicfiss=on", "extension 'zicfiss' needs 'zimop', which is off" },
        { "rv64,pmu-mask=1", "pmu-mask=0x1: counters 0 to 2 are not programmable" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        RISCVCPU *cpu = make(cases[i].spec, &text);

        if (cpu)
            g_error("-cpu %s was accepted", cases[i].spec);
        g_assert_cmpstr(text, ==, cases[i].error);
    }
    /* Where the wording is the property system's: the nearest name is in it. */
    g_autofree char *text = NULL;
    g_assert_null(make("rv64,zbaa=on", &text));
    g_assert_nonnull(strstr(text, "zbaa"));
    g_assert_nonnull(strstr(text, "did you mean 'zba'"));
}

static void test_isa_string(void)
{
    static const struct {
        const char *spec, *isa;
    } cases[] = {
        { "rv64i", "rv64i" },
        { "rv64i,m=on", "rv64im_zmmul" },
        { "rv64i,zicsr=on,u=on,s=on,h=on,smstateen=on,zicntr=on",
          "rv64ih_ziccif_zicclsm_zicntr_zicsr_sdtrig_sha_shcounterenw_shgatpa_shtvala_shvsatpa_shvstvala_"
          "shvstvecd_smstateen_ssccptr_sscounterenw_ssstateen_sstvala_sstvecd_ssu64xl" },
        { "rv64i,g=on", "rv64imafd_ziccamoa_ziccif_zicclsm_ziccrse_zicsr_zifencei_zmmul_za64rs_"
                        "zaamo_zalrsc_sdtrig" },
        { "rva20u64", "rv64imafdc_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_zmmul_za64rs_"
                      "zaamo_zalrsc_zca_zcd_sdtrig" },
        { "rv64i,rva20s64=on",
          "rv64imafdc_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_zifencei_zmmul_za64rs_"
          "zaamo_zalrsc_zca_zcd_sdtrig_ssccptr_sscounterenw_sstvala_sstvecd_ssu64xl_svade" },
        { "rva20s64,rva20s64=off,c=off,svade=off,smstateen=on",
          "rv64imafd_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_zifencei_zmmul_za64rs_"
          "zaamo_zalrsc_sdtrig_smstateen_ssccptr_sscounterenw_ssstateen_sstvala_sstvecd_ssu64xl" },
        { "rv64i,zicsr=on,debug=off", "rv64i_ziccif_zicclsm_zicsr" },
        { "rv64",
          "rv64imafdch_zic64b_zicbom_zicbop_zicboz_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_"
          "zifencei_zihintntl_zihintpause_zihpm_zmmul_za64rs_zaamo_zalrsc_zawrs_zfa_zca_zcd_zba_zbb_"
          "zbc_zbs_sdtrig_shcounterenw_shgatpa_shtvala_shvsatpa_shvstvala_shvstvecd_ssccptr_sscounterenw_sstc_sstvala_sstvecd_ssu64xl_svadu_svvptc" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL, *isa = NULL;
        RISCVCPU *cpu = make(cases[i].spec, &text);

        g_assert_cmpstr(text, ==, NULL);
        isa = riscv_ext_isa_string(cpu->ext);
        g_assert_cmpstr(isa, ==, cases[i].isa);
        object_unref(cpu);
    }
}

/* What follows from what was chosen, also in the other direction. */
static void test_implied(void)
{
    static const struct {
        const char *spec;
        RISCVExt ext;
        bool on;
    } cases[] = {
        { "rv64", EXT_ZAAMO, true },
        { "rv64,a=off", EXT_ZAAMO, false },
        { "rv64,a=off", EXT_ZAWRS, false },
        { "rv64,a=off,zalrsc=on", EXT_ZAWRS, true },
        { "rv64,d=off", EXT_ZCD, false },
        { "rv64,c=off", EXT_ZCA, false },
        { "rv64,s=off", EXT_SSTC, false },
        { "rv64i,b=on", EXT_ZBB, true },
        { "max", EXT_B, true },
        { "max", EXT_V, true },
        { "max,zknd=off", EXT_ZK, false },
        { "max,zknd=off", EXT_ZKNE, true },
        { "max,zksh=off", EXT_ZKS, false },
        { "rv64,zk=on", EXT_ZBKX, true },
        { "rv64,d=off,zce=on", EXT_ZCMT, true },
        { "rv64,c=off,zca=on,zce=on", EXT_ZCD, false },
        { "max", EXT_ZVL128B, true },
        { "rv64", EXT_ZVE32X, false },
        { "rv64,v=on,vlen=256", EXT_ZVL256B, true },
        { "rv64,v=on,vlen=256", EXT_ZVL512B, false },
        { "rv64,cbom_blocksize=128", EXT_ZIC64B, false },
        /* pointer masking */
        { "rv64,ssnpm=on", EXT_SUPM, true },
        { "rv64,ssnpm=on", EXT_SSPM, false },
        { "rv64,smnpm=on", EXT_SSPM, true },
        { "rv64,supm=on", EXT_SSNPM, true },
        { "rv64,sspm=on", EXT_SMNPM, true },
        { "rv64,s=off,supm=on", EXT_SMNPM, true },
        { "rv64,s=off,smnpm=on", EXT_SUPM, true },
        { "max,s=off", EXT_SSNPM, false },
        { "max,s=off", EXT_SSPM, false },
        { "max", EXT_SMMPM, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        RISCVCPU *cpu = make(cases[i].spec, &text);

        if (!cpu)
            g_error("-cpu %s: %s", cases[i].spec, text);
        if (ext_get(cpu->ext, cases[i].ext) != cases[i].on)
            g_error("-cpu %s: %s is %s", cases[i].spec, riscv_ext_rows[cases[i].ext].name,
                    cases[i].on ? "off" : "on");
        object_unref(cpu);
    }
}

static void test_satp_modes(void)
{
    static const struct {
        const char *spec;
        unsigned largest; /* 0: none */
    } cases[] = {
        { "rv64", 57 },
        { "rv64,sv57=off", 48 },
        { "rv64,sv48=off", 39 },
        { "rv64,sv39=off", 0 },
        { "rv64,sv39=on", 39 },
        { "rv64,sv48=on", 48 },
        { "rv64,sv39=on,sv48=on", 48 },
        { "rv64,sv39=on,sv57=off", 39 },
        { "rv64,sv57=on", 57 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        RISCVCPU *cpu = make(cases[i].spec, &text);

        g_assert_cmpstr(text, ==, NULL);
        g_assert_cmpint(cpu->sv39, ==, cases[i].largest >= 39);
        g_assert_cmpint(cpu->sv48, ==, cases[i].largest >= 48);
        g_assert_cmpint(cpu->sv57, ==, cases[i].largest >= 57);
        object_unref(cpu);
    }
}

/* The table is sound: names are unique, lists name other rows, defaults are implemented. */
static void test_table(void)
{
    for (unsigned e = 0; e < EXT_NR; e++) {
        const RISCVExtRow *row = &riscv_ext_rows[e];

        for (unsigned o = 0; o < e; o++)
            g_assert_cmpstr(row->name, !=, riscv_ext_rows[o].name);
        for (const uint8_t *r = row->requires; *r != EXT_END_; r++)
            g_assert_true(*r < EXT_NR && *r != e);
        for (const uint8_t *i = row->implies; *i != EXT_END_; i++)
            g_assert_true(*i < EXT_NR && *i != e);
        if (row->models)
            g_assert_cmpint(row->status, !=, EXT_TODO);
    }
}

/* A profile has Sv39 unless more is asked for; the same set by its name and by the property. */
static void test_profiles(void)
{
    static const struct {
        const char *spec;
        bool sv39, sv48, sv57, s;
    } cases[] = {
        { "rva20s64", true, false, false, true },
        { "rva20s64,sv48=on", true, true, false, true },
        { "rva20s64,sv57=on", true, true, true, true },
        { "rva20u64", true, false, false, false },
        { "rv64i,rva20s64=on", true, true, true, true },
        { "rv64,rva20s64=on,sv48=off", true, false, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        RISCVCPU *cpu = make(cases[i].spec, &text);

        g_assert_cmpstr(text, ==, NULL);
        g_assert_cmpint(cpu->sv39, ==, cases[i].sv39);
        g_assert_cmpint(cpu->sv48, ==, cases[i].sv48);
        g_assert_cmpint(cpu->sv57, ==, cases[i].sv57);
        g_assert_cmpint(ext_get(cpu->ext, EXT_S), ==, cases[i].s);
        object_unref(cpu);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ext/errors", test_errors);
    g_test_add_func("/ext/isa-string", test_isa_string);
    g_test_add_func("/ext/implied", test_implied);
    g_test_add_func("/ext/satp-modes", test_satp_modes);
    g_test_add_func("/ext/table", test_table);
    g_test_add_func("/ext/profiles", test_profiles);
    return g_test_run();
}
