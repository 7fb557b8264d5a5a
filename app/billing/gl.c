/*
 * GL codes: the chart of accounts (BX05US01, tab Chart). A resource and its rules; the other tabs: gl_mapping.c,
 * gl_journal.c, gl_period.c, gl_export.c; import: gl_import.c; postings: ledger.c.
 */
#include "app/billing/ledger_sum.h"
#include "app/billing/gl.h"

#include <string.h>

#include "lib/date.h"

enum { LEVELS = 4 };

static const Choice gl_types[] = { { "asset", "billing.gl_types.asset" }, { "liability", "billing.gl_types.liability" },
                                   { "revenue", "billing.gl_types.revenue" },
                                   { "expense", "billing.gl_types.expense" }, { "equity", "billing.gl_types.equity" },
                                   { 0 } };
static const Choice gl_sides[] = { { "debit", "billing.gl_sides.debit" }, { "credit", "billing.gl_sides.credit" },
                                   { 0 } };

const PageTab gl_tabs[] = {
    { "gl", "billing.gl.chart",         "/bx/gl-codes",               "bx.gl", NULL },
    { "gl", "billing.gl.mapping",       "/bx/gl-codes/mapping",       "bx.gl", gl_unmapped },
    { "gl", "billing.gl.journal",       "/bx/gl-codes/journal",       "bx.gl", NULL },
    { "gl", "billing.gl.trial_balance", "/bx/gl-codes/trial-balance", "bx.gl", NULL },
    { "gl", "billing.gl.exports",       "/bx/gl-codes/exports",       "bx.gl", NULL },
    { "gl", "billing.gl.periods",       "/bx/gl-codes/periods",       "bx.gl", NULL },
    { 0 }
};

/* Posting keys, and mappings that no later one has replaced today. */
static bool is_mapped(Ctx *c, Id code) {
    return db_int(c, "select (select count(*) from gl_role where gl_code_id=?) + (select count(*) from gl_mapping m "
                     "where m.gl_code_id=? and not exists (select 1 from gl_mapping n "
        "where n.utility_id=m.utility_id and n.charge_type=m.charge_type and n.service_code=m.service_code "
        "and n.category_id=m.category_id and n.tax_code=m.tax_code "
        "and n.valid_from>m.valid_from and n.valid_from<=?))", code, code, utility_today(c)) > 0;
}

/* A mapped code stays active; no code is its own ancestor; four levels are enough for the list's order. */
static void gl_code_check(Req *r, const Input *in, Id id) {
    if (id.id && !in_bool(in, "active") && is_mapped(&r->c, id))
        problem(r, "active", "%s is mapped. Map its charge types to another code first.", in_text(in, "code"));
    int level = 1;
    for (Id up = in_ref(in, "parent_id"); up.id; up = db_id(r, "select parent_id from gl_code where id=?", up)) {
        if (up.id == id.id) problem(r, "parent_id", "A code is not its own parent.");
        else if (++level > LEVELS) problem(r, "parent_id", "The chart has at most %d levels.", LEVELS);
        else continue;
        return;
    }
}

/* Parents before their children. */
#define TREE "coalesce((select concat_ws('/', p3.code, p2.code, p1.code, x.code) from gl_code p1 " \
             "left join gl_code p2 on p2.id = p1.parent_id left join gl_code p3 on p3.id = p2.parent_id " \
             "where p1.id = x.parent_id), x.code)"
/* What is summed, and what came since. */
#define BALANCE "if(x.normal_side = 'debit', 1, -1) * ((select coalesce(sum(s.debit_minor - s.credit_minor), 0) " \
                "from ledger_sum s where s.gl_code_id = x.id) + coalesce((select n.rest from (select e.gl_code_id, " \
                "sum(e.debit_minor - e.credit_minor) as rest from ledger_entry e where e.id > " LEDGER_SUMMED \
                " group by e.gl_code_id) n where n.gl_code_id = x.id), 0))"

const Resource gl_code = {
    .table = "gl_code", .path = "/bx/gl-codes", .feature = "bx.gl",
    .order = "tree", .tabs = "gl", .import_path = "/bx/gl-codes/import",
    .fields = FIELDS {
        { "code",          TEXT(3, 12), .chars = "0-9.-",
          .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",          TEXT(3, 80),      .flags = REQUIRED | LIST | SEARCH },
        { "type",          CHOICE(gl_types), .flags = REQUIRED | LIST | FILTER },
        { "normal_side",   CHOICE(gl_sides), .flags = REQUIRED | LIST },
        { "control",       BOOL,             .flags = LIST },
        { "parent_id",     REF(gl_code),     .flags = LIST },
        { "erp_code",      TEXT(1, 40),      .flags = LIST },
        { "active",        BOOL,             .flags = LIST | FILTER, .initial = "1" },
        { "balance_minor", MONEY(0, 0),      .flags = LIST | DERIVED, .column = BALANCE },
        { "tree",          "",            TEXT(0, 0),       .flags = SORT | DERIVED, .column = TREE },
        { 0 } },
    .delete_action = EDIT,              /* the general ledger has no right of its own for it */
    .check     = gl_code_check,
    .used_by   = "select count(*) from ledger_entry where gl_code_id = ?",
    .used_text = "entries",
};
