/*
 * Line editing: printable characters, the usual control keys, arrows, history, completion.
 *
 * SPDX-License-Identifier: MIT
 */
#include "monitor/readline.h"

#include <string.h>

enum { CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, CTRL_F, CTRL_H = 8, CTRL_K = 11, CTRL_L,
       CTRL_N = 14, CTRL_P = 16, CTRL_U = 21, CTRL_W = 23, ESC = 27, DEL = 127 };

typedef enum EscState { ESC_NONE, ESC_SEEN, ESC_CSI } EscState;

struct Readline {
    ReadlineOps ops;
    void *opaque;
    char *prompt;
    GString *line;
    size_t cursor;
    bool after_cr;       /* a LF right after a CR belongs to it */
    EscState esc;
    unsigned esc_param;
    GPtrArray *history;  /* char *, oldest first */
    unsigned at;         /* in the history; its length: the line being typed */
    char *typed;         /* that line, while one of the history is shown */
};

Readline *readline_new(const ReadlineOps *ops, void *opaque, const char *prompt)
{
    Readline *rl = g_new0(Readline, 1);

    rl->ops = *ops;
    rl->opaque = opaque;
    rl->prompt = g_strdup(prompt);
    rl->line = g_string_new(NULL);
    rl->history = g_ptr_array_new_with_free_func(g_free);
    return rl;
}

void readline_free(Readline *rl)
{
    g_free(rl->prompt);
    g_string_free(rl->line, TRUE);
    g_ptr_array_unref(rl->history);
    g_free(rl->typed);
    g_free(rl);
}

static void echo(Readline *rl, const char *text)
{
    rl->ops.echo(rl->opaque, text, strlen(text));
}

/* Writes the line anew and puts the cursor where it belongs. */
static void redraw(Readline *rl)
{
    GString *out = g_string_new(NULL);

    g_string_printf(out, "\r%s%s\033[K", rl->prompt, rl->line->str);
    if (rl->cursor < rl->line->len) {
        g_string_append_printf(out, "\033[%zuD", rl->line->len - rl->cursor);
    }
    rl->ops.echo(rl->opaque, out->str, out->len);
    g_string_free(out, TRUE);
}

void readline_show(Readline *rl)
{
    if (rl->line->len) {
        redraw(rl);
    } else {
        echo(rl, rl->prompt);
    }
}

void readline_clear(Readline *rl)
{
    g_string_truncate(rl->line, 0);
    rl->cursor = 0;
    rl->esc = ESC_NONE;
    rl->at = rl->history->len;
    g_clear_pointer(&rl->typed, g_free);
}

static void insert(Readline *rl, char c)
{
    if (rl->line->len >= READLINE_MAX) {
        return;
    }
    g_string_insert_c(rl->line, (gssize)rl->cursor++, c);
    if (rl->cursor == rl->line->len) {
        rl->ops.echo(rl->opaque, &c, 1);
    } else {
        redraw(rl);
    }
}

static void erase(Readline *rl, size_t from, size_t to)
{
    if (from < to) {
        g_string_erase(rl->line, (gssize)from, (gssize)(to - from));
        rl->cursor = from;
        redraw(rl);
    }
}

static void move(Readline *rl, size_t to)
{
    if (to != rl->cursor && to <= rl->line->len) {
        rl->cursor = to;
        redraw(rl);
    }
}

static size_t word_start(const Readline *rl)
{
    size_t i = rl->cursor;
    while (i > 0 && rl->line->str[i - 1] == ' ') {
        i--;
    }
    while (i > 0 && rl->line->str[i - 1] != ' ') {
        i--;
    }
    return i;
}

/* Shows line n of the history, or the line being typed behind its end. */
static void recall(Readline *rl, unsigned n)
{
    if (n > rl->history->len || n == rl->at) {
        return;
    }
    if (rl->at == rl->history->len) {
        g_free(rl->typed);
        rl->typed = g_strdup(rl->line->str);
    }
    rl->at = n;
    g_string_assign(rl->line, n < rl->history->len ? g_ptr_array_index(rl->history, n)
                                                   : rl->typed ? rl->typed : "");
    rl->cursor = rl->line->len;
    redraw(rl);
}

static void remember(Readline *rl, const char *line)
{
    GPtrArray *h = rl->history;

    if (!*line || (h->len && g_str_equal(g_ptr_array_index(h, h->len - 1), line))) {
        return;
    }
    if (h->len == READLINE_HISTORY) {
        g_ptr_array_remove_index(h, 0);
    }
    g_ptr_array_add(h, g_strdup(line));
}

