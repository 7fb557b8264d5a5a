/*
 * The calculator (ONB02US05): a plan or one of its versions and a use in, the bill out line by line with the arithmetic
 * of each; beside it another plan or version. Exports and imports the quote document of `smart360 quote`. All by
 * billing's engine; nothing is stored, so that everything asked for stands in the address.
 */
#include <string.h>
#include <unistd.h>

#include "app/setup/pages.h"
#include "app/setup/plan.h"

enum { FIELDS_MOST = 40, TOU_MOST = 12, REBATES_MOST = 20, DOCUMENT_BYTES = 256 * 1024, DAYS_MOST = 400 };

static const Field asked[] = {
    { "plan",     "Plan or version", TEXT(2, 40), .flags = REQUIRED },
    { "from",     "From",            DATE_FIELD,  .flags = REQUIRED },
    { "to",       "To",              DATE_FIELD,  .hint = "The last day billed. Or give days." },
    { "days",     "Days",            INT(1, DAYS_MOST) },
    { "quantity", "Quantity",        QTY(0, 0) },
    { "size",     "Meter size",      TEXT(1, 10), .hint = "As 5/8, 3/4, 2 or 20 mm" },
    { "winter",   "Winter average",  QTY(0, 0),   .hint = "Empty: there is none" },
    { "eru",      "ERU",             QTY(0, 0) },
    { "units",    "Dwelling units",  INT(1, 10000) },
    { "demand",   "Highest demand",  QTY(0, 0),   .suffix = "kW" },
    { "peak",     "Highest of the last 12 months", QTY(0, 0), .suffix = "kW" },
    { "rebates",  "Rebates",         CHOICES(NULL) },
    { "enrolled", "Enrolled in the rebates of the plan", BOOL },
    { "part",     "First or final bill", BOOL,    .hint = "Charges for a time go by days unless all days are there" },
    { "exempt",   "Exempt from taxes", BOOL },
    { "other",    "Compare with",    TEXT(2, 40) },
    { 0 } };

typedef struct Asked {
    Form        form;
    Field       fields[FIELDS_MOST];
    Choice      rebates[REBATES_MOST + 1];
    Id          rebate_ids[REBATES_MOST];
    const char *tou[TOU_MOST];
    int         tou_n;
    bool        has_rebates;            /* of its own, for who is enrolled */
    PlanChoice  main, other;
    Input      *in;
    TariffFact  facts[5], used[TOU_MOST];
    Id          chosen[REBATES_MOST];
    TariffUse   use;
} Asked;

#define CODE_ROW(F, T) F(T, const char *, code)
ROW(CodeRow, CODE_ROW)

/* The form knows the time-of-use periods of the plan that is chosen and the rebates of the utility. */
static void form_make(Req *r, Asked *a) {
    PlanNameds rules = db_all(r, PlanNamed, "select id, code, name from rebate_rule where utility_id=? and active=1 "
                                            "order by code, id limit ?", r->c.utility, REBATES_MOST);
    for (size_t i = 0; i < rules.n; i++) {
        a->rebates[i] = (Choice){ rules.v[i].code, rules.v[i].name };
        a->rebate_ids[i] = rules.v[i].id;
    }
    if (a->main.plan) {
        CodeRows tou = db_all(r, CodeRow, "select distinct t.code from tariff_tou_period t "
            "join tariff_rate x on x.id=t.rate_id join tariff_plan_version v on v.id=x.version_id where v.plan_id=? "
            "order by t.code limit ?", a->main.plan->id, TOU_MOST);
        for (size_t i = 0; i < tou.n; i++) a->tou[a->tou_n++] = tou.v[i].code;
    }
    a->has_rebates = a->main.plan && db_int(r, "select exists (select 1 from tariff_rate x join tariff_plan_version v "
        "on v.id=x.version_id where v.plan_id=? and x.type='rebate')", a->main.plan->id);
    size_t n = 0;
    for (const Field *f = asked; f->name; f++) {
        if (!strcmp(f->name, "rebates") && !rules.n) continue;
        if (!strcmp(f->name, "quantity") && a->tou_n) continue;
        if (!strcmp(f->name, "enrolled") && !a->has_rebates) continue;
        a->fields[n] = *f;
        if (f->type == FIELD_CHOICES) a->fields[n].choices = a->rebates;
        n++;
        for (int i = 0; !strcmp(f->name, "days") && i < a->tou_n; i++)
            a->fields[n++] = (Field){ .name = text(r, "use_%s", a->tou[i]),
                                      .label = text(r, "%s, %s", PLAN_SAY(r, "quantity"), a->tou[i]), QTY(0, 0) };
    }
    a->form = (Form){ .name = "calculator", .fields = a->fields };
}

/* A form by GET: read like a posted one, shown again with what was typed. */
static Input *query_read(Req *r, const Form *form) {
    r->fields = r->query;
    r->again = true;
    return form_read(r, form);
}

