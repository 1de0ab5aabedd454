/*
 * JSON objects as options: one way of writing the same keys and values.
 *
 * SPDX-License-Identifier: MIT
 */
#include "util/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define MAX_DEPTH 16 /* nested objects; the deepest option needs four */

static bool flatten(KeyVals *kv, const char *key, json_t *value, unsigned depth, Error **errp);

static bool flatten_object(KeyVals *kv, const char *prefix, json_t *object, unsigned depth,
                           Error **errp)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value) {
        g_autofree char *key = *prefix ? g_strconcat(prefix, ".", name, NULL) : g_strdup(name);

        if (!*name) {
            error_setg(errp, "JSON: a name is empty%s%s", *prefix ? " in " : "", prefix);
            return false;
        }
        if (!flatten(kv, key, value, depth + 1, errp)) {
            return false;
        }
    }
    return true;
}

/* The element {"str": TEXT} of a list stands for a repeated key: hostfwd=A,hostfwd=B. */
static json_t *repeated(json_t *element)
{
    json_t *text = json_object_get(element, "str");

    return text && json_object_size(element) == 1 ? text : NULL;
}

static bool flatten_array(KeyVals *kv, const char *prefix, json_t *array, unsigned depth,
                          Error **errp)
{
    size_t i;
    json_t *value;

    json_array_foreach(array, i, value) {
        json_t *text = repeated(value);
        g_autofree char *key = text ? g_strdup(prefix) : g_strdup_printf("%s.%zu", prefix, i);

        if (!flatten(kv, key, text ? text : value, depth + 1, errp)) {
            return false;
        }
    }
    return true;
}

static bool flatten(KeyVals *kv, const char *key, json_t *value, unsigned depth, Error **errp)
{
    char number[32];

    if (depth > MAX_DEPTH) {
        error_setg(errp, "JSON: more than %d levels deep", MAX_DEPTH);
        return false;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return flatten_object(kv, key, value, depth, errp);
    case JSON_ARRAY:
        return flatten_array(kv, key, value, depth, errp);
    case JSON_STRING:
        keyval_add(kv, key, json_string_value(value));
        return true;
    case JSON_INTEGER:
        snprintf(number, sizeof(number), "%" PRId64, (int64_t)json_integer_value(value));
        keyval_add(kv, key, number);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        keyval_add(kv, key, json_is_true(value) ? "on" : "off");
        return true;
    case JSON_REAL:
        error_setg(errp, "JSON: '%s' is a fraction (a whole number is expected)", key);
        return false;
    default:
        error_setg(errp, "JSON: '%s' is null", key);
        return false;
    }
}

bool json_is_object_text(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '{';
}

bool json_to_keyvals(const char *text, KeyVals *kv, Error **errp)
{
    json_error_t why;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    bool ok;

    if (!root) {
        error_setg(errp, "JSON: %s (line %d, column %d)", why.text, why.line, why.column);
        return false;
    }
    ok = flatten_object(kv, "", root, 0, errp);
    json_decref(root);
    return ok;
}
