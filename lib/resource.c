/*
 * Resources: see resource.h. SQL is joined here from the fixed names of the declaration; values are always bound.
 */
#include "lib/resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"

enum { FIELDS_MAX = 40, LINKS_MAX = 4, CHOICES_MAX = 500 };

static const char *key_of(const Resource *res) { return res->key ? res->key : res->fields[0].name; }

static const Resource *resource_of(const Req *r) { return r->route->resource; }

static Action delete_right(const Resource *res) { return res->delete_action ? res->delete_action : DELETE; }

/* In the arena: views and inputs keep a pointer to it. */
static Form *form_of(Req *r, const Resource *res) {
    Form *form = take(r, sizeof *form);
    *form = (Form){ .name = res->table, .fields = res->fields, .intro = res->intro };
    return form;
}

typedef struct Listed { Req *r; Choice *to; size_t n; } Listed;

static void list_choice(void *arg, const DbColumn *c, int n) {
    Listed *l = arg;
    if (l->n == CHOICES_MAX || !c[0].text) return;
    l->to[l->n++] = (Choice){ text_copy(l->r, c[0].text), text_copy(l->r, n > 1 && c[1].text ? c[1].text : c[0].text) };
}

/* The field with what may be chosen now. */
static Field field_whole(Req *r, const Field *f) {
    Field whole = *f;
    if (!f->options) return whole;
    Listed l = { r, take_n(r, Choice, CHOICES_MAX + 1), 0 };
    Bind b = bind_id(r->c.utility);
    db_columns(&r->c, f->options, &b, strchr(f->options, '?') ? 1 : 0, list_choice, &l, true);
    whole.choices = l.to;
    return whole;
}

/* The form to be shown or read: labels alone do not want the choices. */
static Form *form_whole(Req *r, const Resource *res) {
    Form *form = form_of(r, res);
    Field *fields = take_n(r, Field, FIELDS_MAX + 1);
    for (size_t i = 0; res->fields[i].name && i < FIELDS_MAX; i++) fields[i] = field_whole(r, &res->fields[i]);
    form->fields = fields;
    return form;
}

const char *resource_one(Req *r, const Resource *res) {
    const char *key = text(r, "list.%s.one", res->table);
    return msg_exists(key) || !res->one ? msg(r->c.language, key) : res->one;
}

static const char *many_of(Req *r, const Resource *res) {
    const char *key = text(r, "list.%s.other", res->table);
    return msg_exists(key) || !res->many ? msg(r->c.language, key) : res->many;
}

/* The same at the head of a page. */
static const char *heading_of(Req *r, const Resource *res) {
    char *s = text_copy(r, many_of(r, res));
    if (*s >= 'a' && *s <= 'z') *s = (char)(*s - 32);
    return s;
}

static const char *label_of(Req *r, const Resource *res, const Field *f) {
    return field_label(r, form_of(r, res), f);
}

/* "x.utility_id = ?" and the fixed condition; the parameter is bound by whoever uses it. */
static char *scope_of(Ctx *c, const Resource *res) {
    const char *more = res->where ? text(c, " and %s", res->where) : "";
    return res->whole_tenant ? text(c, "x.utility_id is null%s", more) : text(c, "x.utility_id = ?%s", more);
}

static int scope_bind_of(const Ctx *c, const Resource *res, Bind *to) {
    if (res->whole_tenant) return 0;
    *to = bind_id(c->utility);
    return 1;
}

static char *scope(Req *r, const Resource *res) { return scope_of(&r->c, res); }
static int scope_bind(const Req *r, const Resource *res, Bind *to) { return scope_bind_of(&r->c, res, to); }

/* --- routes ------------------------------------------------------------------------------------------------------- */

