/*
 * What of metering is configuration (app/core/configuration.h): formats, makers and models, codes of readers, rules of
 * validation.
 */
#include "app/core/configuration.h"

extern const ConfigKind meters_configuration[];
const ConfigKind meters_configuration[] = {
    { "reading_format", "reading_format", "code" },
    { "manufacturer", "manufacturer", "code" },
    { "meter_model", "meter_model", "manufacturer_id code", .refs = "manufacturer_id>manufacturer",
      .without = "image_document_id" },
    { "meter_model_register", "meter_model_register", "meter_model_id register_code", .owner = "meter_model_id",
      .refs = "meter_model_id>meter_model reading_format_id>reading_format" },
    { "reading_status_code", "reading_status_code", "code" },
    { "reading_reason_code", "reading_reason_code", "code" },
    { "vee_group", "vee_group", "code", .without = "version" },
    { "vee_rule", "vee_rule", "group_id code category_code", .refs = "group_id>vee_group", .owner = "group_id" },
    { "store", "store", "code", .without = "keeper_user_id", .where = "kind <> 'virtual'" },
    { "estimation_policy", "estimation_policy", "service_code category_id", .refs = "category_id>consumer_category" },
    { 0 }
};
