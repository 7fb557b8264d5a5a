/*
 * Machines: see machine.h.
 */
#include "lib/machine.h"

#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/resource.h"

typedef struct Now { const char *state, *number; int64_t version; Time changed_at; bool any; } Now;
typedef struct Found { Ctx *c; Now now; } Found;

static void read_now(void *arg, const DbColumn *col, int n) {
    Found *r = arg;
    (void)n;
    r->now = (Now){ text_copy(r->c, col[0].text), text_copy(r->c, col[1].text), col[2].n, { col[3].n }, true };
}

static const char *column(const Machine *m) { return m->column ? m->column : "state"; }

static Now now_of(Ctx *c, const Machine *m, Id id, bool lock) {
    Found r = { .c = c };
    Bind b = bind_id(id);
    db_columns(c, text(c, "select `%s`, %s, row_version, updated_at from `%s` where id = ?%s", column(m),
                       m->number ? m->number : "null", m->table, lock ? " for update" : ""), &b, 1, read_now, &r, true);
    if (!r.now.any) fail(c, NOT_FOUND, "There is no such %s.", m->name);
    return r.now;
}

/*
 * What a refusal reads is of the time when this transaction began to read; the record was locked later. When it was
 * changed in between, whoever did that may have made it (two persons): the handler begins again and reads anew.
 */
static void check_seen(Ctx *c, const Machine *m, Id id, const Now *locked) {
    Found r = { .c = c };
    Bind b = bind_id(id);
    db_columns(c, text(c, "select `%s`, null, row_version, updated_at from `%s` where id = ?", column(m),
                       m->table), &b, 1, read_now, &r, true);
    if (!r.now.any || r.now.version != locked->version) fail(c, RETRY, "%s was changed just now", m->name);
}

static const Move *move_of(const Machine *m, const char *from, const char *event) {
    for (const Move *v = m->moves; v->from; v++)
        if (!strcmp(v->event, event) && !strcmp(v->from, from)) return v;
    return NULL;
}

static bool event_known(const Machine *m, const char *event) {
    for (const Move *v = m->moves; v->from; v++)
        if (!strcmp(v->event, event)) return true;
    return false;
}

static void spoken(char *to, size_t room, const char *name) {
    snprintf(to, room, "%s", name);
    for (char *s = to; *s; s++)
        if (*s == '_') *s = ' ';
}

static const char *one_member(Ctx *c, const char *name, const char *value) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_text(&o, name, value);
    json_close(&o);
    return t.s;
}

typedef struct Press { Req *r; bool asks_right; } Press;

void press_check(Req *r, int64_t version, Time changed_at) {
    int64_t seen = 0;
    const char *sent = field_text(r, "row_version");
    if (sent && count_parse(sent, INT32_MAX, &seen) == NUMBER_OK && seen == version) return;
    fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "ui.conflict_press",
                                       { "time", locale_clock(&r->c.mem, r->c.locale, changed_at) }));
}

static const char *move(Ctx *c, const Machine *m, Id id, const char *event, const char *reason, void *arg,
                        Press press) {
    if (!event_known(m, event)) fail(c, NOT_FOUND, "There is no such move.");
    Now now = now_of(c, m, id, true);
    const Move *v = move_of(m, now.state, event);
    if (!v) {
        char state[64], name[64];
        spoken(state, sizeof state, now.state);
        spoken(name, sizeof name, m->name);
        fail(c, CONFLICT, "This %s is %s.", name, state);
    }
    if (press.asks_right && !lib_app.may(c, v->key ? v->key : m->feature, v->action))
        fail(c, DENIED, "You do not have permission to %s (%s).", v->text ? msg_said(c->language, v->text) : event,
             m->feature);
    if (v->asks_reason && (!reason || !*reason)) fail_field(c, INVALID, "reason", "Enter a reason.");
    if (press.r) press_check(press.r, now.version, now.changed_at);
    if (v->refusal) {
        check_seen(c, m, id, &now);
        Refusal no = v->refusal(c, id);
        if (no.text) fail_at(c, no.status ? no.status : CONFLICT, NULL, __FILE__, __LINE__, "%s", no.text);
    }
    Bind b[] = { bind_text(v->to), bind_id(c->realm == REALM_STAFF ? c->user : (Id){ 0 }), bind_time(c->now),
                 bind_id(id), bind_int(now.version) };
    if (db_run_built(c,
                     text(c, "update `%s` set `%s` = ?, updated_by = ?, updated_at = ?, row_version = row_version + 1 "
                             "where id = ? and row_version = ?", m->table, column(m)), b, 5) != 1)
        fail(c, CONFLICT, "This record was changed by another user.");
    if (lib_app.audit)
        lib_app.audit(c, event, m->table, id, now.number, now.version + 1, one_member(c, column(m), now.state),
                      one_member(c, column(m), v->to), reason);
    if (m->moved) {
        m->moved(c, id, now.state, v->to, event);
    } else if (lib_app.event) {
        Text payload = text_start(c);
        JsonOut o = json_out(&payload);
        json_open_object(&o, NULL);
        json_add_text(&o, "from", now.state);
        json_add_text(&o, "to", v->to);
        json_close(&o);
        lib_app.event(c, text(c, "%s.state_changed", m->name), m->table, id, now.number, payload.s);
    }
    if (v->effect) v->effect(c, id, arg);
    return v->to;
}

const char *machine_move(Ctx *c, const Machine *m, Id id, const char *event, const char *reason, void *arg) {
    return move(c, m, id, event, reason, arg, (Press){ .asks_right = true });
}
const char *machine_press(Req *r, const Machine *m, Id id, const char *event, const char *reason, void *arg) {
    return move(&r->c, m, id, event, reason, arg, (Press){ r, true });
}
const char *machine_move_system(Ctx *c, const Machine *m, Id id, const char *event, const char *reason, void *arg) {
    return move(c, m, id, event, reason, arg, (Press){ 0 });
}

void show_moves(Req *r, const char *list, const Machine *m, Id id, const char *path) {
    Now now = now_of(&r->c, m, id, false);
    size_t n = 0;
    for (const Move *v = m->moves; v->from; v++) {
        if (!v->text || strcmp(v->from, now.state) || !lib_app.may(&r->c, v->key ? v->key : m->feature, v->action))
            continue;
        Refusal no = v->refusal ? v->refusal(&r->c, id) : NO_REFUSAL;
        show_text(r, at(r, list, n, "text"), msg_said(r->c.language, v->text));
        show_text(r, at(r, list, n, "url"), link_path(r, "%s/%s", path, v->event));
        show_text(r, at(r, list, n, "post"), "1");
        show_int(r, at(r, list, n, "row_version"), now.version);
        if (v->danger) show_text(r, at(r, list, n, "kind"), "danger");
        else if (!n && !v->plain) show_text(r, at(r, list, n, "kind"), "primary");
        show_text(r, at(r, list, n, "why"), no.text);
        n++;
    }
}

void machine_draw(const Machine *m, void (*line)(void *, const char *), void *arg) {
    Arena a = { 0 };
    line(arg, text(&a, "%s (%s.%s)", m->name, m->table, column(m)));
    for (const Move *v = m->moves; v->from; v++) line(arg, text(&a, "  %-20s -- %s --> %s", v->from, v->event, v->to));
    arena_end(&a);
}