static void facts_read(Asked *a) {
    Input *in = a->in;
    TariffUse *u = &a->use;
    u->attributes = a->facts;
    if (in_given(in, "eru")) a->facts[u->attribute_n++] = (TariffFact){ "eru", in_qty(in, "eru") };
    if (in_given(in, "demand")) a->facts[u->attribute_n++] = (TariffFact){ "demand", in_qty(in, "demand") };
    if (in_given(in, "peak")) a->facts[u->attribute_n++] = (TariffFact){ "demand_peak", in_qty(in, "peak") };
    int64_t units = in_given(in, "units") ? in_int(in, "units") : 1;
    a->facts[u->attribute_n++] = (TariffFact){ "dwelling_units", { units * 1000000 } };
    u->size = in_text(in, "size");
    u->has_winter_average = in_given(in, "winter"), u->winter_average = in_qty(in, "winter");
    u->is_enrolled = a->has_rebates && in_bool(in, "enrolled");
    u->is_part = in_bool(in, "part"), u->is_tax_exempt = in_bool(in, "exempt");
    u->explains = true;
    if (!a->tou_n) u->quantity = in_qty(in, "quantity");
    for (int i = 0; i < a->tou_n; i++)
        a->used[i] = (TariffFact){ a->tou[i], in_qty(in, text(in->r, "use_%s", a->tou[i])) };
    u->tou = a->used, u->tou_n = a->tou_n;
    u->rebates = a->chosen;
    if (!a->rebate_ids[0].id) return;
    Texts codes = in_texts(in, "rebates");
    for (size_t i = 0; i < codes.n; i++)
        for (int k = 0; k < REBATES_MOST && a->rebates[k].value; k++)
            if (!strcmp(a->rebates[k].value, codes.v[i])) a->chosen[u->rebate_n++] = a->rebate_ids[k];
}

/* What the address asks for; false: nothing yet, or problems are noted. */
static bool ask(Req *r, Asked *a) {
    const char *plan = query_text(r, "plan");
    a->main = plan ? plan_choice(r, plan) : (PlanChoice){ 0 };
    form_make(r, a);
    if (!plan || !query_text(r, "from")) return false;
    a->in = query_read(r, &a->form);
    if (!a->main.plan) problem(r, "plan", "%s", PLAN_SAY(r, "choose_plan"));
    if (in_given(a->in, "other") && !(a->other = plan_choice(r, in_text(a->in, "other"))).plan)
        problem(r, "other", "%s", PLAN_SAY(r, "choose_plan"));
    if (in_given(a->in, "from")) {
        a->use.from = in_date(a->in, "from");
        a->use.to = in_given(a->in, "to") ? in_date(a->in, "to") : in_given(a->in, "days")
            ? date_add_days(a->use.from, (int)in_int(a->in, "days") - 1) : date_add_days(a->use.from, 29);
        int days = a->use.to.day - a->use.from.day + 1;
        if (days < 1) problem(r, "to", "%s", PLAN_SAY(r, "to_before"));
        else if (days > DAYS_MOST)
            problem(r, "to", "%s", msg_format(r, r->c.language, "plan.days_most", { "n", text(r, "%d", DAYS_MOST) }));
        else if (in_given(a->in, "to") && in_given(a->in, "days") && in_int(a->in, "days") != days)
            problem(r, "days", "%s", msg_format(r, r->c.language, "plan.days_differ", { "n", text(r, "%d", days) }));
    }
    facts_read(a);
    return !r->problems;
}

static TariffDesk *desk_of(Req *r, const PlanChoice *p, const TariffUse *u) {
    return tariff_desk(&r->c, p->plan->id, p->version ? p->version->id : (Id){ 0 }, u->from, u->to);
}

static const char *choice_text(Req *r, const PlanChoice *p) {
    return p->version ? text(r, "%s, %s %d", p->plan->code, PLAN_SAY(r, "version"), p->version->version_no)
        : p->plan->code;
}

static void show_result(Req *r, Asked *a) {
    Ctx *c = &r->c;
    TariffBill bill = tariff_bill(desk_of(r, &a->main, &a->use), &a->use);
    plan_bill_table(r, "show.sections.1", choice_text(r, &a->main), &bill);
    if (!bill.refusal) {
        show_text(r, "show.sections.1.actions.0.text", PLAN_SAY(r, "export_quote"));
        show_text(r, "show.sections.1.actions.0.icon", "download");
        const char *q = strchr(r->uri, '?');
        show_text(r, "show.sections.1.actions.0.url", link_path(r, "/plans/calculator/document%s", q ? q : ""));
    }
    if (!a->other.plan) return;
    TariffBill other = tariff_bill(desk_of(r, &a->other, &a->use), &a->use);
    plan_bill_table(r, "show.sections.2", choice_text(r, &a->other), &other);
    show_text(r, "show.sections.1.span", "half");
    show_text(r, "show.sections.2.span", "half");
    if (bill.refusal || other.refusal) return;
    Money d = money_sub(other.total, bill.total);
    show_text(r, "show.sections.2.after.strong", locale_money(&c->mem, c->locale, d));
    show_text(r, "show.sections.2.after.text",
              msg_format(r, c->language, d.minor > 0 ? "plan.more_than" : "plan.less_than",
                         { "plan", choice_text(r, &a->main) }));
}