static void enter(Readline *rl)
{
    g_autofree char *line = g_strdup(rl->line->str);

    echo(rl, "\r\n");
    remember(rl, line);
    readline_clear(rl);
    rl->ops.line(rl->opaque, line);
}

/* One candidate is filled in; of several their common beginning, or they are listed. */
static void complete(Readline *rl)
{
    g_autofree char *start = g_strndup(rl->line->str, rl->cursor);
    const char **words = rl->ops.complete ? rl->ops.complete(rl->opaque, start) : NULL;
    size_t have = rl->cursor - word_start(rl), common, n;

    if (rl->cursor && rl->line->str[rl->cursor - 1] == ' ') {
        have = 0;
    }
    if (words && words[0]) {
        common = strlen(words[0]);
        for (n = 1; words[n]; n++) {
            size_t k = 0;
            while (k < common && words[n][k] == words[0][k]) {
                k++;
            }
            common = k;
        }
        for (size_t k = have; k < common; k++) {
            insert(rl, words[0][k]);
        }
        if (n == 1) {
            insert(rl, ' ');
        } else if (common <= have) {
            for (n = 0; words[n]; n++) {
                echo(rl, n % 6 ? "  " : "\r\n");
                echo(rl, words[n]);
            }
            echo(rl, "\r\n");
            redraw(rl);
        }
    }
    g_free(words);
}

static void control(Readline *rl, uint8_t c)
{
    switch (c) {
    case CTRL_A:
        move(rl, 0);
        break;
    case CTRL_B:
        move(rl, rl->cursor - (rl->cursor > 0));
        break;
    case CTRL_C:
        echo(rl, "\r\n");
        readline_clear(rl);
        readline_show(rl);
        break;
    case CTRL_D:
        erase(rl, rl->cursor, MIN(rl->cursor + 1, rl->line->len));
        break;
    case CTRL_E:
        move(rl, rl->line->len);
        break;
    case CTRL_F:
        move(rl, rl->cursor + 1);
        break;
    case CTRL_H:
    case DEL:
        erase(rl, rl->cursor - (rl->cursor > 0), rl->cursor);
        break;
    case '\t':
        complete(rl);
        break;
    case CTRL_K:
        erase(rl, rl->cursor, rl->line->len);
        break;
    case CTRL_L:
        echo(rl, "\033[H\033[2J");
        redraw(rl);
        break;
    case CTRL_N:
        recall(rl, rl->at + 1);
        break;
    case CTRL_P:
        recall(rl, rl->at - (rl->at > 0));
        break;
    case CTRL_U:
        erase(rl, 0, rl->cursor);
        break;
    case CTRL_W:
        erase(rl, word_start(rl), rl->cursor);
        break;
    case ESC:
        rl->esc = ESC_SEEN;
        break;
    default:
        break;
    }
}

/* The final byte of ESC [ or ESC O. */
static void escape(Readline *rl, uint8_t c)
{
    static const struct {
        uint8_t final;
        unsigned param;
        uint8_t control;
    } keys[] = {
        { 'A', 0, CTRL_P }, { 'B', 0, CTRL_N }, { 'C', 0, CTRL_F }, { 'D', 0, CTRL_B },
        { 'H', 0, CTRL_A }, { 'F', 0, CTRL_E }, { '~', 1, CTRL_A }, { '~', 3, CTRL_D },
        { '~', 4, CTRL_E },
    };

    if (c >= '0' && c <= '9') {
        rl->esc_param = (rl->esc_param * 10 + (c - '0')) % 1000;
        return;
    }
    rl->esc = ESC_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].final == c && (c != '~' || keys[i].param == rl->esc_param)) {
            control(rl, keys[i].control);
            return;
        }
    }
}

void readline_input(Readline *rl, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = buf[i];
        bool after_cr = rl->after_cr;

        rl->after_cr = c == '\r';
        if (rl->esc == ESC_CSI) {
            escape(rl, c);
        } else if (rl->esc == ESC_SEEN) {
            rl->esc = c == '[' || c == 'O' ? ESC_CSI : ESC_NONE;
            rl->esc_param = 0;
        } else if (c == '\r' || (c == '\n' && !after_cr)) {
            enter(rl);
        } else if (c >= ' ' && c < DEL) {
            insert(rl, (char)c);
        } else if (c != '\n') {
            control(rl, c);
        }
    }
}

const char *readline_history(const Readline *rl, unsigned n)
{
    return n < rl->history->len ? g_ptr_array_index(rl->history, n) : NULL;
}
