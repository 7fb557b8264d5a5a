/*
 * What of billing is configuration (app/core/configuration.h): the chart of accounts and where amounts go, charges,
 * taxes, late fees, templates of bills and bill cycles. Versions of templates arrive as drafts and cycles too: whoever
 * switches them on here looks at them first. Pictures stay behind.
 */
#include <string.h>

#include "app/core/configuration.h"
#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/messages.h"

/* Bills were printed by a version that was ever active: it is only followed by another one. */
static const char *template_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    const char *key = (is ? is : was)->key;
    const char *state = db_text(c, "select v.state from bill_template_version v join bill_template t "
                                   "on t.id = v.template_id where t.utility_id = ? "
                                   "and concat(t.name, '|', v.version_no) = ?", c->utility, key);
    if (!state || !strcmp(state, "draft")) return NULL;
    return msg_format(c, c->language, "promotion.version_fixed", { "version", key },
                      { "state", msg(c->language, text(c, "state.%s", state)) });
}

/* What its periods were made by stays once there are any. */
static const char *cycle_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    static const char *const fixed[] = { "service_code", "frequency", "period_days", "anchor_date", "normal_days" };
    if (!was || !is) return NULL;
    bool moves = false;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const char *a = config_value(was, fixed[i]), *b = config_value(is, fixed[i]);
        moves |= a && b && *b && strcmp(a, b) != 0;
    }
    if (!moves || !db_int(c, "select exists (select 1 from bill_cycle_period p join bill_cycle y on y.id = p.cycle_id "
                             "where y.utility_id = ? and y.code = ?)", c->utility, was->key)) return NULL;
    return msg(c->language, "promotion.cycle_fixed");
}

extern const ConfigKind billing_configuration[];
const ConfigKind billing_configuration[] = {
    { "gl_code", "gl_code", "code", .refs = "parent_id>gl_code" },
    { "gl_role", "gl_role", "posting_key", .refs = "gl_code_id>gl_code" },
    { "charge_type", "charge_type", "code" },
    { "tax_code", "tax_code", "code effective_from" },
    { "gl_mapping", "gl_mapping", "charge_type service_code category_id tax_code valid_from",
      .refs = "category_id>consumer_category gl_code_id>gl_code" },
    { "late_fee_rule", "late_fee_rule", "code effective_from", .refs = "category_ids>consumer_category[]" },
    { "bill_template", "bill_template", "name", .without = "state is_default current_version" },
    { "bill_template_version", "bill_template_version", "template_id version_no", .refs = "template_id>bill_template",
      .without = "state approved_by activated_at sha256 decision_note logo_document_id",
      .where = "state <> 'retired'", .refusal = template_refusal },
    { "bill_cycle", "bill_cycle", "code", .where = "state <> 'deleted'",
      .refs = "category_ids>consumer_category[] sub_category_ids>consumer_sub_category[] area_ids>service_area[] "
              "template_id>bill_template",
      .without = "state route_ids premise_ids read_cycle_id", .refusal = cycle_refusal },
    { 0 }
};
