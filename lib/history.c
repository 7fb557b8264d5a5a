/*
 * Changes of a record as a timeline: see history.h.
 */
#include "lib/history.h"

#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"

enum { CHANGES_SHOWN = 50, VALUE_BYTES = 16 * 1024 };

/* "gl_code.parent_id" has no message: "Parent id". */
static const char *in_words(Req *r, const char *name) {
    char *words = text_copy(r, name);
    for (char *s = words; *s; s++)
        if (*s == '_' || *s == '.') *s = ' ';
    if (*words >= 'a' && *words <= 'z') *words = (char)(*words - 32);
    return words;
}

static const Field *field_of(const Field *fields, const char *name) {
    for (const Field *f = fields; f && f->name; f++)
        if (!strcmp(f->name, name)) return f;
    return NULL;
}

/* Whose history it is: its table, which is also the name of its form, and that form's fields. */
typedef struct Of { const char *table; const Field *fields; } Of;

static const char *name_of(Req *r, const Of *of, const char *name) {
    const Field *f = field_of(of->fields, name);
    const char *own = text(r, "%s.%s", of->table, name), *key = text(r, "field.%s", name);
    if (f && msg_exists(own)) return msg(r->c.language, own);
    if (f && f->label && *f->label) return f->label;
    return msg_exists(key) ? msg(r->c.language, key) : in_words(r, name);
}

/* As the form takes it in the audit; here as the page of the record shows it. */
static const char *value_of(Req *r, const Field *f, const char *typed) {
    if (!f) return typed;
    Value v = { .field = f };
    switch (f->type) {
    case FIELD_BOOL:
        return msg(r->c.language, !strcmp(typed, "1") ? "ui.yes" : "ui.no");
    case FIELD_CHOICE:
        for (const Choice *c = f->choices; c && c->value; c++)
            if (!strcmp(c->value, typed)) return c->label ? msg_said(r->c.language, c->label)
                : state_label(r, c->value);
        return typed;
    case FIELD_MONEY:
        return field_check(r, f, typed, &v) ? typed : locale_money(&r->c.mem, r->c.locale, (Money){ v.n });
    case FIELD_PERCENT:
        return text(r, "%s %%", typed);
    case FIELD_DATE: {
        Date d;
        return date_parse_iso(typed, &d) ? locale_date(&r->c.mem, r->c.locale, d) : typed;
    }
    default:
        return typed;
    }
}

/* A text, a number, yes or no; a list or an object as it was written. NULL for null and nothing. */
static const char *plain(Req *r, Json j) {
    bool yes;
    const char *s = json_text(j, ""), *number = json_number(&r->c.mem, j, "");
    if (s) return *s ? s : NULL;
    if (number) return number;
    if (json_bool(j, "", &yes)) return msg(r->c.language, yes ? "ui.yes" : "ui.no");
    if (json_kind(j) != JSON_KIND_LIST) return NULL;
    Text t = text_start(r);
    for (size_t i = 0; i < json_size(j); i++) {
        const char *item = plain(r, json_item(j, i));
        if (item) text_addf(&t, "%s%s", t.n ? ", " : "", item);
    }
    return t.s;
}

static Json object(Req *r, const char *json) {
    return json ? json_read(&r->c.mem, json, strlen(json), VALUE_BYTES, NULL) : (Json){ 0 };
}

static void show_value(Req *r, const char *at_, const Of *of, const char *name, Json was, Json is) {
    const Field *f = field_of(of->fields, name);
    const char *before = plain(r, was), *after = plain(r, is);
    show_text(r, text(r, "%s.label", at_), name_of(r, of, name));
    if (before) show_text(r, text(r, "%s.was", at_), value_of(r, f, before));
    show_text(r, text(r, "%s.is", at_), after ? value_of(r, f, after) : msg(r->c.language, "ui.nothing"));
}

/* Every name of either side once, in the order written. */
static void show_values(Req *r, const char *entry, const Of *of, const Change *change) {
    Json was = object(r, change->before), is = object(r, change->after);
    JsonMember *old = json_members(&r->c.mem, was), *new = json_members(&r->c.mem, is);
    size_t n = 0;
    for (size_t i = 0; i < json_size(was); i++)
        show_value(r, text(r, "%s.changes.%zu", entry, n++), of, old[i].name, old[i].value,
                   json_member(is, old[i].name));
    for (size_t i = 0; i < json_size(is); i++)
        if (!json_member(was, new[i].name).node)
            show_value(r, text(r, "%s.changes.%zu", entry, n++), of, new[i].name, (Json){ 0 }, new[i].value);
}

static const char *icon_of(const char *action) {
    static const char *const icons[][2] = { { "create", "plus" }, { "edit", "edit" }, { "delete", "trash" },
                                            { "approve", "check" },
                                            { "export", "download" }, { "view", "eye" }, { "denied", "stop" } };
    for (size_t i = 0; i < sizeof icons / sizeof *icons; i++)
        if (!strcmp(icons[i][0], action)) return icons[i][1];
    return "history";
}

static const char *day_text(Req *r, Date day) {
    Date today = time_date(r->c.locale->zone, r->c.now);
    const char *words = locale_date_full(&r->c.mem, r->c.locale, day);
    return day.day == today.day ? text(r, "%s, %s", msg(r->c.language, "ui.today"), words) : words;
}

static void show_change(Req *r, const char *entry, const Of *of, const Change *change) {
    const char *key = text(r, "action.%s", change->action);
    show_text(r, text(r, "%s.icon", entry), icon_of(change->action));
    show_text(r, text(r, "%s.title", entry), msg_exists(key) ? msg(r->c.language, key) : in_words(r, change->action));
    show_text(r, text(r, "%s.time", entry), locale_clock(&r->c.mem, r->c.locale, change->at));
    show_text(r, text(r, "%s.text", entry), change->reason);
    show_text(r, text(r, "%s.who", entry), change->who ? change->who : msg(r->c.language, "ui.by_itself"));
    show_values(r, entry, of, change);
}

size_t history_show(Req *r, const char *at_, const char *table, Id id, const Field *fields) {
    show_text(r, text(r, "%s.title", at_), msg(r->c.language, "ui.changes"));
    if (!lib_app.changes) return 0;
    Changes all = lib_app.changes(r, table, id, query_int(r, "before", 0), CHANGES_SHOWN);
    Date last = DATE_NONE;
    for (size_t i = 0; i < all.n; i++) {
        char *entry = text(r, "%s.timeline.%zu", at_, i);
        Date day = time_date(r->c.locale->zone, all.v[i].at);
        if (!date_is_set(last) || day.day != last.day) show_text(r, text(r, "%s.day", entry), day_text(r, day));
        last = day;
        show_change(r, entry, &(Of){ table, fields }, &all.v[i]);
    }
    if (all.more) {
        show_text(r, text(r, "%s.link.text", at_), msg(r->c.language, "ui.older"));
        show_text(r, text(r, "%s.link.url", at_),
                  text(r, "%s?before=%lld", r->path.text, (long long)all.v[all.n - 1].id.id));
    }
    if (all.n) return all.n;
    show_text(r, text(r, "%s.empty.title", at_), msg(r->c.language, "ui.no_changes"));
    show_text(r, text(r, "%s.empty.text", at_), msg(r->c.language, "ui.no_changes_how"));
    show_text(r, text(r, "%s.empty.icon", at_), "history");
    return 0;
}

void history_aside(Req *r, const char *table, Id id, const Field *fields) {
    show_text(r, "show.sections.90.side", "1");
    show_text(r, "show.has_side", "1");
    history_show(r, "show.sections.90", table, id, fields);
}
