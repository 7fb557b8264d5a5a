/*
 * Tax codes and late fee rules (ONB02US05, tabs of Plans & Tariffs): kept here because bills are the only ones that
 * apply them. A rate that changes is a new row of its code from its day on.
 */
#include <string.h>

#include "app/billing/pages.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/table.h"

static const Choice methods[] = { { "exclusive", "billing.tax_methods.exclusive" },
                                  { "inclusive", "billing.tax_methods.inclusive" }, { 0 } };
static const Choice triggers[] = { { "grace", "billing.late_fee_triggers.grace" },
                                   { "dunning", "billing.late_fee_triggers.dunning" }, { 0 } };
static const Choice kinds[] = { { "percent", "billing.late_fee_kinds.percent" },
                                { "flat", "billing.late_fee_kinds.flat" },
                                { "greater", "billing.late_fee_kinds.greater" },

                                { "percent_per_month", "billing.late_fee_kinds.percent_per_month" },
                                { 0 } };
static const Choice spared[] = { { "agreement", "billing.late_fee_spared.agreement" },
                                 { "dispute", "billing.late_fee_spared.dispute" },
                                 { "low_income", "billing.late_fee_spared.low_income" },
                                 { "senior", "billing.late_fee_spared.senior" },
                                 { "disability", "billing.late_fee_spared.disability" },
                                 { "hardship", "billing.late_fee_spared.hardship" },
                                 { "conservation", "billing.late_fee_spared.conservation" }, { 0 } };
static const Choice repeats[] = { { "once", "billing.late_fee_repeats.once" },
                                  { "monthly", "billing.late_fee_repeats.monthly" }, { 0 } };

static void days_check(Req *r, const Input *in) {
    if (in_given(in, "effective_to") && in_given(in, "effective_from")
        && in_date(in, "effective_to").day < in_date(in, "effective_from").day)
        problem(r, "effective_to", "The last day is before the first.");
}

static void tax_check(Req *r, const Input *in, Id id) {
    days_check(r, in);
    if (in_given(in, "code") && in_given(in, "effective_from")
        && db_int(r, "select count(*) from tax_code where utility_id=? and code=? and effective_from=? and not id<=>?",
                  r->c.utility, in_text(in, "code"), in_date(in, "effective_from"), id))
        problem(r, "effective_from", "%s has a rate from that day already.", in_text(in, "code"));
}

