/*
 * GL codes: the chart of accounts (BX05US01, tab Chart). A resource and its rules; postings: ledger.c.
 */
#include <string.h>

#include "app/billing/gl.h"
#include "lib/resource.h"

static const Choice gl_types[] = { { "asset", "Asset" }, { "liability", "Liability" }, { "revenue", "Revenue" }, { "expense", "Expense" }, { "equity", "Equity" }, { 0 } };
static const Choice gl_sides[] = { { "debit", "Debit" }, { "credit", "Credit" }, { 0 } };

/* A mapped code stays active; a parent is not its own child. */
static void gl_code_check(Req *r, const Input *in, Id id) {
    if (id.id && !in_bool(in, "active")) {
        int64_t uses = db_int(r, "select (select count(*) from gl_mapping where gl_code_id=?) + (select count(*) from gl_role where gl_code_id=?)", id, id);
        if (uses) problem(r, "active", "%s is mapped. Map its charge types to another code first.", in_text(in, "code"));
    }
    if (id.id && in_ref(in, "parent_id").id == id.id) problem(r, "parent_id", "A code is not its own parent.");
}

const Resource gl_code = {
    .table = "gl_code", .path = "/bx/gl-codes", .feature = "bx.gl", .one = "GL code", .many = "GL codes", .order = "code", .tabs = "gl",
    .fields = FIELDS {
        { "code",        "Code",        TEXT(3, 12), .chars = "0-9.-", .chars_text = "Use digits, points and dashes.", .flags = REQUIRED | UNIQUE | LIST | SEARCH | FIXED },
        { "name",        "Name",        TEXT(3, 80),      .flags = REQUIRED | LIST | SEARCH },
        { "type",        "Type",        CHOICE(gl_types), .flags = REQUIRED | LIST | FILTER },
        { "normal_side", "Normal side", CHOICE(gl_sides), .flags = REQUIRED | LIST },
        { "control",     "Control",     BOOL,             .flags = LIST, .hint = "No manual posting" },
        { "parent_id",   "Parent",      REF(gl_code) },
        { "erp_code",    "ERP code",    TEXT(1, 40) },
        { "active",      "Active",      BOOL,             .flags = LIST | FILTER, .initial = "1" },
        { 0 } },
    .delete_action = EDIT,              /* the general ledger has no right of its own for it */
    .check     = gl_code_check,
    .used_by   = "select count(*) from ledger_entry where gl_code_id = ?",
    .used_text = "entries",
};
