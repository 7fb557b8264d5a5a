/*
 * /configuration: the file to take away, files brought here, what each would change, and applying it; keys that are
 * trusted. See promotion.h.
 */
#include <string.h>

#include "app/core/installation.h"
#include "app/core/proof.h"
#include "app/setup/pages.h"
#include "app/setup/promotion.h"
#include "lib/crypt.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

#define COUNT(r, n) locale_count(&(r)->c.mem, (r)->c.locale, (int64_t)(n))

static const char *const what_words[] = { "new", "changed", "gone", "only_here" };
static const char *const what_tones[] = { "info", "warn", "bad", "off" };

static const char *kind_name(Req *r, const ConfigKind *k) { return word(r, text(r, "config.%s", k->kind)); }

static void crumbs(Req *r, const char *last) {
    show_text(r, "page.crumbs.0.text", word(r, "promotion.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/configuration"));
    show_text(r, "page.crumbs.1.text", last);
}

/* --- the first page ----------------------------------------------------------------------------------------------- */

static const Form upload_form = { .name = "promotion_file", .fields = FIELDS {
    { "file", FILE_FIELD, .flags = REQUIRED }, { 0 } } };

#define BROUGHT(F, T) F(T, const char *, public_id) F(T, const char *, file_name) F(T, const char *, source) \
    F(T, const char *, source_name) F(T, const char *, made_by) F(T, Time, made_at) F(T, const char *, state) \
    F(T, Time, created_at)
ROW(Brought, BROUGHT)

static void show_brought(Req *r, const char *at_) {
    Broughts l = db_all(r, Brought, "select public_id, file_name, source, source_name, made_by, made_at, state, "
                                    "created_at from config_file where utility_id = ? order by id desc limit 50",
                        r->c.utility);
    show_text(r, text(r, "%s.title", at_), word(r, "promotion.files"));
    TableView *t = table_start(r, text(r, "%s.table", at_), word(r, "promotion.files"));
    table_column(t, word(r, "promotion.file"), "text", "id");
    table_column(t, word(r, "promotion.from"), "text", "name");
    table_column(t, word(r, "promotion.made"), "text", NULL);
    table_column(t, word(r, "promotion.state"), "status", "status");
    for (size_t i = 0; i < l.n; i++) {
        const Brought *b = &l.v[i];
        table_row(t, link_path(r, "/configuration/files/%s", b->public_id));
        table_cell(t, b->file_name);
        table_cell(t, b->source_name ? b->source_name : b->source);
        table_sub(t, b->source);
        table_cell(t, time_is_set(b->made_at) ? locale_time_words(&r->c.mem, r->c.locale, b->made_at) : "");
        table_sub(t, b->made_by);
        table_state(t, b->state);
    }
    table_empty(t, word(r, "promotion.no_files"), word(r, "promotion.no_files_how"));
}

void configuration_page(Req *r) {
    Ctx *c = &r->c;
    Configuration here = configuration_here(c);
    size_t rows = 0;
    show_text(r, "page.title", word(r, "promotion.title"));
    show_text(r, "page.sub", word(r, "promotion.sub"));
    if (perm_may(c, "core.settings", EXPORT)) {
        show_text(r, "page.actions.0.text", word(r, "promotion.make"));
        show_text(r, "page.actions.0.url", link_path(r, "/configuration/file"));
        show_text(r, "page.actions.0.icon", "download");
        show_text(r, "page.actions.0.download", "1");
    }
    if (perm_may(c, "core.settings", EDIT)) {
        show_text(r, "show.sections.0.title", word(r, "promotion.bring"));
        form_show(r, "show.sections.0.form", &upload_form, "/configuration/files");
        show_text(r, "show.sections.0.form.multipart", "1");
    }
    show_brought(r, "show.sections.1");
    show_text(r, "show.sections.2.title", word(r, "promotion.what"));
    TableView *t = table_start(r, "show.sections.2.table", word(r, "promotion.what"));
    show_text(r, "show.sections.2.table.plain", "1");
    table_column(t, word(r, "promotion.kind"), "text", "id");
    table_column(t, word(r, "promotion.rows"), "num", "amount");
    for (size_t i = 0; i < here.n; i++) {
        if (here.set[i].kind->is_fixed) continue;
        table_row(t, NULL);
        table_cell(t, kind_name(r, here.set[i].kind));
        table_int(t, (int64_t)here.set[i].rows);
        rows += here.set[i].rows;
    }
    show_text(r, "show.sections.3.title", word(r, "promotion.keys"));
    show_fact(r, "show.sections.3.facts", word(r, "promotion.own_key"),
              promotion_fingerprint(c, tenant_key(c, "configuration")), tenant_key(c, "configuration"));
    if (perm_may(c, "core.organization", EDIT)) {
        show_text(r, "show.sections.3.link.text", word(r, "promotion.trusted"));
        show_text(r, "show.sections.3.link.url", link_path(r, "/configuration/keys"));
    }
    page(r, "layout/show");
}

