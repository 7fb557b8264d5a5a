/*
 * What lists, resources and machines of lib ask of the application: who audits, decides and emits, the changes of a
 * record, saved filters (saved_view.c) and files of lists (export.c).
 */
#include <string.h>

#include "app/core/proof.h"
#include "app/core/export.h"
#include "app/core/front.h"
#include "app/core/rights.h"
#include "app/core/saved_view.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"

static void resource_audit(Ctx *c, const char *action, const char *table, Id id, const char *number, int64_t version,
                           const char *before, const char *after, const char *reason) {
    audit_write(c, &(Audit){ .action = action, .entity = table, .id = id, .number = number, .version = version,
                             .before = before, .after = after, .reason = reason });
}

static void resource_event(Ctx *c, const char *name, const char *entity, Id id, const char *number,
                           const char *payload) {
    event_emit(c, &(Event){ .name = name, .entity = entity, .id = id, .number = number, .payload = payload });
}

static const PageTab *tab_tables[20];
static int tab_tables_n;

void page_tabs_register(const PageTab *table) {
    if (tab_tables_n < (int)(sizeof tab_tables / sizeof *tab_tables)) tab_tables[tab_tables_n++] = table;
}

void page_tabs(Req *r, const char *set, const char *path) {
    size_t n = 0;
    for (int i = 0; i < tab_tables_n; i++)
        for (const PageTab *t = tab_tables[i]; t->set; t++) {
            if (strcmp(t->set, set) || !perm_may(&r->c, t->key, VIEW)) continue;
            char *at_ = at(r, "page.tabs", n++, NULL);
            show_text(r, text(r, "%s.text", at_), msg(r->c.language, t->text));
            show_text(r, text(r, "%s.url", at_), link_path(r, "%s", t->path));
            if (!strcmp(t->path, path)) show_text(r, text(r, "%s.current", at_), "1");
            if (t->done) show_flag(r, text(r, "%s.done", at_), t->done(&r->c));
            int64_t count = t->count ? t->count(&r->c) : 0;
            if (!count) continue;
            show_text(r, text(r, "%s.count", at_), locale_count(&r->c.mem, r->c.locale, count));
            show_text(r, text(r, "%s.count_text", at_), locale_count(&r->c.mem, r->c.locale, count));
        }
}

static bool resource_may(Ctx *c, const char *key, Action action) { return perm_may(c, key, action); }

#define CHANGE_ROW(F, T) \
    F(T, Id, id) F(T, Time, at) F(T, const char *, action) F(T, const char *, actor_name) \
        F(T, const char *, before_value) \
    F(T, const char *, after_value) F(T, const char *, reason)
ROW(ChangeRow, CHANGE_ROW)

/* What happened to a record of this utility or of the tenant. Who only looked stands in the audit, not here. */
static Changes resource_changes(Req *r, const char *table, Id id, int64_t older_than, size_t most) {
    ChangeRows all = db_all(&r->c, ChangeRow,
                            "select e.id, e.at, e.action, e.actor_name, v.before_value, v.after_value, e.reason "
                            "from audit_entry e "
                            "left join audit_value v on v.audit_id = e.id where e.entity = ? and e.entity_id = ? and "
                            "(e.utility_id = ? or e.utility_id is null) "
                            "and e.action not in ('view', 'denied') and (? = 0 or e.id < ?) "
                            "order by e.id desc limit ?",
                            table, id, r->c.utility, older_than, older_than, (int64_t)most + 1);
    Changes to = { take_n(r, Change, most), all.n > most ? most : all.n, all.n > most };
    for (size_t i = 0; i < to.n; i++)
        to.v[i] = (Change){ all.v[i].id, all.v[i].at, all.v[i].action, all.v[i].actor_name, all.v[i].before_value,
                            all.v[i].after_value, all.v[i].reason };
    return to;
}

/* A file of rows left the house: what was asked for and how much. */
static void resource_exported(Req *r, const ListSpec *spec, const char *url, int64_t rows) {
    Ctx *c = &r->c;
    audit_write(c, &(Audit){ .action = "export", .entity = spec->name,
                             .after = json_pairs(c, "from", url, "rows", text(c, "%lld", (long long)rows), NULL) });
}

static int64_t found_most(Ctx *c) { return setting_int(c, "core.found_most", 0); }

void core_resource_hooks(void) {
    rights_watch();
    resource_hooks(&(ResourceHooks){ .audit = resource_audit, .event = resource_event, .may = resource_may,
                                     .areas = rights_area_filter, .area_below = rights_area_below, .tabs = page_tabs,
                                     .changes = resource_changes,
                                     .views = saved_views_show, .exported = resource_exported, .prove = proof_first,
                                     .export_later = export_later, .found_most = found_most });
}
