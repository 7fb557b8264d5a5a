/*
 * What of core and setup is configuration (app/core/configuration.h): settings, people's roles, services, calendars,
 * areas, numbers, plans and the catalogue. Versions of plans arrive as drafts: whoever approves them here does so
 * again.
 */
#include "app/core/configuration.h"

#include <string.h>

#include "app/core/rights.h"
#include "app/setup/pages.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/req.h"

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static bool is_changed(const ConfigRow *was, const ConfigRow *is, const char *column) {
    const char *a = config_value(was, column), *b = config_value(is, column);
    return b && *b && (!a || strcmp(a, b) != 0);
}

/* The unit and what is metered stay as they are once anything is connected. */
static const char *service_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    if (!was || !is || (!is_changed(was, is, "unit") && !is_changed(was, is, "metered"))) return NULL;
    int64_t n = db_int(c, "select count(*) from service_connection where utility_id = ? and service_code = ? "
                          "and status <> 'closed'", c->utility, is->key);
    return n ? msg_format(c, c->language, "settings.unit_fixed", { "name", config_value(is, "name") },
                          { "n", locale_count(&c->mem, c->locale, n) }) : NULL;
}

/* Nobody gives by a file what he does not hold. */
static const char *role_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    const char *rights = is ? config_value(is, "rights") : NULL, *had = was ? config_value(was, "rights") : NULL;
    if (!rights) return NULL;
    Json list = json_read(&c->mem, rights, strlen(rights), JSON_SIZE_MAX, NULL);
    for (size_t i = 0; i < json_size(list); i++) {
        const char *key = json_text(json_item(list, i), ""), *colon = key ? strchr(key, ':') : NULL;
        if (!colon || (had && strstr(had, text(c, "\"%s\"", key)))) continue;
        unsigned action = action_bit(colon + 1);
        if (action && !perm_may(c, text_copy_n(c, key, (size_t)(colon - key)), action))
            return msg(c->language, "role.grant_own");
    }
    return NULL;
}

/* Numbers that were given out stay one of a kind: the sequence does not begin again. */
static const char *format_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    if (!was || !is || !is_changed(was, is, "seq_start")) return NULL;
    int64_t issued = db_int(c, "select coalesce(sum(s.issued), 0) from id_sequence s join id_format f "
                               "on f.id = s.id_format_id where f.utility_id = ? and f.entity_type = ?", c->utility,
                            is->key);
    return issued ? msg(c->language, "promotion.numbers_issued") : NULL;
}

/* "RES-VAR|2" of "RES-VAR|2|USAGE|1"; NULL for a key of fewer parts. */
static const char *version_key(Ctx *c, const char *key) {
    const char *first = strchr(key, '|'), *second = first ? strchr(first + 1, '|') : NULL;
    return !first ? NULL : second ? text_copy_n(c, key, (size_t)(second - key)) : key;
}

/* An approved version is what bills were made by: it is never changed, only followed by another one. */
static const char *version_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    const char *key = version_key(c, (is ? is : was)->key);
    const char *state = key ? db_text(c, "select v.state from tariff_plan_version v join tariff_plan p "
                                         "on p.id = v.plan_id where p.utility_id = ? "
                                         "and concat(p.code, '|', v.version_no) = ?", c->utility, key) : NULL;
    if (!state || !strcmp(state, "draft")) return NULL;
    return msg_format(c, c->language, "promotion.version_fixed", { "version", key },
                      { "state", msg(c->language, text(c, "state.%s", state)) });
}

#define NAMELESS(F, T) F(T, Id, id)
ROW(Nameless, NAMELESS)

static void plans_written(Ctx *c) {
    Namelesss all = db_all(c, Nameless, "select id from tariff_plan where utility_id = ? and plan_no is null "
                                        "order by id limit 1000", c->utility);
    for (size_t i = 0; i < all.n; i++)
        db_run(c, "update tariff_plan set plan_no = ? where id = ?", id_next(c, "tariff_plan"), all.v[i].id);
}

