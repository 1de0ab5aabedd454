/*
 * -readconfig and -set: options that stand in a file, and options that change earlier ones.
 *
 * SPDX-License-Identifier: MIT
 */
#include "system/config.h"

#include <string.h>

#include "hw/core/loader.h"
#include "util/keyval.h"

#define CONFIG_MAX (1024 * 1024) /* bytes of a file */

/* One row per kind of section: the option it stands for, and the key that the option may leave out. */
static const struct {
    const char *section, *option, *implied;
} groups[] = {
    { "machine", "M", "type" },          { "accel", "accel", "accel" },
    { "memory", "m", "size" },           { "smp-opts", "smp", "cpus" },
    { "boot-opts", "boot", "order" },    { "device", "device", "driver" },
    { "drive", "drive", NULL },          { "blockdev", "blockdev", "driver" },
    { "netdev", "netdev", "type" },      { "nic", "nic", "type" },
    { "chardev", "chardev", "backend" }, { "mon", "mon", "chardev" },
    { "object", "object", "qom-type" },  { "global", "global", NULL },
    { "numa", "numa", "type" },          { "fw_cfg", "fw_cfg", "name" },
    { "rtc", "rtc", "base" },            { "name", "name", "guest" },
    { "action", "action", NULL },        { "msg", "msg", NULL },
    { "overcommit", "overcommit", NULL }, { "icount", "icount", "shift" },
    { "smbios", "smbios", NULL },        { "fsdev", "fsdev", "fsdriver" },
    { "virtfs", "virtfs", "fsdriver" },
    { "semihosting-config", "semihosting-config", "enable" },
    { "run-with", "run-with", NULL },
};

static int find_group(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        if (g_str_equal(groups[i].section, name)) {
            return (int)i;
        }
    }
    return -1;
}

static bool unknown_group(const char *name, Error **errp)
{
    const char *names[G_N_ELEMENTS(groups) + 1] = { NULL };
    const char *near;

    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        names[i] = groups[i].section;
    }
    near = nearest_name(name, names);
    if (near) {
        error_setg(errp, "no group '%s' (did you mean '%s'?)", name, near);
    } else {
        g_autofree char *all = g_strjoinv(", ", (char **)names);

        error_setg(errp, "no group '%s' (there are: %s)", name, all);
    }
    return false;
}

static void append_pair(GString *text, const char *key, const char *value)
{
    g_string_append_printf(text, "%s%s=", text->len ? "," : "", key);
    for (; *value; value++) {
        g_string_append_c(text, *value);
        if (*value == ',')
            g_string_append_c(text, ',');
    }
}

/* ---- -readconfig ---- */

typedef struct Section {
    int group;     /* -1: none is open */
    GString *text; /* the option's argument so far */
} Section;

static bool finish_section(Options *o, Section *s, Error **errp)
{
    bool ok = s->group < 0 || options_add(o, groups[s->group].option, s->text->str, errp);

    s->group = -1;
    g_string_truncate(s->text, 0);
    return ok;
}

/* [name] or [name "id"] */
static bool begin_section(Section *s, const char *line, Error **errp)
{
    g_autoptr(GRegex) re = g_regex_new("^\\[ *([A-Za-z0-9_-]+) *(?:\"([^\"]*)\" *)?\\]$", 0, 0, NULL);
    g_autoptr(GMatchInfo) m = NULL;
    g_autofree char *name = NULL, *id = NULL;

    if (!g_regex_match(re, line, 0, &m)) {
        error_setg(errp, "'%s' is no section (expected [NAME] or [NAME \"ID\"])", line);
        return false;
    }
    name = g_match_info_fetch(m, 1);
    id = g_match_info_fetch(m, 2);
    s->group = find_group(name);
    if (s->group < 0) {
        return unknown_group(name, errp);
    }
    if (id && *id) {
        append_pair(s->text, "id", id);
    }
    return true;
}