void configuration_file(Req *r) {
    Ctx *c = &r->c;
    size_t n;
    const char *bytes = promotion_write(c, c->user_name ? c->user_name : "", &n);
    audit_note(c, "export", "config_file", (Id){ 0 }, c->utility_code, NULL);
    header_set(r, "Content-Disposition",
               text(r, "attachment; filename=\"%s-%s.s360config\"", c->utility_code,
                    date_iso(&c->mem, utility_today(c))));
    answer(r, 200, "application/octet-stream", bytes, n);
}

const char *configuration_file_take(Req *r) {
    Ctx *c = &r->c;
    if (!r->uploads.n) problem(r, "file", "%s", word(r, "promotion.choose"));
    problems_end(r);
    Id document = document_store(c, &(NewDocument){ .file_name = r->uploads.v[0].filename, .fd = r->uploads.v[0].fd,
                                                    .kind = "configuration", .entity = "config_file" });
    size_t n;
    const char *bytes = document_read(c, document, PROMOTION_BYTES_MAX, &n);
    uint8_t hash[DIGEST_MAX];
    digest(SHA256, bytes_at(bytes, n), hash);
    PromotionFile f = promotion_read(c, bytes, n);
    if (f.refusal) {
        audit_refused(c, "config_file");
        fail_field(c, INVALID, "file", "%s", f.refusal);
    }
    const char *known = db_text(c, "select public_id from config_file where utility_id = ? and sha256 = ?", c->utility,
                                bytes_at(hash, 32));
    if (known) return known;
    Id id = db_insert(c, "insert into config_file (utility_id, file_name, document_id, sha256, signer, source, "
                         "source_name, made_by, made_at, created_by, updated_by) values (?,?,?,?,?,?,?,?,?,?,?)",
                      c->utility, utf8_cut(&c->mem, r->uploads.v[0].filename, 200), document, bytes_at(hash, 32),
                      f.signer, f.source, f.source_name ? utf8_cut(&c->mem, f.source_name, 150) : NULL,
                      f.made_by ? utf8_cut(&c->mem, f.made_by, 120) : NULL, f.made_at, c->user, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "config_file", .id = id, .number = f.source, .version = 1 });
    return db_text(c, "select public_id from config_file where id = ?", id);
}

void configuration_upload(Req *r) { go(r, "/configuration/files/%s", configuration_file_take(r)); }

/* --- what it would change ----------------------------------------------------------------------------------------- */

#define FILE_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, file_name) F(T, Id, document_id) \
    F(T, const char *, signer) F(T, const char *, source) F(T, const char *, source_name) F(T, const char *, made_by) \
    F(T, Time, made_at) F(T, const char *, state) F(T, const char *, result) F(T, Time, applied_at) \
    F(T, const char *, applied_by) F(T, int, row_version)
ROW(FileRow, FILE_ROW)

