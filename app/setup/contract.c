/*
 * Contracts (ONB02US02, tab 6): types with a text that names the consumer, the account, the plan and the day. A text
 * that changes is a new version; former ones stay readable. Shown with sample data, as a page and as a PDF. Files
 * that go with it (general terms, a price sheet) are attached to it.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/sheet.h"
#include "lib/table.h"
#include "lib/utf8.h"

enum { VERSIONS_MOST = 100, FILES_MOST = 10 };

#define SAY(r, key) msg((r)->c.language, "settings." key)

static void touched(Req *r, const Input *in, Id id) {
    (void)in, (void)id;
    setup_step_touch(&r->c, "core_settings");
}

/* --- the text ----------------------------------------------------------------------------------------------------- */

static const char *const places[] = { "consumer.name", "account.account_no", "plan.name", "date", NULL };

/* Which of them stands at s after "{{"; -1: none. */
static int place_at(const char *s, size_t n) {
    for (int i = 0; places[i]; i++)
        if (strlen(places[i]) == n && !strncmp(places[i], s, n)) return i;
    return -1;
}

/* The next "{{...}}" from s; NULL when there is none. n: length of what is between; without an end up to the line's. */
static const char *place_next(const char *s, size_t *n, bool *ended) {
    const char *open = strstr(s, "{{");
    if (!open) return NULL;
    const char *end = strstr(open, "}}");
    size_t line = strcspn(open, "\n");
    *ended = end && (size_t)(end - open) < line;
    *n = *ended ? (size_t)(end - open - 2) : strcspn(open + 2, " \n");
    return open;
}

static int line_of(const char *all, const char *at) {
    int line = 1;
    for (const char *s = all; s < at; s++) line += *s == '\n';
    return line;
}

/* What is none of the places is named with its line. */
static void contract_check(Req *r, const Input *in, Id id) {
    (void)id;
    const char *all = in_text(in, "template_text"), *service = in_text(in, "service_code");
    if (service && !db_int(r, "select count(*) from utility_service where utility_id=? and code=? and active=1",
                           r->c.utility, service))
        problem(r, "service_code", "%s", msg_format(r, r->c.language, "settings.no_service", { "code", service }));
    size_t n = 0;
    bool ended = false;
    for (const char *s = all; s && (s = place_next(s, &n, &ended)); s += 2 + n) {
        if (ended && place_at(s + 2, n) >= 0) continue;
        problem(r, "template_text", "%s", msg_format(r, r->c.language, "settings.placeholder",
                { "name", text_copy_n(r, s + 2, n) }, { "line", text(r, "%d", line_of(all, s)) }));
        return;
    }
}

/* arg: values in the order of `places`. */
static const char *place_value(void *arg, const char *name, size_t n) {
    const char *const *values = arg;
    int which = place_at(name, n);
    return which < 0 ? NULL : values[which];
}

/* --- versions ----------------------------------------------------------------------------------------------------- */

#define CONTRACT(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) F(T, int, version) \
    F(T, const char *, template_text) F(T, Id, category_id) F(T, Time, updated_at)
ROW(Contract, CONTRACT)
#define CONTRACT_SELECT "select id, code, name, version, template_text, category_id, updated_at from contract_type "

/* The text as it was is kept when another one takes its place. */
static void keep_version(Req *r, Input *in, Id id) {
    if (!id.id) return;
    const Contract *now = db_one(r, Contract, CONTRACT_SELECT "where id=? for update", id);
    const char *text_ = in_text(in, "template_text");
    if (!now->template_text || !strcmp(now->template_text, text_ ? text_ : "")) return;
    db_run(r, "insert into contract_text (contract_type_id, version, template_text, created_by) values (?,?,?,?)",
           id, now->version, now->template_text, r->c.user);
    db_run(r, "update contract_type set version=version+1 where id=?", id);
}

#define FORMER(F, T) F(T, int, version) F(T, Time, created_at) F(T, const char *, by_)
ROW(Former, FORMER)

/* --- files that go with it ---------------------------------------------------------------------------------------- */