static void calendars_written(Ctx *c) {
    event_emit(c, &(Event){ .name = "calendar.changed", .entity = "calendar" });
}

static void areas_written(Ctx *c) {
    event_emit(c, &(Event){ .name = "service_area.changed", .entity = "service_area" });
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* To add one: a row, in an order in which rows find what they lead to. */
extern const ConfigKind setup_configuration[];
const ConfigKind setup_configuration[] = {
    { "permission", "permission", "key", .is_fixed = true },
    { "setting", "setting", "key", .without = "version" },
    { "department", "department", "name", .without = "head_user_id" },
    { "role", "role", "code", .refs = "department_id>department",
      .link = "rights role_permission role_id permission_id permission", .refusal = role_refusal },
    { "utility_service", "utility_service", "code", .refusal = service_refusal },
    { "module_activation", "module_activation", "module", .without = "activated_at" },
    { "consumer_category", "consumer_category", "code", .without = "merged_into_id", .where = "merged_into_id is null",
      .refs = "parent_id>consumer_category default_tariff_plan_id>tariff_plan deposit_fee_id>fee" },
    { "consumer_sub_category", "consumer_sub_category", "code",
      .refs = "category_id>consumer_category default_tariff_plan_id>tariff_plan deposit_fee_id>fee" },
    { "document_type", "document_type", "code" },
    { "contract_type", "contract_type", "code version", .refs = "category_id>consumer_category",
      .without = "template_document_id" },
    { "calendar", "calendar", "code", .written = calendars_written },
    { "working_hours", "working_hours", "calendar_id weekday", .refs = "calendar_id>calendar", .is_part = true },
    { "holiday", "holiday", "calendar_id holiday_date name", .refs = "calendar_id>calendar", .is_part = true },
    { "special_day", "special_day", "calendar_id special_date", .refs = "calendar_id>calendar", .is_part = true },
    { "service_area", "service_area", "code", .refs = "parent_id>service_area",
      .without = "manager_user_id merged_into_id", .where = "status <> 'merged'", .written = areas_written },
    { "id_format", "id_format", "entity_type", .without = "version active_from", .refusal = format_refusal },
    { "fee", "fee", "code effective_from" },
    { "rebate_rule", "rebate_rule", "code effective_from" },
    { "rate_library", "rate_library", "code" },
    { "tariff_plan", "tariff_plan", "code",
      .without = "plan_no status retired_on retire_on retire_reason retire_by retire_told_on",
      .refs = "category_ids>consumer_category[] sub_category_ids>consumer_sub_category[] area_ids>service_area[]",
      .written = plans_written },
    { "tariff_season", "tariff_season", "plan_id code", .refs = "plan_id>tariff_plan", .owner = "plan_id",
      .is_part = true },
    { "tariff_plan_version", "tariff_plan_version", "plan_id version_no", .refs = "plan_id>tariff_plan",
      .without = "state effective_to submitted_by submitted_at approved_by approved_at decision_note activated_at "
                 "impact", .refusal = version_refusal, .where = "state not in ('rejected', 'withdrawn')" },
    { "tariff_rate", "tariff_rate", "version_id code", .refs = "version_id>tariff_plan_version", .is_part = true,
      .refusal = version_refusal },
    { "tariff_tier", "tariff_tier", "rate_id season_id seq", .refs = "rate_id>tariff_rate season_id>tariff_season",
      .owner = "rate_id", .is_part = true, .refusal = version_refusal },
    { "tariff_tou_period", "tariff_tou_period", "rate_id code day_type from_time season_code",
      .refs = "rate_id>tariff_rate", .owner = "rate_id", .is_part = true, .refusal = version_refusal },
    { "tariff_meter_size_price", "tariff_meter_size_price", "rate_id size", .refs = "rate_id>tariff_rate",
      .owner = "rate_id", .is_part = true, .refusal = version_refusal },
    { 0 }
};
