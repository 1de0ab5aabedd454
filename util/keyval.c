/*
 * "key=value,key=value", as options write it, and the nearest valid name of a wrong one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/keyval.h"

#include <string.h>

#include "util/json.h"

static void pair_free(gpointer data)
{
    KeyVal *p = data;

    g_free(p->key);
    g_free(p->value);
    g_free(p);
}

static KeyVals *keyval_new(void)
{
    KeyVals *kv = g_new0(KeyVals, 1);

    kv->list = g_ptr_array_new_with_free_func(pair_free);
    return kv;
}

void keyval_free(KeyVals *kv)
{
    if (kv) {
        g_ptr_array_unref(kv->list);
        g_free(kv);
    }
}

static KeyVal *find(const KeyVals *kv, const char *key)
{
    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *p = g_ptr_array_index(kv->list, i);

        if (!strcmp(p->key, key)) {
            return p;
        }
    }
    return NULL;
}

void keyval_add(KeyVals *kv, const char *key, const char *value)
{
    KeyVal *p = g_new0(KeyVal, 1);

    p->key = g_strdup(key);
    p->value = g_strdup(value);
    g_ptr_array_add(kv->list, p);
}

/* The next part up to a single comma, with doubled ones halved; *pos moves behind the comma. */
static char *next_part(const char **pos)
{
    GString *s = g_string_new(NULL);
    const char *p = *pos;

    while (*p) {
        if (*p == ',') {
            if (p[1] != ',') {
                break;
            }
            p++;
        }
        g_string_append_c(s, *p++);
    }
    *pos = *p ? p + 1 : p;
    return g_string_free(s, FALSE);
}

static bool add_part(KeyVals *kv, const char *part, const char *implied, bool allow_bare,
                     bool repeat, Error **errp)
{
    const char *eq = strchr(part, '=');
    g_autofree char *key = NULL;
    const char *value;

    if (eq) {
        key = g_strndup(part, eq - part);
        value = eq + 1;
    } else if (!strcmp(part, "help") || !strcmp(part, "?")) {
        key = g_strdup("help");
        value = "on";
    } else if (implied) {
        key = g_strdup(implied);
        value = part;
    } else if (!*part) {
        error_setg(errp, "empty part between commas (a comma inside a value is written ',,')");
        return false;
    } else if (allow_bare) {
        key = g_strdup(part);
        value = "on";
    } else {
        error_setg(errp, "'%s' has no value (expected %s=VALUE)", part, part);
        return false;
    }
    if (!*key) {
        error_setg(errp, "'%s': there is no key before '='", part);
        return false;
    }
    if (!repeat && find(kv, key)) {
        error_setg(errp, "'%s' is given twice", key);
        return false;
    }
    keyval_add(kv, key, value);
    return true;
}

static KeyVals *parse(const char *text, const char *implied_key, bool allow_bare, bool repeat,
                      Error **errp)
{
    g_autoptr(KeyVals) kv = keyval_new();
    const char *pos = text;
    bool first = true;

    if (!g_utf8_validate(text, -1, NULL)) {
        error_setg(errp, "the text is not valid UTF-8");
        return NULL;
    }
    if (json_is_object_text(text)) {
        return json_to_keyvals(text, kv, errp) ? g_steal_pointer(&kv) : NULL;
    }
    while (*pos || (first && implied_key)) {
        g_autofree char *part = next_part(&pos);

        if (!add_part(kv, part, first ? implied_key : NULL, allow_bare, repeat, errp)) {
            return NULL;
        }
        first = false;
    }
    return g_steal_pointer(&kv);
}

KeyVals *keyval_parse(const char *text, const char *implied_key, bool allow_bare, Error **errp)
{
    return parse(text, implied_key, allow_bare, false, errp);
}

KeyVals *keyval_parse_list(const char *text, const char *implied_key, bool allow_bare,
                           Error **errp)
{
    return parse(text, implied_key, allow_bare, true, errp);
}

const char *keyval_get(const KeyVals *kv, const char *key)
{
    KeyVal *p = find(kv, key);

    return p ? p->value : NULL;
}

const char *keyval_take(KeyVals *kv, const char *key)
{
    KeyVal *p = find(kv, key);

    if (!p) {
        return NULL;
    }
    p->used = true;
    return p->value;
}

bool keyval_check_used(const KeyVals *kv, const char *const *known, Error **errp)
{
    for (guint i = 0; i < kv->list->len; i++) {
        KeyVal *p = g_ptr_array_index(kv->list, i);
        const char *near;

        if (p->used) {
            continue;
        }
        near = nearest_name(p->key, known);
        if (near) {
            error_setg(errp, "no property '%s' (did you mean '%s'?)", p->key, near);
        } else {
            g_autofree char *all = g_strjoinv(", ", (char **)known);

            error_setg(errp, "no property '%s' (there are: %s)", p->key, all);
        }
        return false;
    }
    return true;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b, or limit + 1 if more. */
static size_t edit_distance(const char *a, const char *b, size_t limit)
{
    size_t la = strlen(a), lb = strlen(b);
    size_t *prev2, *prev, *cur, result;

    if ((la > lb ? la - lb : lb - la) > limit) {
        return limit + 1;
    }
    prev2 = g_new0(size_t, lb + 1);
    prev = g_new(size_t, lb + 1);
    cur = g_new(size_t, lb + 1);
    for (size_t j = 0; j <= lb; j++) {
        prev[j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t *t;

        cur[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t d = prev[j - 1] + (a[i - 1] != b[j - 1]);

            d = MIN(d, MIN(prev[j], cur[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                d = MIN(d, prev2[j - 2] + 1);
            }
            cur[j] = d;
        }
        t = prev2;
        prev2 = prev;
        prev = cur;
        cur = t;
    }
    result = prev[lb];
    g_free(prev2);
    g_free(prev);
    g_free(cur);
    return result;
}

const char *nearest_name(const char *name, const char *const *candidates)
{
    size_t len = strlen(name);
    size_t best = len <= 3 ? 2 : 2 + len / 3;
    const char *found = NULL;

    if (len > 64) {
        return NULL; /* no slip of a finger */
    }
    for (; *candidates; candidates++) {
        size_t d = edit_distance(name, *candidates, best);

        /* A name of which nothing is left is not near, however short the two are. */
        if (d < best && d < MAX(len, strlen(*candidates))) {
            best = d;
            found = *candidates;
        }
    }
    return found;
}