#define PAPER(F, T) F(T, const char *, public_id) F(T, const char *, file_name) F(T, int64_t, size) \
    F(T, const char *, by_) F(T, Time, created_at)
ROW(Paper, PAPER)

#define OF_CONTRACT "d.utility_id=? and d.entity='contract_type' and d.entity_id=? and d.erased_at is null"

static void show_files(Req *r, const char *section, Id contract, const char *code, bool removes) {
    Ctx *c = &r->c;
    show_text(r, text(r, "%s.title", section), SAY(r, "files"));
    const char *table = text(r, "%s.table", section);
    TableView *t = table_start(r, table, SAY(r, "files"));
    table_column(t, SAY(r, "file"), "text", "id");
    table_column(t, SAY(r, "file_size"), "num", NULL);
    table_column(t, SAY(r, "file_by"), "text", "name");
    table_column(t, SAY(r, "file_at"), "date", NULL);
    if (removes) table_column(t, SAY(r, "file_remove"), "act", NULL);
    Papers l = db_all(r, Paper, "select d.public_id, d.file_name, d.size, u.full_name as by_, d.created_at "
                      "from document d left join user u on u.id=d.created_by where " OF_CONTRACT
                      " order by d.file_name, d.id limit ?", c->utility, contract, (int)FILES_MOST);
    for (size_t i = 0; i < l.n; i++) {
        const Paper *p = &l.v[i];
        const char *url = link_path(r, "/settings/contracts/%s/files/%s", code, p->public_id);
        table_row(t, url);
        table_cell(t, p->file_name);
        table_cell(t, text(r, "%s KB", locale_count(&c->mem, c->locale, (p->size + 1023) / 1024)));
        table_cell(t, p->by_ ? p->by_ : "");
        table_cell(t, locale_time(&c->mem, c->locale, p->created_at));
        if (!removes) continue;
        table_cell(t, "");
        char *act = text(r, "%s.rows.%zu.cells.4.act", table, i);
        show_text(r, text(r, "%s.text", act), SAY(r, "file_remove"));
        show_text(r, text(r, "%s.url", act), text(r, "%s/deletion", url));
        show_text(r, text(r, "%s.post", act), "1");
        show_text(r, text(r, "%s.kind", act), "quiet");
    }
    table_empty(t, SAY(r, "no_files"), NULL);
}

static const Form file_form = { .name = "contract_file", .fields = FIELDS {
    { "file", FILE_FIELD, .flags = REQUIRED }, { 0 } } };

static const Contract *contract_of_path(Req *r) {
    return db_one(r, Contract, CONTRACT_SELECT "where utility_id=? and code=?", r->c.utility, path_text(r, "key"));
}

