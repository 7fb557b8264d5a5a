/*
 * Document types (ONB02US02, tab 5): what may be uploaded as proof of what, and which applications ask for it.
 */
#include <string.h>

#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

enum { CATEGORIES_MOST = 100 };

#define SAY(r, key) msg((r)->c.language, "settings." key)

static void touched(Req *r, const Input *in, Id id) {
    (void)in, (void)id;
    setup_step_touch(&r->c, "core_settings");
}

/* --- which applications ask for it -------------------------------------------------------------------------------- */

/* Kinds of applications, each with the categories that must bring the document: {"new_connection": ["RES"]}. */
static const Form required_form = { .name = "document_required", .fields = FIELDS {
    { "new_connection", NULL, CHOICES(NULL) }, { "transfer", NULL, CHOICES(NULL) },
    { "reconnection", NULL, CHOICES(NULL) }, { "disconnection", NULL, CHOICES(NULL) }, { 0 } } };

#define CATEGORY_NAME(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(CategoryName, CATEGORY_NAME)

#define DOCUMENT_TYPE(F, T) F(T, Id, id) F(T, const char *, code) F(T, const char *, name) \
    F(T, const char *, mandatory_for) F(T, int64_t, row_version)
ROW(TypeRow, DOCUMENT_TYPE)

static const TypeRow *type_here(Req *r) {
    return db_one(r, TypeRow, "select id, code, name, mandatory_for, row_version from document_type "
                              "where utility_id=? and code=?", r->c.utility, path_text(r, "key"));
}

static Json required_of(Ctx *c, const TypeRow *t) {
    const char *s = t->mandatory_for ? t->mandatory_for : "{}";
    return json_read(&c->mem, s, strlen(s), JSON_SIZE_MAX, NULL);
}

static bool asks(Json list, const char *code) {
    for (size_t i = 0; i < json_size(list); i++)
        if (!strcmp(json_text(json_item(list, i), "") ? json_text(json_item(list, i), "") : "", code)) return true;
    return false;
}

const char *document_applications(Req *r, const char *mandatory_for, const char *category) {
    Json all = required_of(&r->c, &(TypeRow){ .mandatory_for = mandatory_for });
    Text names = text_start(r);
    text_add(&names, "");
    for (const Field *f = required_form.fields; f->name; f++)
        if (asks(json_member(all, f->name), category))
            text_addf(&names, "%s%s", names.n ? ", " : "", field_label(r, &required_form, f));
    return names.s;
}

/* On the page of a type: who has to bring it. */
static void document_show(Req *r, Id id) {
    (void)id;
    const TypeRow *t = type_here(r);
    Json all = required_of(&r->c, t);
    show_text(r, "show.sections.1.title", SAY(r, "required_for"));
    TableView *table = table_start(r, "show.sections.1.table", SAY(r, "required_for"));
    table_column(table, SAY(r, "application"), "text", "id");
    table_column(table, SAY(r, "categories"), "text", NULL);
    for (const Field *f = required_form.fields; f->name; f++) {
        Json list = json_member(all, f->name);
        Text names = text_start(r);
        text_add(&names, "");
        for (size_t i = 0; i < json_size(list); i++)
            text_addf(&names, "%s%s", i ? ", " : "", json_text(json_item(list, i), ""));
        if (!json_size(list)) continue;
        table_row(table, NULL);
        table_cell(table, field_label(r, &required_form, f));
        table_cell(table, names.s);
    }
    table_empty(table, SAY(r, "required_nowhere"), NULL);
    if (!perm_may(&r->c, "core.settings", EDIT)) return;
    show_text(r, "show.sections.1.link.text", SAY(r, "required_change"));
    show_text(r, "show.sections.1.link.url", link_path(r, "/settings/documents/%s/required", t->code));
}