static FileRow *file_here(Req *r) {
    FileRow *f = db_find(r, FileRow, "select f.id, f.public_id, f.file_name, f.document_id, f.signer, f.source, "
                                     "f.source_name, f.made_by, f.made_at, f.state, f.result, f.applied_at, "
                                     "(select u.full_name from user u where u.id = f.applied_by) as applied_by, "
                                     "f.row_version from config_file f where f.utility_id = ? and f.public_id = ?",
                         r->c.utility, path_text(r, "id"));
    if (!f) fail(r, NOT_FOUND, "There is no such file.");
    return f;
}

typedef struct Compared { const char *refusal; Configuration here; Differences all; } Compared;

static Compared compared(Req *r, const FileRow *f) {
    size_t n;
    const char *bytes = document_read(&r->c, f->document_id, PROMOTION_BYTES_MAX, &n);
    PromotionFile file = promotion_read(&r->c, bytes, n);
    Compared k = { .refusal = file.refusal };
    if (k.refusal) return k;
    k.here = configuration_here(&r->c);
    k.all = configuration_compare(&r->c, &k.here, &file.rows);
    return k;
}

static const char *cut(Req *r, const char *value) {
    return !value || !*value ? "\xE2\x80\x93" : utf8_length(value) > 160 ? text(r, "%s \xE2\x80\xA6",
        utf8_cut(&r->c.mem, value, 160)) : value;
}

static void show_changes(Req *r, const char *at_, const Difference *d) {
    size_t n = 0;
    for (size_t i = 0; d->is && i < d->is->n; i++) {
        const char *is = d->is->value[i], *was = d->was ? d->was->value[i] : NULL;
        if (is == config_absent || (!d->was && (!is || d->set->column[i].is_key))) continue;
        if (d->was && (is && was ? !strcmp(is, was) : is == was)) continue;
        const char *to = at(r, at_, n++, NULL);
        show_text(r, text(r, "%s.label", to), d->set->name[i]);
        if (d->was) show_text(r, text(r, "%s.was", to), cut(r, was));
        show_text(r, text(r, "%s.is", to), cut(r, is));
    }
}

/* What people call it; NULL where the key says it. */
static const char *name_of(const ConfigRow *row) {
    const char *name = config_value(row, "name"), *label = config_value(row, "label");
    const char *called = name && *name ? name : label && *label ? label : NULL;
    return called && strcmp(called, row->key) ? called : NULL;
}

static void show_difference(Req *r, const char *to, const Difference *d) {
    show_text(r, text(r, "%s.id", to), d->id);
    show_text(r, text(r, "%s.key", to), d->is ? d->is->key : d->was->key);
    show_text(r, text(r, "%s.name", to), name_of(d->is ? d->is : d->was));
    show_text(r, text(r, "%s.what", to), word(r, text(r, "promotion.%s", what_words[d->what])));
    show_text(r, text(r, "%s.tone", to), what_tones[d->what]);
    show_flag(r, text(r, "%s.is_new", to), d->what == DIFFERENCE_NEW);
    show_text(r, text(r, "%s.refusal", to), d->refusal);
    show_flag(r, text(r, "%s.may", to), !d->refusal && d->what != DIFFERENCE_ONLY_HERE);
    show_flag(r, text(r, "%s.ticked", to), !d->is_left);
    show_changes(r, text(r, "%s.changes", to), d);
}

/* A card a kind, in the order in which they are written; folded when there is more than a page of them, but for what
   is refused. */
void differences_show(Req *r, Configuration *here, const Differences *all, bool only_here) {
    size_t groups = 0, shown = 0;
    for (size_t s = 0; s < here->n; s++) {
        size_t n = 0, refused = 0;
        const char *group = NULL;
        for (size_t i = 0; i < all->n; i++) {
            const Difference *d = &all->v[i];
            if (d->set != &here->set[s] || (!only_here && d->what == DIFFERENCE_ONLY_HERE)) continue;
            if (!group) {
                group = at(r, "groups", groups++, NULL);
                show_text(r, text(r, "%s.title", group), kind_name(r, d->set->kind));
            }
            refused += d->refusal != NULL;
            if (shown++ < PROMOTION_SHOWN_MAX) show_difference(r, text(r, "%s.items.%zu", group, n), d);
            n++;
        }
        if (!group) continue;
        show_text(r, text(r, "%s.count", group),
                  msg_plural(r, r->c.language, "promotion.differences", (int64_t)n, COUNT(r, n)));
        show_flag(r, text(r, "%s.open", group), refused || all->n <= PROMOTION_OPEN_MAX);
        if (refused)
            show_text(r, text(r, "%s.refused", group),
                      msg_plural(r, r->c.language, "promotion.refused_n", (int64_t)refused, COUNT(r, refused)));
    }
    if (shown > PROMOTION_SHOWN_MAX)
        show_text(r, "too_many", msg_format(r, r->c.language, only_here ? "promotion.too_many" : "setup.start.too_many",
                                            { "shown", COUNT(r, PROMOTION_SHOWN_MAX) }, { "all", COUNT(r, shown) }));
}

