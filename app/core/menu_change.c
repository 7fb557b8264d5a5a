/*
 * What administrators make of the menu (ONB07): entries and tiles of other names, in another order or left out, for all
 * of a utility or for one role; and links to pages elsewhere, at most ten a role. A page still asks for its right: an
 * entry that is hidden is not a page that is closed.
 */
#include <stdlib.h>
#include <string.h>

#include "app/core/menu.h"
#include "app/core/pages.h"
#include "app/core/rights.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { LINKS_MAX = 10, SORT_MAX = 999, LABEL_MAX = 40 };

/* --- what holds for this person ----------------------------------------------------------------------------------- */

MenuLook menu_look(Ctx *c, const char *key, int place) {
    const Rights *mine = rights_here(c);
    MenuLook look = { .sort = place };
    for (size_t i = 0; i < mine->menu_n; i++) {
        const MenuChange *m = &mine->menu[i];           /* those of the role come last and win */
        if (strcmp(m->key, key)) continue;
        look.label = m->label;
        look.sort = m->sort ? m->sort : place;
        look.hidden = m->hidden;
    }
    return look;
}

size_t menu_links(Req *r, const char *list, size_t n) {
    const Rights *mine = rights_here(&r->c);
    for (size_t i = 0; i < mine->link_n; i++, n++) {
        const char *to = at(r, list, n, NULL);
        show_text(r, text(r, "%s.key", to), mine->link[i].key);
        show_text(r, text(r, "%s.text", to), mine->link[i].label);
        show_text(r, text(r, "%s.url", to), mine->link[i].url);
        show_text(r, text(r, "%s.icon", to), "link");
    }
    return n;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

#define ROLE_NAMED(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name)
ROW(RoleNamed, ROLE_NAMED)

/* The role of the address; NULL: all of the utility. */
static RoleNamed *role_asked(Req *r, const char *code) {
    if (!code || !*code) return NULL;
    RoleNamed *role = db_find(r, RoleNamed, "select id, code, name from role where code = ? and (utility_id = ? or "
                                            "utility_id is null) and active = 1 order by utility_id is null limit 1",
                              code, r->c.utility);
    if (!role) fail(r, NOT_FOUND, "There is no such role.");
    return role;
}

#define KEPT_CHANGE(F, T) F(T, Id, id) F(T, const char *, label) F(T, int, sort) F(T, bool, hidden) \
    F(T, int, row_version)
ROW(KeptChange, KEPT_CHANGE)

static KeptChange *kept_change(Ctx *c, Id role, const char *key) {
    return db_find(c, KeptChange, "select id, label, coalesce(sort, 0) as sort, hidden, row_version from menu_override "
                                  "where utility_id = ? and role_key = ? and menu_key = ?", c->utility, role.id, key);
}

static void show_entries(Req *r, Id role) {
    Ctx *c = &r->c;
    MenuName e;
    for (int i = 0; (e = menu_name(c, i)).key; i++) {
        const char *to = at(r, "entries", (size_t)i, NULL);
        KeptChange *k = kept_change(c, role, e.key);
        bool again = r->again;
        const char *typed = again ? field_text(r, text(r, "label_%s", e.key)) : NULL;
        show_text(r, text(r, "%s.key", to), e.key);
        show_text(r, text(r, "%s.text", to), e.text);
        show_text(r, text(r, "%s.kind", to), e.is_tile ? word(r, "menu.change.tile") : word(r, "menu.change.entry"));
        show_flag(r, text(r, "%s.sub", to), e.is_sub);
        show_text(r, text(r, "%s.label", to), again ? typed : k ? k->label : NULL);
        show_int(r, text(r, "%s.place", to), e.place);
        const char *sort = again ? field_text(r, text(r, "sort_%s", e.key))
            : k && k->sort ? text(r, "%d", k->sort) : NULL;
        show_text(r, text(r, "%s.sort", to), sort);
        show_flag(r, text(r, "%s.hidden", to), again ? field_text(r, text(r, "hidden_%s", e.key)) != NULL
                  : k && k->hidden);
    }
}

static const Form link_form = { .name = "menu_link", .fields = FIELDS {
    { "role", HIDDEN(40) },
    { "label", TEXT(2, LABEL_MAX), .flags = REQUIRED },
    { "url", TEXT(8, 300), .flags = REQUIRED, .width = "full" },
    { 0 } } };

#define LINK(F, T) F(T, const char *, key) F(T, const char *, label) F(T, const char *, path)
ROW(Link, LINK)

static void show_links(Req *r, Id role) {
    Links l = db_all(r, Link, "select `key`, label, path from menu_item where utility_id = ? and kind = 'external' "
                              "and role_id <=> ? order by sort, id", r->c.utility, role);
    TableView *t = table_start(r, "links.table", word(r, "menu.change.links"));
    table_column(t, word(r, "menu.change.name"), "text", "id");
    table_column(t, word(r, "menu.change.url"), "text", "name");
    table_column(t, word(r, "menu.change.remove"), "act", NULL);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, l.v[i].label);
        table_cell(t, l.v[i].path);
        table_cell(t, "");
        const char *act = text(r, "links.table.rows.%zu.cells.2.act", i);
        show_text(r, text(r, "%s.text", act), word(r, "menu.change.remove"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/menu/links/%s/deletion", l.v[i].key));
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    table_empty(t, word(r, "menu.change.no_links"), NULL);
}

void menu_change_page(Req *r) {
    Ctx *c = &r->c;
    const char *asked = r->again ? field_text(r, "role") : query_text(r, "role");
    RoleNamed *role = role_asked(r, asked);
    Id id = role ? role->id : (Id){ 0 };
    RoleNameds all = db_all(r, RoleNamed, "select id, code, name from role "
                                          "where (utility_id = ? or utility_id is null) "
                                          "and active = 1 and code <> 'consumer' order by name limit 200", c->utility);
    show_text(r, "page.title", word(r, "menu.change.title"));
    show_text(r, "page.sub", word(r, "menu.change.how"));
    show_text(r, "roles.0.text", word(r, "menu.change.all"));
    show_flag(r, "roles.0.selected", !role);
    for (size_t i = 0; i < all.n; i++) {
        show_text(r, at(r, "roles", i + 1, "value"), all.v[i].code);
        show_text(r, at(r, "roles", i + 1, "text"), all.v[i].name);
        show_flag(r, at(r, "roles", i + 1, "selected"), role && !strcmp(role->code, all.v[i].code));
    }
    show_text(r, "role", role ? role->code : "");
    show_text(r, "path", link_path(r, "/menu/settings"));
    show_entries(r, id);
    show_links(r, id);
    FormView *v = form_show(r, "form", &link_form, "/menu/links");
    form_text(v, "role", role ? role->code : NULL);
    page(r, "core/menu_change");
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

typedef struct Wanted { const char *label; int sort; bool hidden; } Wanted;

static Wanted wanted_of(Req *r, const MenuName *e) {
    const char *label = field_text(r, text(r, "label_%s", e->key)), *sort = field_text(r, text(r, "sort_%s", e->key));
    Wanted w = { .label = label && *label ? label : NULL, .hidden = field_text(r, text(r, "hidden_%s", e->key)) };
    if (w.label && (strlen(w.label) > LABEL_MAX * 2 || !strcmp(w.label, e->text))) {
        if (strcmp(w.label, e->text)) problem(r, text(r, "label_%s", e->key), "%s", word(r, "menu.change.long"));
        w.label = NULL;
    }
    if (sort && *sort) {
        char *end;
        long n = strtol(sort, &end, 10);
        if (*end || n < 1 || n > SORT_MAX)
            problem(r, text(r, "sort_%s", e->key), "%s", msg_format(r, r->c.language, "menu.change.sort_range",
                    { "most", text(r, "%d", SORT_MAX) }));
        else w.sort = (int)n == e->place ? 0 : (int)n;
    }
    return w;
}

static bool is_same(const KeptChange *k, const Wanted *w) {
    if (!k) return !w->label && !w->sort && !w->hidden;
    return (k->label && w->label ? !strcmp(k->label, w->label) : k->label == w->label) && k->sort == w->sort
        && k->hidden == w->hidden;
}

static const char *change_json(Ctx *c, const char *label, int sort, bool hidden) {
    return json_pairs(c, "label", label, "order", sort ? text(c, "%d", sort) : NULL, "hidden", hidden ? "1" : "0",
                      NULL);
}

static void keep_change(Ctx *c, Id role, const char *key, const Wanted *w) {
    KeptChange *was = kept_change(c, role, key);
    if (is_same(was, w)) return;
    db_run(c, "insert into menu_override (utility_id, role_id, menu_key, label, sort, hidden, created_by, updated_by) "
              "values (?,?,?,?,nullif(?,0),?,?,?) on duplicate key update label = values(label), sort = values(sort), "
              "hidden = values(hidden), updated_at = ?, updated_by = values(updated_by), "
              "row_version = row_version + 1", c->utility, role, key, w->label, w->sort, w->hidden, c->user, c->user,
           c->now);
    KeptChange *is = kept_change(c, role, key);
    audit_write(c, &(Audit){ .action = was ? "edit" : "create", .entity = "menu_override", .id = is->id, .number = key,
                             .version = is->row_version,
                             .before = was ? change_json(c, was->label, was->sort, was->hidden) : NULL,
                             .after = change_json(c, w->label, w->sort, w->hidden) });
}

/* Somebody who may set up has to find the way there. */
static void must_stay(Req *r) {
    static const char *const keys[] = { "setup", "users", "roles", "tile.setup", "tile.admin", NULL };
    for (const char *const *k = keys; *k; k++)
        if (!db_int(r, "select exists (select 1 from role ro join role_permission rp on rp.role_id = ro.id "
                       "join permission p on p.id = rp.permission_id and p.`key` = 'core.settings:edit' "
                       "where ro.active = 1 and (ro.utility_id = ? or ro.utility_id is null) "
                       "and exists (select 1 from user_role ur join user u on u.id = ur.user_id "
                       "and u.status = 'active' where ur.role_id = ro.id and (ur.utility_id = ? "
                       "or ur.utility_id is null)) and coalesce((select m.hidden from menu_override m "
                       "where m.utility_id = ? and m.role_id = ro.id and m.menu_key = ?), (select m.hidden "
                       "from menu_override m where m.utility_id = ? and m.role_id is null and m.menu_key = ?), 0) = 0)",
                    r->c.utility, r->c.utility, r->c.utility, *k, r->c.utility, *k))
            fail(r, INVALID, "%s", word(r, "menu.change.last"));
}

void menu_change_save(Req *r) {
    Ctx *c = &r->c;
    RoleNamed *role = role_asked(r, field_text(r, "role"));
    MenuName e;
    int n = 0;
    while (menu_name(c, n).key) n++;
    Wanted *w = take_n(r, Wanted, (size_t)n + 1);
    for (int i = 0; i < n; i++) e = menu_name(c, i), w[i] = wanted_of(r, &e);
    problems_end(r);
    for (int i = 0; i < n; i++) keep_change(c, role ? role->id : (Id){ 0 }, menu_name(c, i).key, &w[i]);
    must_stay(r);
    note(r, "%s", word(r, "ui.saved"));
    if (role) go(r, "/menu/settings?role=%s", role->code);
    else go(r, "/menu/settings");
}

/* --- links elsewhere ---------------------------------------------------------------------------------------------- */

void menu_link_add(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &link_form);
    const char *url = in_text(in, "url"), *code = in_text(in, "role");
    RoleNamed *role = role_asked(r, code);
    Id id = role ? role->id : (Id){ 0 };
    if (url && strncmp(url, "https://", 8)) problem(r, "url", "%s", word(r, "menu.change.https"));
    else if (url && (strpbrk(url, " \"'<>\\") || !strchr(url + 8, '.')))
        problem(r, "url", "%s", word(r, "menu.change.no_url"));
    if (db_int(r, "select count(*) from menu_item where utility_id = ? and kind = 'external' and role_id <=> ?",
               c->utility, id) >= LINKS_MAX)
        problem(r, NULL, "%s", msg_format(r, c->language, "menu.change.most", { "n", text(r, "%d", LINKS_MAX) }));
    problems_end(r);
    const char *key = text(c, "link.%s", public_id_new(c));
    Id made = db_insert(c, "insert into menu_item (utility_id, `key`, module, label, icon, path, sort, kind, role_id, "
                           "created_by, updated_by) values (?,?,'core',?,'link',?,?,'external',?,?,?)", c->utility,
                        key, in_text(in, "label"), url,
                        db_int(c, "select coalesce(max(sort), 0) + 1 from menu_item where utility_id = ?", c->utility),
                        id, c->user, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "menu_item", .id = made, .number = in_text(in, "label"),
                             .version = 1, .after = json_pairs(c, "label", in_text(in, "label"), "url", url, "role",
                                                               role ? role->code : NULL, NULL) });
    note(r, "%s", word(r, "ui.saved"));
    if (role) go(r, "/menu/settings?role=%s", role->code);
    else go(r, "/menu/settings");
}

void menu_link_remove(Req *r) {
    Ctx *c = &r->c;
    Link *l = db_find(r, Link, "select `key`, label, path from menu_item where utility_id = ? and kind = 'external' "
                               "and `key` = ?", c->utility, path_text(r, "key"));
    if (!l) fail(r, NOT_FOUND, "There is no such link.");
    Id id = db_id(r, "select id from menu_item where utility_id = ? and `key` = ?", c->utility, l->key);
    db_run(c, "delete from menu_item where id = ?", id);
    audit_write(c, &(Audit){ .action = "delete", .entity = "menu_item", .id = id, .number = l->label,
                             .before = json_pairs(c, "label", l->label, "url", l->path, NULL) });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/menu/settings");
}