void contract_files_page(Req *r) {
    const Contract *k = contract_of_path(r);
    show_text(r, "page.title", text(r, "%s, %s", SAY(r, "files"), k->name));
    show_text(r, "page.crumbs.0.text", SAY(r, "contracts"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/settings/contracts"));
    show_text(r, "page.crumbs.1.text", k->name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/settings/contracts/%s", k->code));
    show_text(r, "page.crumbs.2.text", SAY(r, "files"));
    show_files(r, "show.sections.0", k->id, k->code, true);
    form_show(r, "show.sections.1.form", &file_form, text(r, "/settings/contracts/%s/files", k->code));
    show_text(r, "show.sections.1.title", SAY(r, "file_add"));
    show_text(r, "show.sections.1.form.multipart", "1");
    show_text(r, "show.sections.1.form.submit", SAY(r, "file_add"));
    page(r, "layout/show");
}

void contract_file_add(Req *r) {
    Ctx *c = &r->c;
    const Contract *k = contract_of_path(r);
    const Upload *u = r->uploads.n ? &r->uploads.v[0] : NULL;
    if (!u || !u->size) problem(r, "file", "%s", SAY(r, "file_none"));
    else if (db_int(r, "select count(*) from document d where " OF_CONTRACT, c->utility, k->id) >= FILES_MOST)
        problem(r, "file", "%s", SAY(r, "files_most"));
    NewDocument d = { .file_name = u ? u->filename : NULL, .fd = u ? u->fd : 0, .entity = "contract_type",
                      .entity_id = k->id };
    const char *no = r->problems ? NULL : document_refused(c, &d);
    if (no) problem(r, "file", "%s", no);
    problems_end(r);
    document_store(c, &d);
    audit_note(c, "attach", "contract_type", k->id, k->code, u->filename);
    note(r, "%s", msg_format(r, c->language, "settings.file_added", { "file", u->filename }, { "name", k->name }));
    go(r, "/settings/contracts/%s/files", k->code);
}

static Id file_of_path(Req *r, const Contract *k) {
    Id id = db_id(r, "select d.id from document d where d.public_id=? and " OF_CONTRACT, path_text(r, "file"),
                  r->c.utility, k->id);
    if (!id.id) fail(r, NOT_FOUND, "There is no such document.");
    return id;
}

void contract_file(Req *r) {
    const Contract *k = contract_of_path(r);
    const Document *d = document_open(&r->c, file_of_path(r, k));
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}

void contract_file_remove(Req *r) {
    Ctx *c = &r->c;
    const Contract *k = contract_of_path(r);
    Id id = file_of_path(r, k);
    const char *name = text_copy(r, document_open(c, id)->file_name);
    document_erase(c, id);
    audit_note(c, "detach", "contract_type", k->id, k->code, name);
    note(r, "%s", msg_format(r, c->language, "settings.file_removed", { "file", name }));
    go(r, "/settings/contracts/%s/files", k->code);
}

static void contract_show(Req *r, Id id) {
    Ctx *c = &r->c;
    const Contract *now = db_one(r, Contract, CONTRACT_SELECT "where id=?", id);
    show_text(r, "show.sections.1.title", SAY(r, "versions"));
    TableView *t = table_start(r, "show.sections.1.table", SAY(r, "versions"));
    table_column(t, SAY(r, "version"), "num", "id");
    table_column(t, SAY(r, "replaced"), "text", NULL);
    table_column(t, SAY(r, "replaced_by"), "text", NULL);
    if (now->template_text) {
        table_row(t, link_path(r, "/settings/contracts/%s/preview", now->code));
        table_cell(t, text(r, "%d", now->version));
        table_cell(t, SAY(r, "version_now"));
        table_cell(t, "");
    }
    Formers l = db_all(r, Former, "select x.version, x.created_at, u.full_name as by_ from contract_text x "
                       "left join user u on u.id=x.created_by where x.contract_type_id=? order by x.version desc "
                       "limit ?", id, (int)VERSIONS_MOST);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, link_path(r, "/settings/contracts/%s/preview?version=%d", now->code, l.v[i].version));
        table_cell(t, text(r, "%d", l.v[i].version));
        table_cell(t, locale_time(&c->mem, c->locale, l.v[i].created_at));
        table_cell(t, l.v[i].by_ ? l.v[i].by_ : "");
    }
    table_empty(t, SAY(r, "no_text"), NULL);
    show_files(r, "show.sections.2", id, now->code, false);
    if (!perm_may(c, "core.settings", EDIT)) return;
    show_text(r, "show.sections.2.link.text", SAY(r, "file_add"));
    show_text(r, "show.sections.2.link.url", link_path(r, "/settings/contracts/%s/files", now->code));
}

/* --- with sample data --------------------------------------------------------------------------------------------- */

typedef struct Sample { const Contract *of; int version; const char *body; } Sample;

static Sample sample_here(Req *r) {
    Ctx *c = &r->c;
    const Contract *k = db_one(r, Contract, CONTRACT_SELECT "where utility_id=? and code=?", c->utility,
                               path_text(r, "key"));
    int64_t version = k->version;
    const char *asked = query_text(r, "version"), *template_ = k->template_text;
    if (asked && count_parse(asked, INT32_MAX, &version) == NUMBER_OK && version != k->version)
        template_ = db_text(c, "select template_text from contract_text where contract_type_id=? and version=?", k->id,
                            version);
    if (!template_) fail(r, NOT_FOUND, "%s", SAY(r, "no_text"));
    const char *plan = db_text(c, "select p.name from tariff_plan p where p.utility_id=? and p.status='active' "
        "and (? is null or json_length(p.category_ids)=0 or json_contains(p.category_ids, cast(? as char))) "
        "order by p.code limit 1", c->utility, k->category_id, k->category_id);
    const char *values[] = { SAY(r, "sample_name"), SAY(r, "sample_account"), plan ? plan : SAY(r, "sample_plan"),
                             locale_date(&c->mem, c->locale, utility_today(c)) };
    return (Sample){ k, (int)version, places_filled(&c->mem, template_, place_value, values) };
}

void contract_preview_page(Req *r) {
    Sample s = sample_here(r);
    show_text(r, "page.title", text(r, "%s, %s %d", s.of->name, SAY(r, "version"), s.version));
    show_text(r, "page.crumbs.0.text", SAY(r, "contracts"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/settings/contracts"));
    show_text(r, "page.crumbs.1.text", s.of->name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/settings/contracts/%s", s.of->code));
    show_text(r, "page.actions.0.text", SAY(r, "as_pdf"));
    show_text(r, "page.actions.0.icon", "download");
    show_text(r, "page.actions.0.url", link_path(r, "/settings/contracts/%s/preview.pdf?version=%d", s.of->code,
                                                 s.version));
    show_text(r, "show.sections.0.title", SAY(r, "sample"));
    show_text(r, "show.sections.0.kind", "facts");
    show_fact(r, "show.sections.0.facts", SAY(r, "text"), s.body, NULL);
    show_text(r, "show.sections.0.facts.0.kind", "pre");
    page(r, "layout/show");
}

void contract_preview_pdf(Req *r) {
    Ctx *c = &r->c;
    Sample s = sample_here(r);
    Sheet *sheet = paper_sheet(c, &(PaperTitle){ .title = s.of->name, .no = text(c, "%s/%d", s.of->code, s.version),
                               .date = locale_date(&c->mem, c->locale, utility_today(c)), .made_at = c->now },
                               c->language);
    char *rest = text_copy(c, s.body), *save;
    for (char *line = strtok_r(rest, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        sheet_paragraph(sheet, line, false);
    Bytes pdf = pdf_end(sheet->pdf);
    if (!pdf.p) fail(r, BROKEN, "the contract could not be drawn");
    answer(r, 200, "application/pdf", pdf.p, pdf.n);
}

/* --- the type ----------------------------------------------------------------------------------------------------- */

const Resource contract_type = {
    .table = "contract_type", .path = "/settings/contracts", .feature = "core.settings", .one = "contract",
    .many = "contracts", .tabs = "settings",
    .fields = FIELDS {
        { "code",        "Code",     TEXT(2, 20), .chars = "A-Z0-9_-",
          .chars_text = "Use capital letters, digits and dashes.",
          .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",        "Name",     TEXT(2, 120), .flags = REQUIRED | LIST | SEARCH },
        { "category_id", "Category", REF(consumer_category), .flags = LIST },
        { "service_code", "Service code", TEXT(0, 4), .flags = LIST },
        { "term_months", "Term",     INT(1, 600), .flags = LIST, .suffix = "months" },
        { "notice_days", "Notice",   INT(0, 365), .flags = REQUIRED | LIST, .suffix = "days", .initial = "30" },
        { "auto_renew",  "Renewed automatically", BOOL, .flags = LIST, .initial = "1" },
        { "required",    "Required", BOOL, .flags = LIST },
        { "template_text", "Text",   LONG_TEXT(0, 60000), .hint = "May name {{consumer.name}}, {{account.account_no}}, "
          "{{plan.name}} and {{date}}." },
        { "active",      "Active",   BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .links = (const ListAction[]){
        { "settings.none_title", "/settings/contracts/none", NULL, "core.settings", EDIT, false }, { 0 } },
    .check = contract_check, .before_save = keep_version, .after_save = touched, .show = contract_show,
};
