/*
 * JSON objects as options: '{"driver": "raw", "file": {"driver": "file", "filename": "a"}}' says the
 * same as "driver=raw,file.driver=file,file.filename=a".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef VIREO_UTIL_JSON_H
#define VIREO_UTIL_JSON_H

#include "util/keyval.h"

/* Whether an option's argument is written in JSON: it begins with a brace. */
bool json_is_object_text(const char *text);

/*
 * Appends the members of the object in text to kv: nested ones with dotted names, those of a list
 * with their index ("addr.0.host"), true and false as "on" and "off". A list of {"str": TEXT} is a
 * repeated key. A name given twice, null, fractions and deep nesting are errors.
 */
bool json_to_keyvals(const char *text, KeyVals *kv, Error **errp);

#endif