/* key = "value" */
static bool section_line(Section *s, const char *line, Error **errp)
{
    g_autoptr(GRegex) re = g_regex_new("^([^ =\"]+) *= *\"([^\"]*)\"$", 0, 0, NULL);
    g_autoptr(GMatchInfo) m = NULL;
    g_autofree char *key = NULL, *value = NULL;

    if (!g_regex_match(re, line, 0, &m)) {
        error_setg(errp, "'%s' is no property (expected KEY = \"VALUE\")", line);
        return false;
    }
    if (s->group < 0) {
        error_setg(errp, "a property before the first section");
        return false;
    }
    key = g_match_info_fetch(m, 1);
    value = g_match_info_fetch(m, 2);
    append_pair(s->text, key, value);
    return true;
}

static bool read_lines(Options *o, char **lines, Error **errp)
{
    Section s = { -1, g_string_new(NULL) };
    bool ok = true;
    int n = 0;

    for (; lines[n] && ok; n++) {
        const char *line = g_strstrip(lines[n]);

        if (!*line || *line == '#') {
            continue;
        }
        if (*line == '[') {
            ok = finish_section(o, &s, errp) && begin_section(&s, line, errp);
        } else {
            ok = section_line(&s, line, errp);
        }
    }
    if (!ok) {
        error_prepend(errp, "line %d: ", n);
    }
    ok = ok && finish_section(o, &s, errp);
    g_string_free(s.text, TRUE);
    return ok;
}

static bool read_config(Options *o, const char *path, Error **errp)
{
    g_autofree uint8_t *data = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    uint64_t size;

    if (!load_file(path, CONFIG_MAX, &data, &size, errp)) {
        return false;
    }
    if (!g_utf8_validate((const char *)data, (gssize)size, NULL)) {
        error_setg(errp, "the file is not UTF-8 text");
        return false;
    }
    text = g_strndup((const char *)data, size);
    lines = g_strsplit(text, "\n", -1);
    return read_lines(o, lines, errp);
}

/* ---- -set GROUP.ID.KEY=VALUE ---- */

static char *with_key(KeyVals *kv, const char *key, const char *value)
{
    GString *text = g_string_new(NULL);
    bool found = false;

    for (guint i = 0; i < kv->list->len; i++) {
        const KeyVal *p = g_ptr_array_index(kv->list, i);
        bool it = g_str_equal(p->key, key);

        append_pair(text, p->key, it ? value : p->value);
        found |= it;
    }
    if (!found) {
        append_pair(text, key, value);
    }
    return g_string_free(text, FALSE);
}

static bool set_option(Options *o, const char *text, Error **errp)
{
    const char *eq = strchr(text, '=');
    g_auto(GStrv) names = eq ? g_strsplit(text, ".", 3) : NULL;
    g_autofree char *key = NULL;
    GPtrArray *texts;
    int group;

    if (!eq || g_strv_length(names) != 3 || names[2][0] == '=' || !strchr(names[2], '=')) {
        error_setg(errp, "expected GROUP.ID.KEY=VALUE");
        return false;
    }
    group = find_group(names[0]);
    if (group < 0) {
        return unknown_group(names[0], errp);
    }
    key = g_strndup(names[2], strcspn(names[2], "="));
    texts = options_list(o, groups[group].option);
    for (guint i = 0; texts && i < texts->len; i++) {
        g_autoptr(KeyVals) kv = keyval_parse_list(texts->pdata[i], groups[group].implied, true, NULL);
        const char *id = kv ? keyval_get(kv, "id") : NULL;

        if (id && g_str_equal(id, names[1])) {
            char *changed = with_key(kv, key, strchr(names[2], '=') + 1);

            g_free(texts->pdata[i]);
            texts->pdata[i] = changed;
            return true;
        }
    }
    error_setg(errp, "there is no -%s with id=%s", groups[group].option, names[1]);
    return false;
}

static bool each(Options *o, GPtrArray *texts, const char *option,
                 bool (*fn)(Options *, const char *, Error **), Error **errp)
{
    for (guint i = 0; i < texts->len; i++) {
        if (!fn(o, texts->pdata[i], errp)) {
            option_prepend(errp, option, texts->pdata[i]);
            return false;
        }
    }
    return true;
}

bool options_apply_config(Options *o, Error **errp)
{
    return each(o, o->readconfig, "readconfig", read_config, errp) &&
           each(o, o->set, "set", set_option, errp);
}
