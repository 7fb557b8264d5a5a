/*
 * What of the consumer information system is configuration (app/core/configuration.h): ways to pay, teams (not who is
 * in them), types of cases, reasons, terms of agreements.
 */
#include "app/core/configuration.h"

extern const ConfigKind cis_configuration[];
const ConfigKind cis_configuration[] = {
    { "payment_channel", "payment_channel", "code" },
    { "payment_mode", "payment_mode", "code" },
    { "channel_mode", "channel_mode", "channel_id mode_id valid_from", .without = "version",
      .refs = "channel_id>payment_channel mode_id>payment_mode category_ids>consumer_category[]" },
    { "reason_code", "reason_code", "kind code" },
    { "team", "team", "code", .refs = "area_ids>service_area[]" },
    { "case_category", "case_category", "kind path", .refs = "parent_id>case_category" },
    { "complaint_type", "complaint_type", "code", .refs = "category_id>case_category team_id>team",
      .without = "sla_policy_id" },
    { "service_type", "service_type", "code",
      .refs = "category_id>case_category sub_category_id>case_category" },
    { "agreement_policy", "agreement_policy", "category_id", .refs = "category_id>consumer_category" },
    { 0 }
};
