/*
 * Tax codes and late fee rules (ONB02US05, tabs of Plans & Tariffs): kept here because bills are the only ones that
 * apply them. A rate that changes is a new row of its code from its day on.
 */
#include <string.h>

#include "app/billing/pages.h"
#include "lib/json.h"
#include "lib/resource.h"

static const Choice methods[] = { { "exclusive", "billing.tax_methods.exclusive" },
                                  { "inclusive", "billing.tax_methods.inclusive" }, { 0 } };
static const Choice triggers[] = { { "grace", "billing.late_fee_triggers.grace" },
                                   { "dunning", "billing.late_fee_triggers.dunning" }, { 0 } };
static const Choice kinds[] = { { "percent", "billing.late_fee_kinds.percent" },
                                { "flat", "billing.late_fee_kinds.flat" },
                                { "greater", "billing.late_fee_kinds.greater" },

                                { "percent_per_month", "billing.late_fee_kinds.percent_per_month" },
                                { 0 } };
static const Choice repeats[] = { { "once", "billing.late_fee_repeats.once" },
                                  { "monthly", "billing.late_fee_repeats.monthly" }, { 0 } };

static void days_check(Req *r, const Input *in) {
    if (in_given(in, "effective_to") && in_given(in, "effective_from")
        && in_date(in, "effective_to").day < in_date(in, "effective_from").day)
        problem(r, "effective_to", "The last day is before the first.");
}

static void tax_check(Req *r, const Input *in, Id id) {
    days_check(r, in);
    const char *code = in_text(in, "gl_code");
    if (code && !db_int(r, "select count(*) from gl_code where utility_id=? and code=? and active=1", r->c.utility,
                        code))
        problem(r, "gl_code", "There is no GL code %s.", code);
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
        { "gl_code",        TEXT(3, 12), .flags = REQUIRED | LIST },
        { "effective_from", DATE_FIELD,  .flags = REQUIRED | LIST },
        { "effective_to",   DATE_FIELD,  .flags = LIST },
        { "active",         BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check     = tax_check,
    .used_by   = "select count(*) from tariff_rate r join tax_code t on t.id = ? and t.utility_id = r.utility_id "
                 "and json_contains(r.tax_codes, json_quote(t.code))",
    .used_text = "rates",
};

static void late_fee_check(Req *r, const Input *in, Id id) {
    days_check(r, in);
    const char *kind = in_text(in, "kind"), *exempt = in_text(in, "exempt");
    bool percent = kind && strcmp(kind, "flat") != 0,
        flat = kind && (!strcmp(kind, "flat") || !strcmp(kind, "greater"));
    if (percent && !in_ppm(in, "rate_ppm")) problem(r, "rate_ppm", "Enter percentage.");
    if (flat && !in_money(in, "amount_minor").minor) problem(r, "amount_minor", "Enter amount.");
    if (in_given(in, "maximum_minor") && in_money(in, "maximum_minor").minor < in_money(in, "minimum_minor").minor)
        problem(r, "maximum_minor", "The most is below the least.");
    if (exempt && json_kind(json_read(&r->c.mem, exempt, strlen(exempt), 4096, NULL)) != JSON_KIND_LIST)
        problem(r, "exempt", "Give a list as [\"agreement\", \"dispute\"].");
    if (in_given(in, "code") && in_given(in, "effective_from")
        && db_int(r, "select count(*) from late_fee_rule where utility_id=? and code=? and effective_from=? "
                     "and not id<=>?", r->c.utility, in_text(in, "code"), in_date(in, "effective_from"), id))
        problem(r, "effective_from", "%s has a rule from that day already.", in_text(in, "code"));
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
        { "exempt",          TEXT(2, 200) },
        { "effective_from",  DATE_FIELD,  .flags = REQUIRED | LIST },
        { "effective_to",    DATE_FIELD,  .flags = LIST },
        { "active",          BOOL, .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .check     = late_fee_check,
    .used_by   = "select count(*) from charge where late_fee_rule_id = ?",
    .used_text = "late fees",
};