int resource_routes(const Resource *res, const Route *row, Route *to) {
    Arena *a = &(Arena){ 0 };           /* lives as long as the process */
    int n = 0;
    Route base = { .scope = row->scope, .key = res->feature, .resource = res, .file = row->file, .line = row->line };
#define ADD(method_, path_, action_, handler_, form_) do { to[n] = base; to[n].method = method_; to[n].path = path_; \
    to[n].action = action_; \
        to[n].handler = handler_; to[n].form = form_; n++; } while (0)
    const char *one = text(a, "%s/{key}", res->path);
    ADD("GET", res->path, VIEW, resource_list, NULL);
    ADD("GET", one, VIEW, resource_page, NULL);
    if (!res->no_create) {
        ADD("GET", text(a, "%s/new", res->path), CREATE, resource_new, NULL);
        ADD("POST", res->path, CREATE, resource_create, resource_new);
    }
    ADD("GET", text(a, "%s/{key}/history", res->path), VIEW, resource_history, NULL);
    if (!res->no_edit) {
        ADD("GET", text(a, "%s/{key}/edit", res->path), EDIT, resource_edit, NULL);
        ADD("POST", one, EDIT, resource_update, resource_edit);
    }
    if (!res->no_delete) {
        ADD("GET", text(a, "%s/{key}/deletion", res->path), delete_right(res), resource_delete_page, NULL);
        ADD("POST", text(a, "%s/{key}/deletion", res->path), delete_right(res), resource_delete, resource_page);
    }
#undef ADD
    return n;
}

/* --- reading rows ------------------------------------------------------------------------------------------------- */

typedef struct Found { Id id; int64_t version; bool any; } Found;

static void found(void *arg, const DbColumn *c, int n) {
    Found *f = arg;
    f->id.id = c[0].n;
    f->version = n > 1 ? c[1].n : 0;
    f->any = true;
}

static Found find_key(Ctx *c, const Resource *res, const char *key, bool lock) {
    Bind b[2];
    int n = scope_bind_of(c, res, b);
    b[n++] = bind_text(key);
    char *sql = text(c, "select x.id, x.row_version from `%s` x where %s and x.`%s` = ?%s", res->table,
                     scope_of(c, res), key_of(res), lock ? " for update" : "");
    Found f = { 0 };
    db_columns(c, sql, b, n, found, &f, true);
    return f;
}

Id resource_find(Ctx *c, const Resource *res, const char *key) { return find_key(c, res, key, false).id; }

/* The columns of a row as its form wants them: REF fields as the key text of what they point to. */
static char *select_row(Ctx *c, const Resource *res) {
    Text sql = text_start(c);
    text_add(&sql, "select x.id, x.row_version, x.updated_at");
    for (const Field *f = res->fields; f->name; f++) {
        if (f->type == FIELD_REF)
            text_addf(&sql, ", (select y.`%s` from `%s` y where y.id = x.`%s`) as `%s`", key_of(f->ref), f->ref->table,
                      f->column ? f->column : f->name, f->name);
        else if (f->column) text_addf(&sql, ", %s as `%s`", f->column, f->name);
        else text_addf(&sql, ", x.`%s`", f->name);
    }
    text_addf(&sql, " from `%s` x where x.id = ?", res->table);
    return sql.s;
}

typedef struct Kept { Req *r; DbColumn *columns; int n; } Kept;

static void keep(void *arg, const DbColumn *columns, int n) {
    Kept *k = arg;
    k->columns = take_n(k->r, DbColumn, (size_t)n);
    k->n = n;
    memcpy(k->columns, columns, sizeof *columns * (size_t)n);
}

static Kept read_row(Req *r, const Resource *res, Id id) {
    Kept k = { .r = r };
    Bind b = bind_id(id);
    db_columns(&r->c, select_row(&r->c, res), &b, 1, keep, &k, true);
    if (!k.columns) fail(r, NOT_FOUND, "There is no such %s.", resource_one(r, res));
    return k;
}

static const DbColumn *column_of_row(const Kept *k, const char *name) {
    for (int i = 0; i < k->n; i++)
        if (!strcmp(k->columns[i].name, name)) return &k->columns[i];
    return NULL;
}