void document_required_page(Req *r) {
    const TypeRow *t = type_here(r);
    FormView *v = form_show(r, "form", &required_form, text(r, "/settings/documents/%s/required", t->code));
    Json all = required_of(&r->c, t);
    CategoryNames l = db_all(r, CategoryName, "select code, name from consumer_category where utility_id=? "
                             "and active=1 order by sort, code limit ?", r->c.utility, (int)CATEGORIES_MOST);
    for (const Field *f = required_form.fields; f->name; f++)
        for (size_t i = 0; i < l.n; i++) {
            form_option(v, f->name, l.v[i].code, text(r, "%s %s", l.v[i].code, l.v[i].name));
            if (!form_again(v) && asks(json_member(all, f->name), l.v[i].code))
                show_text(r, text(r, "%s.%zu.selected", form_at(v, text(r, "fields.%s.options", f->name)), i), "1");
        }
    form_version(v, t->row_version);
    show_text(r, "page.title", text(r, "%s: %s", t->name, SAY(r, "required_for")));
    show_text(r, "page.crumbs.0.text", SAY(r, "documents"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/settings/documents"));
    show_text(r, "page.crumbs.1.text", t->name);
    show_text(r, "page.crumbs.1.url", link_path(r, "/settings/documents/%s", t->code));
    show_text(r, "form.intro", SAY(r, "required_how"));
    show_text(r, "form.cancel_url", link_path(r, "/settings/documents/%s", t->code));
    page(r, "layout/form");
}

void document_required_post(Req *r) {
    Ctx *c = &r->c;
    const TypeRow *t = type_here(r);
    Input *in = form_read(r, &required_form);
    Text out = text_start(c);
    JsonOut o = json_out(&out);
    json_open_object(&o, NULL);
    for (const Field *f = required_form.fields; f->name; f++) {
        Texts chosen = in_texts(in, f->name);
        if (chosen.n) json_open_list(&o, f->name);
        for (size_t i = 0; i < chosen.n; i++) {
            if (!db_int(c, "select count(*) from consumer_category where utility_id=? and code=?", c->utility,
                        chosen.v[i]))
                problem(r, f->name, "There is no category %s.", chosen.v[i]);
            json_add_text(&o, NULL, chosen.v[i]);
        }
        if (chosen.n) json_close(&o);
    }
    json_close(&o);
    problems_end(r);
    db_must(c, 1, CONFLICT, "update document_type set mandatory_for=?, updated_at=?, updated_by=?, "
            "row_version=row_version+1 where id=? and row_version=?", out.s, c->now, c->user, t->id, in->row_version);
    audit_write(c, &(Audit){ .action = "edit", .entity = "document_type", .id = t->id, .number = t->code,
                             .version = t->row_version + 1,
                             .before = json_pairs(c, "mandatory_for", t->mandatory_for, NULL),
                             .after = json_pairs(c, "mandatory_for", out.s, NULL) });
    setup_step_touch(c, "core_settings");
    note(r, "%s", msg_format(r, c->language, "settings.required_saved", { "name", t->name }));
    go(r, "/settings/documents/%s", t->code);
}

/* --- the type ----------------------------------------------------------------------------------------------------- */

static const Choice purposes[] = { { "identity", "Identity" }, { "address", "Address" }, { "ownership", "Ownership" },
                                   { "agreement", "Agreement" }, { "photo", "Photo" }, { "other", "Other" }, { 0 } };
static const Choice verifications[] = { { "none", "None" }, { "manual", "By a person" }, { 0 } };

static const char *const formats_known[] = { "pdf", "jpg", "png", "heic", "webp", NULL };

static void document_check(Req *r, const Input *in, Id id) {
    const char *formats = in_text(in, "formats");
    (void)id;
    for (const char *s = formats; s && *s; s += strspn(s, ",")) {
        size_t n = strcspn(s, ",");
        bool known = false;
        for (const char *const *f = formats_known; *f; f++) known = known || (strlen(*f) == n && !strncmp(*f, s, n));
        if (!known) {
            problem(r, "formats", "%s", SAY(r, "formats"));
            return;
        }
        s += n;
    }
}

const Resource document_type_res = {
    .table = "document_type", .path = "/settings/documents", .feature = "core.settings", .one = "document type",
    .many = "document types", .tabs = "settings",
    .fields = FIELDS {
        { "code",     "Code",     TEXT(2, 20), .chars = "A-Z0-9_-",
          .chars_text = "Use capital letters, digits and dashes.",
          .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",     "Name",     TEXT(2, 80), .flags = REQUIRED | UNIQUE | LIST | SEARCH },
        { "purpose",  "Purpose",  CHOICE(purposes), .flags = REQUIRED | LIST | FILTER },
        { "formats",  "Formats",  TEXT(3, 30), .flags = REQUIRED | LIST, .initial = "pdf,jpg,png",
          .hint = "Of pdf, jpg, png, heic, webp, with commas." },
        { "max_mb",   "Largest size", INT(1, 10), .flags = REQUIRED | LIST, .suffix = "MB", .initial = "5" },
        { "validity_days", "Valid for", INT(1, 36500), .flags = LIST, .suffix = "days" },
        { "verification",  "Verification", CHOICE(verifications), .flags = REQUIRED | LIST, .initial = "none" },
        { "active",   "Active",   BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check = document_check, .after_save = touched, .show = document_show,
    .used_by = "select count(*) from document where type_id = ?", .used_text = "documents",
};
