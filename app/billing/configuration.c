/*
 * What of billing is configuration (app/core/configuration.h): the chart of accounts and where amounts go, charges,
 * taxes, late fees.
 */
#include "app/core/configuration.h"

extern const ConfigKind billing_configuration[];
const ConfigKind billing_configuration[] = {
    { "gl_code", "gl_code", "code", .refs = "parent_id>gl_code" },
    { "gl_role", "gl_role", "posting_key", .refs = "gl_code_id>gl_code" },
    { "charge_type", "charge_type", "code" },
    { "tax_code", "tax_code", "code effective_from" },
    { "gl_mapping", "gl_mapping", "charge_type service_code category_id tax_code valid_from",
      .refs = "category_id>consumer_category gl_code_id>gl_code" },
    { "late_fee_rule", "late_fee_rule", "code effective_from", .refs = "category_ids>consumer_category[]" },
    { 0 }
};