static const char *choice_shown(Req *r, const Field *f, const char *value) {
    for (const Choice *ch = f->choices; ch && ch->value; ch++)
        if (!strcmp(ch->value, value)) return !ch->label ? state_label(r, ch->value)
            : f->options ? ch->label : msg_said(r->c.language, ch->label);
    return value;
}

/* Of a JSON list of values the words, with commas. */
static const char *choices_shown(Req *r, const Field *f, const char *list) {
    Json all = json_read(&r->c.mem, list, strlen(list), JSON_SIZE_MAX, NULL);
    Text t = text_start(r);
    text_add(&t, "");
    for (size_t i = 0; i < json_size(all); i++)
        text_addf(&t, "%s%s", i ? ", " : "", choice_shown(r, f, json_text(json_item(all, i), "")));
    return t.s;
}

static const char *shown(Req *r, const Field *plain, const DbColumn *c) {
    if (!c || c->is_null) return "";
    Field whole = field_whole(r, plain), *f = &whole;
    if (f->flags & SECRET) return "***";
    if (f->type == FIELD_BOOL) return msg(r->c.language, c->n ? "ui.yes" : "ui.no");
    if (f->type == FIELD_PERCENT) return text(r, "%s %%", percent_decimal(&r->c.mem, c->n));
    if (f->type == FIELD_CHOICES) return choices_shown(r, f, c->text ? c->text : "[]");
    if (f->type == FIELD_CHOICE) {
        const char *value = field_typed(r, f, c);
        for (const Choice *ch = f->choices; ch && ch->value; ch++)
            if (!strcmp(ch->value, value)) return choice_shown(r, f, value);
    }
    return column_text(r, c);
}

/* --- audit: changed fields only ----------------------------------------------------------------------------------- */