const Resource tax_code = {
    .table = "tax_code", .path = "/plans/taxes", .feature = "core.tariffs",
    .key = "public_id", .order = "code", .tabs = "plans",
    .fields = FIELDS {
        { "code",           TEXT(2, 20), .chars = "A-Z0-9-", .flags = REQUIRED | UPPER | LIST | SEARCH
          | SORT },
        { "name",           TEXT(3, 80), .flags = REQUIRED | LIST | SEARCH },
        { "rate_ppm",       PERCENT(0, 1000000), .flags = REQUIRED | LIST },
        { "method",         CHOICE(methods), .flags = REQUIRED | LIST, .initial = "exclusive" },
        { "cap_per_unit_micro", PRICE(0, 1000000000000) },
        { "split_by_days",  BOOL },
        { "compound",       BOOL },
        { "sort",           INT(0, 999), .flags = REQUIRED, .initial = "0" },
        { "gl_code",        CHOICE(NULL), .flags = REQUIRED | LIST, .options = "select code as value, "
          "concat(code, ' ', name) as label from gl_code where utility_id = ? and active = 1 order by code" },
        { "effective_from", DATE_FIELD,  .flags = REQUIRED | LIST },
        { "effective_to",   DATE_FIELD,  .flags = LIST },
        { "active",         BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check     = tax_check,
    .links     = (const ListAction[]){
        { "plan.surcharges", "/plans/rates?type=surcharge", NULL, "core.tariffs", VIEW, false }, { 0 } },
    .used_by   = "select count(*) from tariff_rate r join tax_code t on t.id = ? and t.utility_id = r.utility_id "
                 "and json_contains(r.tax_codes, json_quote(t.code))",
    .used_text = "rates",
};

static void late_fee_check(Req *r, const Input *in, Id id) {
    days_check(r, in);
    const char *kind = in_text(in, "kind");
    bool percent = kind && strcmp(kind, "flat") != 0,
        flat = kind && (!strcmp(kind, "flat") || !strcmp(kind, "greater"));
    if (percent && !in_ppm(in, "rate_ppm")) problem(r, "rate_ppm", "Enter percentage.");
    if (flat && !in_money(in, "amount_minor").minor) problem(r, "amount_minor", "Enter amount.");
    if (in_given(in, "maximum_minor") && in_money(in, "maximum_minor").minor < in_money(in, "minimum_minor").minor)
        problem(r, "maximum_minor", "The most is below the least.");
    if (in_given(in, "code") && in_given(in, "effective_from")
        && db_int(r, "select count(*) from late_fee_rule where utility_id=? and code=? and effective_from=? "
                     "and not id<=>?", r->c.utility, in_text(in, "code"), in_date(in, "effective_from"), id))
        problem(r, "effective_from", "%s has a rule from that day already.", in_text(in, "code"));
}

/* What the kind does not use may be left empty: it counts as nothing. */
static void late_fee_zeros(Req *r, Input *in, Id id) {
    static const char *const amounts[] = { "rate_ppm", "amount_minor", "minimum_minor", "threshold_minor" };
    (void)r, (void)id;
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        Value *v = in_value(in, amounts[i]);
        if (!v->given) v->given = true, v->kind = KIND_INT64, v->n = 0;
    }
}

static const Form try_form = { .name = "late_fee_try", .fields = FIELDS {
    { "overdue", MONEY(1, 100000000000),  .flags = REQUIRED },
    { "days",    INT(1, 3650), .flags = REQUIRED, .suffix = "days" },
    { 0 } } };

/* On the page of a rule: what it makes of an amount so many days after it was due, by what the nightly job computes. */
static void late_fee_show(Req *r, Id id) {
    Input *in = NULL;
    if (query_text(r, "overdue")) {
        r->fields = r->query;
        r->again = true;
        in = form_read(r, &try_form);
    }
    FormView *v = form_show(r, "show.sections.1.form", &try_form,
                            text(r, "/plans/late-fees/%s", path_text(r, "key")));
    form_int(v, "days", 30);
    show_text(r, "show.sections.1.title", msg(r->c.language, "billing.late_fee_try"));
    show_text(r, "show.sections.1.form.get", "1");
    show_text(r, "show.sections.1.form.submit", msg(r->c.language, "billing.late_fee_compute"));
    if (!in) return;
    if (r->problems) {
        r->status = 422;
        return;
    }
    LateFeeTry fee = late_fee_try(&r->c, id, in_money(in, "overdue"), (int)in_int(in, "days"));
    Arena *a = &r->c.mem;
    show_fact(r, "show.sections.1.facts", msg(r->c.language, "billing.late_fee"),
              locale_money(a, r->c.locale, fee.amount), msg(r->c.language, fee.why));
}

const Resource late_fee_rule = {
    .table = "late_fee_rule", .path = "/plans/late-fees", .feature = "core.tariffs",
    .key = "public_id", .order = "code", .tabs = "plans",
    .fields = FIELDS {
        { "code",            TEXT(2, 20), .chars = "A-Z0-9-", .flags = REQUIRED | UPPER | LIST | SEARCH
          | SORT },
        { "name",            TEXT(3, 80), .flags = REQUIRED | LIST | SEARCH },
        { "trigger",         CHOICE(triggers), .flags = REQUIRED | LIST, .initial = "grace" },
        { "grace_days",      INT(0, 120), .flags = REQUIRED | LIST, .initial = "10", .suffix = "days" },
        { "kind",            CHOICE(kinds), .flags = REQUIRED | LIST },
        { "rate_ppm",        PERCENT(0, 1000000), .flags = LIST },
        { "amount_minor",    MONEY(0, 0) },
        { "minimum_minor",   MONEY(0, 0), .flags = LIST },
        { "maximum_minor",   MONEY(0, 0) },
        { "threshold_minor", MONEY(0, 0) },
        { "repeat_mode",     CHOICE(repeats), .flags = REQUIRED, .initial = "once" },
        { "compound",        BOOL },
        { "exempt",          CHOICES(spared) },
        { "effective_from",  DATE_FIELD,  .flags = REQUIRED | LIST },
        { "effective_to",    DATE_FIELD,  .flags = LIST },
        { "active",          BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check     = late_fee_check, .before_save = late_fee_zeros, .show = late_fee_show,
    .used_by   = "select count(*) from charge where late_fee_rule_id = ?",
    .used_text = "late fees",
};