static void show_result(Req *r, const FileRow *f) {
    Ctx *c = &r->c;
    if (!f->result) return;
    Json j = json_read(&c->mem, f->result, strlen(f->result), JSON_SIZE_MAX, NULL);
    int64_t n[4] = { 0 };
    static const char *const names[] = { "made", "changed", "removed", "refused" };
    for (size_t i = 0; i < 4; i++) json_int(j, names[i], &n[i]);
    show_text(r, "page.notices.3.tone", n[3] ? "warn" : "ok");
    show_text(r, "page.notices.3.text", msg_format(r, c->language, "promotion.was_applied",
        { "by", f->applied_by ? f->applied_by : "" },
        { "at", time_is_set(f->applied_at) ? locale_time_words(&c->mem, c->locale, f->applied_at) : "" },
        { "made", COUNT(r, n[0]) }, { "changed", COUNT(r, n[1]) }, { "removed", COUNT(r, n[2]) },
        { "refused", COUNT(r, n[3]) }));
    Json why = json_member(j, "refusals");
    for (size_t i = 0; i < json_size(why); i++)
        show_text(r, text(r, "refused.%zu", i), json_text(json_item(why, i), ""));
}

void configuration_preview(Req *r) {
    Ctx *c = &r->c;
    FileRow *f = file_here(r);
    Compared k = compared(r, f);
    crumbs(r, f->file_name);
    show_text(r, "page.title", f->source_name ? f->source_name : f->source);
    show_text(r, "page.sub", msg_format(r, c->language, "promotion.made_by", { "who", f->made_by ? f->made_by : "" },
              { "when", locale_time_words(&c->mem, c->locale, f->made_at) }, { "source", f->source },
              { "key", promotion_fingerprint(c, f->signer) }));
    show_result(r, f);
    show_text(r, "action", link_path(r, "/configuration/files/%s/application", f->public_id));
    show_text(r, "back_url", link_path(r, "/configuration"));
    if (k.refusal) {
        show_text(r, "page.notices.1.tone", "bad");
        show_text(r, "page.notices.1.text", k.refusal);
        page(r, "setup/promotion");
        return;
    }
    size_t count[4] = { 0 }, refused = 0;
    for (size_t i = 0; i < k.all.n; i++) count[k.all.v[i].what]++, refused += k.all.v[i].refusal != NULL;
    for (size_t i = 0; i < 4; i++) {
        show_text(r, at(r, "counts_facts", i, "label"), word(r, text(r, "promotion.count_%s", what_words[i])));
        show_text(r, at(r, "counts_facts", i, "text"), COUNT(r, count[i]));
    }
    show_text(r, "counts_facts.4.label", word(r, "promotion.count_refused"));
    show_text(r, "counts_facts.4.text", COUNT(r, refused));
    differences_show(r, &k.here, &k.all, true);
    show_text(r, "seal", k.all.seal);
    show_flag(r, "may", k.all.to_apply && perm_may(c, "core.settings", APPROVE));
    show_flag(r, "nothing", !k.all.to_apply && !refused);
    if (k.all.to_apply) proof_notice(r);
    page(r, "setup/promotion");
}

/* --- applying ----------------------------------------------------------------------------------------------------- */