static void audit_change(Req *r, const Resource *res, const char *action, Id id, const Kept *before,
                         const Kept *after) {
    Text before_text = text_start(r), after_text = text_start(r);
    JsonOut b = json_out(&before_text), a = json_out(&after_text);
    json_open_object(&b, NULL);
    json_open_object(&a, NULL);
    for (const Field *f = res->fields; f->name; f++) {
        if (f->flags & DERIVED) continue;
        const DbColumn *was = before ? column_of_row(before, f->name) : NULL, *is = after
            ? column_of_row(after, f->name) : NULL;
        const char *old = was ? field_typed(r, f, was) : NULL, *new = is ? field_typed(r, f, is) : NULL;
        if (!strcmp(old ? old : "", new ? new : "")) continue;
        bool secret = f->flags & SECRET;
        if (old) json_add_text(&b, f->name, secret ? "***" : old);
        if (new) json_add_text(&a, f->name, secret ? "***" : new);
    }
    json_close(&b);
    json_close(&a);
    const Kept *k = after ? after : before;
    const DbColumn *key = column_of_row(k, key_of(res)), *version = column_of_row(k, "row_version");
    if (lib_app.audit)
        lib_app.audit(&r->c, action, res->table, id, key && key->text ? key->text : NULL,
                      version ? version->n + !after : 0,            /* a deletion is one change more */
                      before ? before_text.s : NULL, after ? after_text.s : NULL, NULL);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static ListColumn list_column(Req *r, const Resource *res, const Field *f) {
    ListColumn col = { .name = f->name, .label = label_of(r, res, f),
                       .flags = f->flags & (LIST | SEARCH | SEARCH_START | FILTER | SORT), .choices = f->choices };
    if (f->column) col.sql = f->column;
    else if (f->type == FIELD_REF)
        col.sql = text(r, "(select y.`%s` from `%s` y where y.id = x.`%s`)", key_of(f->ref), f->ref->table, f->name);
    else col.sql = text(r, "x.`%s`", f->name);
    if (f->type == FIELD_REF && f->flags & FILTER)
        col.options = text(r, "select y.`%s`, y.`%s` from `%s` y where y.utility_id = ? order by 1", key_of(f->ref),
                           key_of(f->ref), f->ref->table);
    if (f->options) col.options = f->options;
    if (f->type == FIELD_BOOL) {
        static const Choice yes_no[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { 0 } };
        col.kind = "yesno";
        col.choices = yes_no;
    }
    if (!(f->flags & DERIVED) || f->column) col.flags |= (f->flags & LIST) ? SORT : 0u;
    return col;
}

void resource_list(Req *r) {
    const Resource *res = resource_of(r);
    ListColumn *columns = take_n(r, ListColumn, FIELDS_MAX + 1);
    int n = 0;
    bool linked = false;
    for (const Field *f = res->fields; f->name && n < FIELDS_MAX; f++) {
        if (!(f->flags & (LIST | SEARCH | SEARCH_START | FILTER | SORT)) && strcmp(f->name, key_of(res))) continue;
        columns[n] = list_column(r, res, f);
        if (!linked && columns[n].flags & LIST) columns[n].link = text(r, "%s/{%s}", res->path, key_of(res)),
            linked = true;
        n++;
    }
    if (strcmp(key_of(res), res->fields[0].name) || !(res->fields[0].flags & LIST)) {
        bool there = false;
        for (int i = 0; i < n; i++) there |= !strcmp(columns[i].name, key_of(res));
        if (!there)
            columns[n] = (ListColumn){ .name = key_of(res), .label = "", .sql = text(r, "x.`%s`", key_of(res)) };
    }
    ListAction *actions = take_n(r, ListAction, LINKS_MAX + 2);
    int acts = 0;
    if (!res->no_create)
        actions[acts++] = (ListAction){ .text = text(r, "New %s", resource_one(r, res)),
                                   .path = text(r, "%s/new", res->path),
                                   .icon = "plus", .key = res->feature, .action = CREATE, .primary = true };
    for (const ListAction *l = res->links; l && l->text && acts <= LINKS_MAX; l++) {
        actions[acts] = *l;
        actions[acts++].text = msg_said(r->c.language, l->text);
    }
    ListSpec spec = {
        .name = res->table, .one = res->one, .many = res->many, .path = res->path,
        .from = text(r, "`%s` x", res->table), .where = scope(r, res),
        .id = "x.id", .columns = columns, .order = res->order ? res->order : columns[0].name, .feature = res->feature,
        .actions = actions,
        .import_path = res->import_path && lib_app.may(&r->c, res->feature, CREATE) ? res->import_path : NULL };
    Bind b[1];
    int binds = scope_bind(r, res, b);
    show_text(r, "page.title", heading_of(r, res));
    if (res->tabs && lib_app.tabs) lib_app.tabs(r, res->tabs, res->path);
    list_show_(r, &spec, b, binds);
    if (!r->status) page(r, "layout/list");
}

/* --- one row ------------------------------------------------------------------------------------------------------ */

static char *title_of(Req *r, const Resource *res, const Kept *k) {
    const DbColumn *key = column_of_row(k, key_of(res));
    const Field *name = NULL;
    for (const Field *f = res->fields; f->name; f++)
        if (!strcmp(f->name, "name")) name = f;
    const char *no = key ? column_text(r, key) : "";
    if (!name || !strcmp(key_of(res), "name")) return text_copy(r, no);
    if (!strcmp(key_of(res), "public_id")) return text_copy(r, column_text(r, column_of_row(k, "name")));
    return text(r, "%s %s", no, column_text(r, column_of_row(k, "name")));
}

static void crumb(Req *r, const Resource *res, const char *here) {
    show_text(r, "page.crumbs.0.text", heading_of(r, res));
    show_text(r, "page.crumbs.0.url", link_path(r, "%s", res->path));
    show_text(r, "page.crumbs.1.text", here);
}

/* The record and what became of it. */
static void show_tabs(Req *r, const Resource *res, const char *key, bool history) {
    static const char *const words[] = { "ui.details", "ui.changes" }, *const paths[] = { "", "/history" };
    for (int i = 0; i < 2; i++) {
        show_text(r, text(r, "show.tabs.%d.text", i), msg(r->c.language, words[i]));
        show_text(r, text(r, "show.tabs.%d.url", i), link_path(r, "%s/%s%s", res->path, url_part(r, key), paths[i]));
        if (i == history) show_text(r, text(r, "show.tabs.%d.current", i), "1");
    }
}

void resource_page(Req *r) {
    const Resource *res = resource_of(r);
    const char *key = path_text(r, "key");
    Id id = resource_find(&r->c, res, key);
    if (!id.id) fail(r, NOT_FOUND, "There is no %s %s.", resource_one(r, res), key);
    Kept k = read_row(r, res, id);
    show_text(r, "page.title", title_of(r, res, &k));
    crumb(r, res, title_of(r, res, &k));
    size_t n = 0, actions = 0;
    show_text(r, "show.sections.0.kind", "facts");
    for (const Field *f = res->fields; f->name; f++) {
        if (f->type == FIELD_HIDDEN || (f->flags & DERIVED && !(f->flags & LIST))) continue;
        show_text(r, text(r, "show.sections.0.facts.%zu.label", n), label_of(r, res, f));
        show_text(r, text(r, "show.sections.0.facts.%zu.text", n++), shown(r, f, column_of_row(&k, f->name)));
    }
    if (!res->no_edit && lib_app.may(&r->c, res->feature, EDIT)) {
        show_text(r, at(r, "page.actions", actions, "text"), msg(r->c.language, "ui.edit"));
        show_text(r, at(r, "page.actions", actions, "icon"), "edit");
        show_text(r, at(r, "page.actions", actions, "key"), "e");
        show_text(r, at(r, "page.actions", actions, "kind"), "primary");
        show_text(r, at(r, "page.actions", actions++, "url"), link_path(r, "%s/%s/edit", res->path, url_part(r, key)));
    }
    if (!res->no_delete && lib_app.may(&r->c, res->feature, delete_right(res))) {
        show_text(r, at(r, "page.actions", actions, "text"), msg(r->c.language, "ui.delete"));
        show_text(r, at(r, "page.actions", actions, "icon"), "trash");
        show_text(r, at(r, "page.actions", actions++, "url"),
                  link_path(r, "%s/%s/deletion", res->path, url_part(r, key)));
    }
    for (int i = 0; i < r->problems && r->again; i++)
        show_text(r, text(r, "page.errors.%d.text", i), r->problem[i].text);
    show_tabs(r, res, key, false);
    if (res->show) res->show(r, id);
    page(r, "layout/show");
}

void resource_history(Req *r) {
    const Resource *res = resource_of(r);
    const char *key = path_text(r, "key");
    Id id = resource_find(&r->c, res, key);
    if (!id.id) fail(r, NOT_FOUND, "There is no %s %s.", resource_one(r, res), key);
    Kept k = read_row(r, res, id);
    const char *title = title_of(r, res, &k);
    show_text(r, "page.title", title);
    crumb(r, res, title);
    show_tabs(r, res, key, true);
    history_show(r, "show.sections.0", res->table, id, res->fields);
    page(r, "layout/show");
}

typedef struct Options { FormView *v; const char *name; } Options;

static void add_option(void *arg, const DbColumn *c, int n) {
    Options *to = arg;
    form_option(to->v, to->name, c[0].text ? c[0].text : "", n > 1 && c[1].text ? c[1].text : "");
}

/* What is said besides the key: "name", or of a resource that declares none its second field. */
static const char *ref_name(const Resource *to) {
    for (const Field *f = to->fields; f->name; f++)
        if (!strcmp(f->name, "name")) return f->name;
    return to->fields[0].name && to->fields[1].name ? to->fields[1].name : "name";
}

static void show_refs(Req *r, FormView *v, const Resource *res) {
    for (const Field *f = res->fields; f->name; f++) {
        if (f->type != FIELD_REF) continue;
        const Resource *to = f->ref;
        bool named = strcmp(key_of(to), "name") != 0;
        char *label = named ? text(r, "concat(x.`%s`, ' ', x.`%s`)", key_of(to), ref_name(to)) : text(r, "x.`name`");
        char *sql = text(r, "select x.`%s` as value, %s as label from `%s` x where %s order by 1 limit 500", key_of(to),
                         label, to->table, scope(r, to));
        Bind b[1];
        int n = scope_bind(r, to, b);
        db_columns(&r->c, sql, b, n, add_option, &(Options){ v, f->name }, true);
    }
}

void resource_new(Req *r) {
    const Resource *res = resource_of(r);
    Form *form = form_whole(r, res);
    form->submit = text(r, "Add %s", resource_one(r, res));
    FormView *v = form_show(r, "form", form, res->path);
    show_refs(r, v, res);
    show_text(r, "page.title", text(r, "New %s", resource_one(r, res)));
    show_flag(r, "form.continues", true);
    show_text(r, "page.width", "narrow");
    crumb(r, res, text(r, "New %s", resource_one(r, res)));
    show_text(r, "form.cancel_url", link_path(r, "%s", res->path));
    page(r, "layout/form");
}

void resource_edit(Req *r) {
    const Resource *res = resource_of(r);
    const char *key = path_text(r, "key");
    Id id = resource_find(&r->c, res, key);
    if (!id.id) fail(r, NOT_FOUND, "There is no %s %s.", resource_one(r, res), key);
    Kept k = read_row(r, res, id);
    FormView *v = form_show(r, "form", form_whole(r, res), text(r, "%s/%s", res->path, url_part(r, key)));
    show_refs(r, v, res);
    form_columns(v, k.columns, k.n);
    for (const Field *f = res->fields; f->name; f++)
        if (f->flags & FIXED) form_set(v, f->name, "readonly", "1");
    show_text(r, "page.title", title_of(r, res, &k));
    show_text(r, "page.width", "narrow");
    crumb(r, res, title_of(r, res, &k));
    show_text(r, "form.cancel_url", link_path(r, "%s/%s", res->path, url_part(r, key)));
    page(r, "layout/form");
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void check_unique(Req *r, const Resource *res, const Input *in, Id id) {
    for (const Field *f = res->fields; f->name; f++) {
        if (!(f->flags & UNIQUE) || !in_given(in, f->name)) continue;
        Bind b[3];
        int n = scope_bind(r, res, b);
        b[n++] = in_bind(in, f->name);
        b[n++] = bind_int(id.id);
        Found taken = { 0 };
        db_columns(&r->c, text(r, "select x.id from `%s` x where %s and x.`%s` = ? and x.id <> ? limit 1", res->table,
                               scope(r, res), f->name), b, n, found, &taken, true);
        if (taken.any) problem(r, f->name, "%s is taken.", in_text(in, f->name) ? in_text(in, f->name) : "This");
    }
}

static bool stored(const Field *f) {
    return !(f->flags & DERIVED) && f->type != FIELD_FILE;
}

Id resource_insert(Req *r, const Resource *res, const Input *in) {
    check_unique(r, res, in, (Id){ 0 });
    if (res->check) res->check(r, in, (Id){ 0 });
    if (r->problems) return (Id){ 0 };
    if (res->before_save) res->before_save(r, (Input *)(uintptr_t)in, (Id){ 0 });
    if (r->problems) return (Id){ 0 };
    Text names = text_start(r), marks = text_start(r);
    Bind b[FIELDS_MAX + 4];
    int n = 0;
    for (const Field *f = res->fields; f->name; f++) {
        if (!stored(f) || (!in_given(in, f->name) && f->type != FIELD_BOOL)) continue;
        text_addf(&names, "`%s`, ", f->name);
        text_add(&marks, "?, ");
        b[n++] = in_bind(in, f->name);
    }
    if (!res->whole_tenant) {
        text_add(&names, "utility_id, ");
        text_add(&marks, "?, ");
        b[n++] = bind_id(r->c.utility);
    }
    b[n++] = bind_id(r->c.user);
    b[n++] = bind_id(r->c.user);
    char *sql = text(r, "insert into `%s` (%screated_by, updated_by) values (%s?, ?)", res->table,
                     names.s ? names.s : "", marks.s ? marks.s : "");
    Id id = db_insert_built(&r->c, sql, b, n);
    Kept after = read_row(r, res, id);
    audit_change(r, res, "create", id, NULL, &after);
    if (res->after_save) res->after_save(r, in, id);
    return id;
}

static const char *key_after(Req *r, const Resource *res, Id id) {
    Kept k = read_row(r, res, id);
    const DbColumn *key = column_of_row(&k, key_of(res));
    return key && key->text ? key->text : "";
}

void resource_create(Req *r) {
    const Resource *res = resource_of(r);
    Input *in = form_read(r, form_whole(r, res));
    Id id = resource_insert(r, res, in);
    problems_end(r);
    Kept after = read_row(r, res, id);
    note(r, "%s added.", title_of(r, res, &after));
    go(r, "%s/%s", res->path, url_part(r, key_after(r, res, id)));
}

void resource_update(Req *r) {
    const Resource *res = resource_of(r);
    const char *key = path_text(r, "key");
    Found f = find_key(&r->c, res, key, true);
    if (!f.any) fail(r, NOT_FOUND, "There is no %s %s.", resource_one(r, res), key);
    Input *in = form_read(r, form_whole(r, res));
    Kept before = read_row(r, res, f.id);
    for (const Field *field = res->fields; field->name; field++) {
        if (!(field->flags & FIXED)) continue;
        Value *v = in_value(in, field->name);
        const char *was = field_typed(r, field, column_of_row(&before, field->name));
        if (v->given && was && v->text && strcmp(v->text, was))
            problem(r, field->name, "%s cannot be changed.", label_of(r, res, field));
    }
    check_unique(r, res, in, f.id);
    if (res->check) res->check(r, in, f.id);
    problems_end(r);
    if (in->row_version != f.version) fail(r, CONFLICT, "%s", msg(r->c.language, "ui.conflict_short"));
    if (res->before_save) res->before_save(r, in, f.id);
    problems_end(r);
    Text sets = text_start(r);
    Bind b[FIELDS_MAX + 4];
    int n = 0;
    for (const Field *field = res->fields; field->name; field++) {
        if (!stored(field) || field->flags & FIXED || (field->flags & SECRET && !in_given(in, field->name))) continue;
        text_addf(&sets, "`%s` = ?, ", field->name);
        b[n++] = in_bind(in, field->name);
    }
    b[n++] = bind_id(r->c.user);
    b[n++] = bind_time(r->c.now);
    b[n++] = bind_id(f.id);
    b[n++] = bind_int(f.version);
    char *sql = text(r, "update `%s` set %supdated_by = ?, updated_at = ?, row_version = row_version + 1 "
                        "where id = ? and row_version = ?", res->table, sets.s ? sets.s : "");
    if (db_run_built(&r->c, sql, b, n) != 1) fail(r, CONFLICT, "%s", msg(r->c.language, "ui.conflict_short"));
    Kept after = read_row(r, res, f.id);
    audit_change(r, res, "edit", f.id, &before, &after);
    if (res->after_save) res->after_save(r, in, f.id);
    note(r, "%s", msg(r->c.language, "ui.saved"));
    go(r, "%s/%s", res->path, url_part(r, key_after(r, res, f.id)));
}

/* Fails with the reason when the row has to stay. */
static void deletable_check(Req *r, const Resource *res, Id id, const char *key) {
    Bind b = bind_id(id);
    if (res->used_by) {
        Found uses = { 0 };
        db_columns(&r->c, res->used_by, &b, 1, found, &uses, true);
        if (uses.id.id)
            fail(r, CONFLICT, "%s", msg_format(r, r->c.language, "ui.in_use", { "what", key },
                 { "count", locale_count(&r->c.mem, r->c.locale, uses.id.id) },
                 { "uses", res->used_text ? res->used_text : msg(r->c.language, "ui.uses") }));
    }
    if (!res->delete_refusal) return;
    Kept why = { .r = r };
    db_columns(&r->c, res->delete_refusal, &b, 1, keep, &why, true);
    if (why.columns && !why.columns[0].is_null && why.columns[0].text) fail(r, CONFLICT, "%s", why.columns[0].text);
}

void resource_delete_page(Req *r) {
    const Resource *res = resource_of(r);
    const char *key = path_text(r, "key");
    Id id = resource_find(&r->c, res, key);
    if (!id.id) fail(r, NOT_FOUND, "There is no %s %s.", resource_one(r, res), key);
    deletable_check(r, res, id, key);
    Kept k = read_row(r, res, id);
    const char *title = title_of(r, res, &k);
    show_text(r, "page.title", msg_format(r, r->c.language, "ui.delete_title", { "what", title }));
    crumb(r, res, title);
    show_text(r, "confirm.text.0", msg(r->c.language, "ui.delete_how"));
    show_text(r, "confirm.undo", msg(r->c.language, "ui.no_way_back"));
    show_text(r, "confirm.action", link_path(r, "%s/%s/deletion", res->path, url_part(r, key)));
    show_text(r, "confirm.submit", msg_format(r, r->c.language, "ui.delete_it", { "what", title }));
    show_text(r, "confirm.back_url", link_path(r, "%s/%s", res->path, url_part(r, key)));
    page(r, "layout/confirm");
}

void resource_delete(Req *r) {
    const Resource *res = resource_of(r);
    const char *key = path_text(r, "key");
    Found f = find_key(&r->c, res, key, true);
    if (!f.any) fail(r, NOT_FOUND, "There is no %s %s.", resource_one(r, res), key);
    deletable_check(r, res, f.id, key);
    Kept before = read_row(r, res, f.id);
    Bind b = bind_id(f.id);
    db_run_built(&r->c, text(r, "delete from `%s` where id = ?", res->table), &b, 1);
    audit_change(r, res, "delete", f.id, &before, NULL);
    note(r, "%s", msg_format(r, r->c.language, "ui.was_deleted", { "what", title_of(r, res, &before) }));
    go(r, "%s", res->path);
}

/* --- the check at build time -------------------------------------------------------------------------------------- */

const char *resource_check(Ctx *c, const Resource *res) {
    if (!res->table || !res->path || !res->feature) return "table, path and feature are wanted";
    const char *wordless = res->one ? NULL : messages_missing(&c->mem, text(c, "list.%s.one", res->table), res->table);
    if (!wordless && !res->many)
        wordless = messages_missing(&c->mem, text(c, "list.%s.other", res->table), res->table);
    for (const Field *f = res->fields; f->name && !wordless; f++)
        if (!f->label && !msg_exists(text(c, "%s.%s", res->table, f->name)))
            wordless = messages_missing(&c->mem, text(c, "field.%s", f->name), res->table);
    if (wordless) return wordless;
    int n = 0;
    for (const Field *f = res->fields; f->name; f++, n++)
        if (f->type == FIELD_CHOICE && !f->choices && !f->options)
            return text(c, "%s: a choice without choices", f->name);
    if (n > FIELDS_MAX) return "too many fields";
    for (const Field *f = res->fields; f->name; f++) {
        if (!f->options) continue;
        DbSite choices = { .sql = f->options, .file = res->file, .line = res->line, .kind = DB_SITE_SHOW,
                           .params = strchr(f->options, '?') ? 1 : 0 };
        const char *bad = db_prepare_check(c, &choices);
        if (bad) return bad;
    }
    DbSite site = { .sql = select_row(c, res), .file = res->file, .line = res->line, .params = 1,
                    .kind = DB_SITE_SHOW };
    const char *wrong = db_prepare_check(c, &site);
    if (wrong) return wrong;
    if (res->used_by) {
        site.sql = res->used_by;
        wrong = db_prepare_check(c, &site);
    }
    if (!wrong && res->delete_refusal) {
        site.sql = res->delete_refusal;
        wrong = db_prepare_check(c, &site);
    }
    return wrong;
}