static void show_form(Req *r, Asked *a) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "show.sections.0.form", &a->form, "/plans/calculator");
    plan_options(r, v, "plan");
    form_set(v, "plan", "kind", "select");
    form_set(v, "plan", "blank", msg(c->language, "ui.choose"));
    plan_options(r, v, "other");
    form_set(v, "other", "kind", "select");
    form_set(v, "other", "blank", PLAN_SAY(r, "nothing"));
    Month last = month_add(month_of(utility_today(c)), -1);
    form_date(v, "from", month_first(last));
    form_date(v, "to", month_last(last));
    form_text(v, "plan", query_text(r, "plan"));
    show_text(r, "show.sections.0.form.get", "1");
    show_text(r, "show.sections.0.form.submit", PLAN_SAY(r, "compute"));
}

static const Form document_form = { .name = "quote_document", .fields = FIELDS {
    { "file",     "File",     FILE_FIELD, .hint = "A quote document (JSON), at most 256 KiB" },
    { "document", "Document", LONG_TEXT(0, DOCUMENT_BYTES), .flags = AS_IS, .hint = "Or its text" },
    { 0 } } };

static void show_import(Req *r, const char *section) {
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "import_quote"));
    form_show(r, text(r, "%s.form", section), &document_form, "/plans/calculator/document");
    show_text(r, text(r, "%s.form.multipart", section), "1");
    show_text(r, text(r, "%s.form.submit", section), PLAN_SAY(r, "compute"));
}

static void title(Req *r) {
    show_text(r, "page.title", PLAN_SAY(r, "calculator"));
    show_text(r, "page.crumbs.0.text", PLAN_SAY(r, "title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/plans"));
    show_text(r, "page.crumbs.1.text", PLAN_SAY(r, "calculator"));
}

void plan_calculator_page(Req *r) {
    Asked *a = take(r, sizeof *a);
    bool posted = r->again;                     /* the document's form, refused */
    bool ready = !posted && ask(r, a);
    if (posted) form_make(r, a);
    title(r);
    show_text(r, "page.sub", PLAN_SAY(r, "calculator_how"));
    show_text(r, "show.sections.0.title", PLAN_SAY(r, "what"));
    show_form(r, a);
    for (int i = 0; i < r->problems; i++) {
        show_text(r, at(r, "page.errors", (size_t)i, "field"), r->problem[i].field);
        show_text(r, at(r, "page.errors", (size_t)i, "text"), r->problem[i].text);
    }
    if (ready) show_result(r, a);
    show_import(r, "show.sections.3");
    if (!posted && r->problems) r->status = 422;
    page(r, "layout/show");
}

void plan_calculator_document(Req *r) {
    Asked *a = take(r, sizeof *a);
    if (!ask(r, a)) fail(r, NOT_FOUND, "%s", PLAN_SAY(r, "choose_plan"));
    const char *problem_ = NULL, *document = tariff_document(desk_of(r, &a->main, &a->use), &a->use, &problem_);
    if (!document) fail(r, CONFLICT, "%s", problem_);
    header_set(r, "Content-Disposition", text(r, "attachment; filename=\"%s-quote.json\"", a->main.plan->code));
    answer(r, 200, "application/json", document, strlen(document));
}

/* The bytes of the file, else of the text; INVALID when there are none. */
const char *plan_document_read(Req *r, const char *field, size_t *n) {
    const Upload *u = r->uploads.n ? &r->uploads.v[0] : NULL;
    if (u && u->size > DOCUMENT_BYTES) fail_field(r, INVALID, field, "%s", PLAN_SAY(r, "document_large"));
    if (u && u->size) {
        char *bytes = take(r, (size_t)u->size + 1);
        ssize_t got = pread(u->fd, bytes, (size_t)u->size, 0);
        if (got != (ssize_t)u->size) fail(r, BROKEN, "the uploaded document cannot be read");
        return *n = (size_t)got, bytes;
    }
    const char *s = field_text(r, field);
    if (!s || !*s) fail_field(r, INVALID, field, "%s", PLAN_SAY(r, "document_none"));
    return *n = strlen(s), s;
}

void plan_calculator_import(Req *r) {
    size_t n;
    const char *bytes = plan_document_read(r, "document", &n), *currency = NULL;
    TariffBill bill = tariff_document_bill(&r->c, bytes, n, &currency);
    if (bill.refusal) fail_field(r, INVALID, "document", "%s", bill.refusal);
    title(r);
    show_text(r, "page.sub", text(r, "%s, %s", PLAN_SAY(r, "document"), currency));
    plan_bill_table(r, "show.sections.0", PLAN_SAY(r, "document"), &bill);
    show_import(r, "show.sections.1");
    page(r, "layout/show");
}