bool difference_is_ticked(Req *r, const Difference *d) {
    for (size_t i = 0; i < r->fields.n; i++)
        if (!strcmp(r->fields.v[i].name, "rows") && !strcmp(r->fields.v[i].value, d->id)) return true;
    return false;
}

static const char *result_json(Ctx *c, const Applied *a) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_add_int(&o, "made", (int64_t)a->made);
    json_add_int(&o, "changed", (int64_t)a->changed);
    json_add_int(&o, "removed", (int64_t)a->removed);
    json_add_int(&o, "refused", (int64_t)a->refused);
    json_add_json(&o, "refusals", a->refusals);
    json_close(&o);
    return t.s;
}

static void touch_steps(Ctx *c) {
    static const char *const steps[] = { "core_settings", "staff_access", "calendar", "service_areas",
                                         "pricing_billing", "id_formats", "customer_settings", "meter_settings",
                                         "billing_settings", NULL };
    for (const char *const *s = steps; *s; s++) setup_step_touch(c, *s);
}

void configuration_application(Req *r) {
    Ctx *c = &r->c;
    FileRow *f = file_here(r);
    proof_check(c);
    Compared k = compared(r, f);
    if (k.refusal) fail(c, INVALID, "%s", k.refusal);
    const char *seen = field_text(r, "seen");
    if (!k.all.to_apply) {
        note(r, "%s", word(r, "promotion.nothing"));
        go(r, "/configuration/files/%s", f->public_id);
        return;
    }
    if (!seen || strcmp(seen, k.all.seal)) fail(c, CONFLICT, "%s", word(r, "promotion.changed_since"));
    bool all = field_text(r, "all") != NULL;
    for (size_t i = 0; i < k.all.n; i++) {
        Difference *d = &k.all.v[i];
        d->is_left = d->what != DIFFERENCE_ONLY_HERE && !all && !difference_is_ticked(r, d);
    }
    differences_settle(c, &k.here, &k.all);
    if (!k.all.to_apply) fail(c, INVALID, "%s", word(r, "promotion.tick_one"));
    Applied a = configuration_apply(c, &k.here, &k.all);
    db_must(c, 1, CONFLICT, "update config_file set state = 'applied', applied_at = ?, applied_by = ?, result = ?, "
                            "updated_at = ?, updated_by = ?, row_version = row_version + 1 where id = ? "
                            "and row_version = ?",
            c->now, c->user, result_json(c, &a), c->now, c->user, f->id, f->row_version);
    audit_write(c, &(Audit){ .action = "apply", .entity = "config_file", .id = f->id, .number = f->source,
                             .version = f->row_version + 1,
                             .after = json_pairs(c, "made", text(c, "%zu", a.made), "changed",
                                                 text(c, "%zu", a.changed),
                                                 "removed", text(c, "%zu", a.removed), "refused",
                                                 text(c, "%zu", a.refused), NULL) });
    touch_steps(c);
    note(r, "%s", msg_format(r, c->language, "promotion.applied", { "made", COUNT(r, a.made) },
                             { "changed", COUNT(r, a.changed) }, { "removed", COUNT(r, a.removed) },
                             { "refused", COUNT(r, a.refused) }));
    go(r, "/configuration/files/%s", f->public_id);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static const Form key_form = { .name = "promotion_key", .fields = FIELDS {
    { "name", TEXT(2, 80), .flags = REQUIRED },
    { "public_key", TEXT(PUBLIC_KEY_CHARS, PUBLIC_KEY_CHARS), .flags = REQUIRED, .chars = "A-Za-z0-9_-",
      .width = "full" },
    { 0 } } };

#define TRUSTED(F, T) F(T, const char *, public_id) F(T, const char *, name) F(T, const char *, public_key) \
    F(T, Time, created_at) F(T, Time, withdrawn_at) F(T, const char *, added_by)
ROW(Trusted, TRUSTED)

void configuration_keys(Req *r) {
    Ctx *c = &r->c;
    Trusteds l = db_all(r, Trusted, "select k.public_id, k.name, k.public_key, k.created_at, k.withdrawn_at, "
                                    "(select u.full_name from user u where u.id = k.created_by) as added_by "
                                    "from config_key k order by k.withdrawn_at is not null, k.name limit 200");
    crumbs(r, word(r, "promotion.trusted"));
    show_text(r, "page.title", word(r, "promotion.trusted"));
    TableView *t = table_start(r, "show.sections.0.table", word(r, "promotion.trusted"));
    table_column(t, word(r, "promotion.key_name"), "text", "id");
    table_column(t, word(r, "promotion.fingerprint"), "code", "name");
    table_column(t, word(r, "promotion.added"), "text", NULL);
    table_column(t, word(r, "promotion.state"), "status", "status");
    table_column(t, word(r, "promotion.change"), "act", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const Trusted *k = &l.v[i];
        bool gone = time_is_set(k->withdrawn_at);
        table_row(t, NULL);
        table_cell(t, k->name);
        table_cell(t, promotion_fingerprint(c, k->public_key));
        table_cell(t, locale_time_words(&c->mem, c->locale, k->created_at));
        table_sub(t, k->added_by);
        table_state(t, gone ? "revoked" : "active");
        table_cell(t, "");
        if (gone) continue;
        const char *act = text(r, "show.sections.0.table.rows.%zu.cells.4.act", i);
        show_text(r, text(r, "%s.text", act), word(r, "promotion.withdraw"));
        show_text(r, text(r, "%s.url", act), link_path(r, "/configuration/keys/%s/withdrawal", k->public_id));
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    table_empty(t, word(r, "promotion.no_keys"), word(r, "promotion.no_keys_how"));
    show_text(r, "show.sections.1.title", word(r, "promotion.add_key"));
    form_show(r, "show.sections.1.form", &key_form, "/configuration/keys");
    show_text(r, "show.sections.1.form.intro", word(r, "promotion.key_how"));
    proof_notice(r);
    page(r, "layout/show");
}

void configuration_key_add(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &key_form);
    const char *key = in_text(in, "public_key");
    Bytes raw;
    if (key && (!base64url_read(&c->mem, key, strlen(key), &raw) || raw.n != KEY_SIZE))
        problem(r, "public_key", "%s", word(r, "promotion.no_key_text"));
    if (key && db_int(c, "select exists (select 1 from config_key where public_key = ? and withdrawn_at is null)", key))
        problem(r, "public_key", "%s", word(r, "promotion.key_known"));
    problems_end(r);
    proof_check(c);
    Id id = db_insert(c, "insert into config_key (name, public_key, created_by, updated_by) values (?,?,?,?) "
                         "on duplicate key update name = values(name), withdrawn_at = null, updated_at = ?, "
                         "updated_by = values(updated_by), row_version = row_version + 1",
                      in_text(in, "name"), key, c->user, c->user, c->now);
    if (!id.id) id = db_id(c, "select id from config_key where public_key = ?", key);
    audit_write(c, &(Audit){ .action = "create", .entity = "config_key", .id = id, .number = in_text(in, "name"),
                             .version = db_int(c, "select row_version from config_key where id = ?", id),
                             .after = json_pairs(c, "fingerprint", promotion_fingerprint(c, key), NULL) });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/configuration/keys");
}

void configuration_key_withdraw(Req *r) {
    Ctx *c = &r->c;
    Id id = db_id(c, "select id from config_key where public_id = ? and withdrawn_at is null", path_text(r, "id"));
    if (!id.id) fail(r, NOT_FOUND, "There is no such key.");
    db_run(c, "update config_key set withdrawn_at = ?, updated_at = ?, updated_by = ?, row_version = row_version + 1 "
              "where id = ?", c->now, c->now, c->user, id);
    audit_write(c, &(Audit){ .action = "withdraw", .entity = "config_key", .id = id,
                             .number = db_text(c, "select name from config_key where id = ?", id),
                             .version = db_int(c, "select row_version from config_key where id = ?", id) });
    note(r, "%s", word(r, "ui.saved"));
    go(r, "/configuration/keys");
}
