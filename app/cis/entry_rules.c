/*
 * Rules of what the CIS stores: see entry_rules.h.
 */
#include "app/cis/entry_rules.h"

#include <string.h>

#include "lib/date.h"
#include "lib/utf8.h"

/* --- what several records share ----------------------------------------------------------------------------------- */

static bool is_one_of(const char *s, const char *const *words) {
    for (; s && *words; words++)
        if (!strcmp(s, *words)) return true;
    return false;
}

bool number_is_plain(const char *no) {
    size_t n = strlen(no);
    for (const char *s = no; *s; s++) {
        bool letter = (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'), digit = *s >= '0' && *s <= '9';
        if (!letter && !digit && *s != '-' && *s != '.' && *s != '/') return false;
    }
    return n >= 1 && n <= 30;
}

static void number_fault(Faults *to, size_t row, const char *field, const char *no, bool is_taken) {
    if (!no) return;
    if (!number_is_plain(no)) fault_add(to, row, FAULT_TYPE, field, "cis.entry.number");
    else if (is_taken) fault_with(fault_add(to, row, FAULT_THERE, field, "cis.entry.number_taken"), "no", no);
}

static void legacy_fault(Faults *to, size_t row, const char *no, bool is_taken) {
    if (!no) return;
    if (utf8_length(no) > 40) fault_with(fault_add(to, row, FAULT_LENGTH, "legacy_no", "cis.entry.length"), "max",
                                         "40");
    else if (is_taken) fault_with(fault_add(to, row, FAULT_THERE, "legacy_no", "cis.entry.number_taken"), "no", no);
}

static void length_fault(Faults *to, size_t row, const char *field, const char *s, int max) {
    if (s && utf8_length(s) > (size_t)max)
        fault_with(fault_add(to, row, FAULT_LENGTH, field, "cis.entry.length"), "max", arena_text(to->mem, "%d", max));
}

static bool is_empty(const char *s) { return !s || !*s; }

static void required_fault(Faults *to, size_t row, const char *field, const char *s, const char *key) {
    if (is_empty(s)) fault_add(to, row, FAULT_REQUIRED, field, key);
}

/* US: 5 or 9 digits, with or without the dash; elsewhere up to 20 characters. */
static bool postal_code_fits(const char *code, const char *country) {
    if (country && strcmp(country, "US") != 0) return utf8_length(code) <= 20;
    size_t n = strlen(code), digits = strspn(code, "0123456789");
    return (n == 5 && digits == 5) || (n == 9 && digits == 9)
        || (n == 10 && digits == 5 && code[5] == '-' && strspn(code + 6, "0123456789") == 4);
}

static void country_fault(Faults *to, size_t row, const char *field, const char *country) {
    if (country && (strlen(country) != 2 || country[0] < 'A' || country[0] > 'Z' || country[1] < 'A'
                    || country[1] > 'Z'))
        fault_add(to, row, FAULT_TYPE, field, "cis.entry.country");
}

/* --- consumers ---------------------------------------------------------------------------------------------------- */

static void name_faults(Faults *to, size_t row, const NewConsumer *n) {
    static const char *const types[] = { "person", "organization", NULL };
    if (n->type && !is_one_of(n->type, types)) {
        fault_add(to, row, FAULT_VALUE, "type", "cis.entry.consumer_type");
        return;
    }
    bool organization = n->type && !strcmp(n->type, "organization");
    if (organization) required_fault(to, row, "organization_name", n->organization_name, "cis.entry.organization_name");
    else if (is_empty(n->first_name) && is_empty(n->last_name))
        fault_add(to, row, FAULT_REQUIRED, "last_name", "cis.entry.person_name");
    length_fault(to, row, "first_name", n->first_name, 60);
    length_fault(to, row, "middle_name", n->middle_name, 60);
    length_fault(to, row, "last_name", n->last_name, 60);
    length_fault(to, row, "organization_name", n->organization_name, 120);
}

static void contact_faults(Faults *to, size_t row, const NewConsumer *n) {
    static const char *const channels[] = { "email", "sms", "letter", "whatsapp", NULL };
    if (is_empty(n->phone)) fault_add(to, row, FAULT_REQUIRED, "phone", "cis.entry.phone");
    else if (!phone_is_valid(n->phone)) fault_add(to, row, FAULT_TYPE, "phone", "cis.entry.phone");
    if (n->alternate_phone && !phone_is_valid(n->alternate_phone))
        fault_add(to, row, FAULT_TYPE, "alternate_phone", "cis.entry.phone");
    if (n->email && !email_is_valid(n->email)) fault_add(to, row, FAULT_TYPE, "email", "cis.entry.email");
    if (n->channel && !is_one_of(n->channel, channels)) fault_add(to, row, FAULT_VALUE, "channel", "cis.entry.channel");
    if (n->channel && is_empty(n->email) && !strcmp(n->channel, "email"))
        fault_add(to, row, FAULT_RULE, "channel", "cis.entry.channel_email");
    length_fault(to, row, "language", n->language, 10);
}

static void billing_faults(Faults *to, size_t row, const PostalAddress *a) {
    if (is_empty(a->line1) && is_empty(a->city) && is_empty(a->postal_code)) return;
    required_fault(to, row, "line1", a->line1, "cis.entry.line1");
    required_fault(to, row, "city", a->city, "cis.entry.city");
    required_fault(to, row, "postal_code", a->postal_code, "cis.entry.postal_code");
    length_fault(to, row, "line1", a->line1, 120);
    length_fault(to, row, "line2", a->line2, 120);
    length_fault(to, row, "city", a->city, 80);
    length_fault(to, row, "state", a->state, 10);
    country_fault(to, row, "country", a->country);
    if (!is_empty(a->postal_code) && !postal_code_fits(a->postal_code, a->country))
        fault_add(to, row, FAULT_TYPE, "postal_code", "cis.entry.postal_code_us");
}

static void identity_faults(Faults *to, size_t row, const NewConsumer *n, const ConsumerKnown *f) {
    if (n->document_no && is_empty(n->document_type))
        fault_add(to, row, FAULT_REQUIRED, "document_type", "cis.entry.document_type");
    length_fault(to, row, "document_type", n->document_type, 40);
    length_fault(to, row, "document_no", n->document_no, 60);
    length_fault(to, row, "tax_id", n->tax_id, 40);
    if (f->document_holder)
        fault_with(fault_add(to, row, FAULT_THERE, "document_no", "cis.entry.document_taken"), "no",
                   f->document_holder);
    if (date_is_set(n->born_on) && (date_compare(n->born_on, f->today) > 0 || n->born_on.day < date_of(1900, 1, 1).day))
        fault_add(to, row, FAULT_VALUE, "born_on", "cis.entry.born_on");
}

void consumer_faults(Faults *to, size_t row, const NewConsumer *n, const ConsumerKnown *f) {
    number_fault(to, row, "consumer_no", n->consumer_no, f->number_taken);
    legacy_fault(to, row, n->legacy_no, f->legacy_taken);
    name_faults(to, row, n);
    contact_faults(to, row, n);
    billing_faults(to, row, &n->billing);
    identity_faults(to, row, n, f);
    if (!f->like || !is_empty(n->duplicate_reason)) return;
    static const char *const keys[] = { "cis.entry.like_phone", "cis.entry.like_email", "cis.entry.like_name" };
    const char *key = keys[!strcmp(f->like_by, "phone") ? 0 : !strcmp(f->like_by, "email") ? 1 : 2];
    Fault *like = fault_with(fault_add(to, row, FAULT_SUSPECT, "duplicate_reason", key), "name", f->like);
    fault_with(like, "no", f->like_no);
}

/* --- premises ----------------------------------------------------------------------------------------------------- */

void premise_faults(Faults *to, size_t row, const NewPremise *n, const PremiseKnown *f) {
    static const char *const types[] = { "house", "apartment", "shop", "office", "industry", "public", "land", NULL };
    number_fault(to, row, "premise_no", n->premise_no, f->number_taken);
    legacy_fault(to, row, n->legacy_no, f->legacy_taken);
    required_fault(to, row, "line1", n->line1, "cis.entry.line1");
    required_fault(to, row, "city", n->city, "cis.entry.city");
    required_fault(to, row, "postal_code", n->postal_code, "cis.entry.postal_code");
    length_fault(to, row, "line1", n->line1, 120);
    length_fault(to, row, "line2", n->line2, 120);
    length_fault(to, row, "unit", n->unit, 20);
    length_fault(to, row, "city", n->city, 80);
    length_fault(to, row, "state", n->state, 10);
    length_fault(to, row, "parcel_no", n->parcel_no, 40);
    length_fault(to, row, "access_note", n->access_note, 500);
    country_fault(to, row, "country", n->country);
    if (!is_empty(n->postal_code) && !postal_code_fits(n->postal_code, n->country))
        fault_add(to, row, FAULT_TYPE, "postal_code", "cis.entry.postal_code_us");
    if (n->type && !is_one_of(n->type, types)) fault_add(to, row, FAULT_VALUE, "type", "cis.entry.premise_type");
    if (!n->sub_area.id) fault_add(to, row, FAULT_REQUIRED, "sub_area", "cis.entry.sub_area");
    else if (!f->is_sub_area) fault_add(to, row, FAULT_UNKNOWN, "sub_area", "cis.entry.sub_area_unknown");
    bool outside = n->lat_e6 < -90000000 || n->lat_e6 > 90000000 || n->lng_e6 < -180000000 || n->lng_e6 > 180000000;
    if (n->has_place && outside) fault_add(to, row, FAULT_VALUE, "place", "cis.entry.place");
    if (n->eru_e3 < 0 || n->impervious_sqft < 0) fault_add(to, row, FAULT_VALUE, "eru_e3", "cis.entry.not_negative");
    if (!f->address_of) return;
    Fault *there = fault_add(to, row, FAULT_THERE, "line1", "cis.entry.address_taken");
    there->is_conflict = true;
    fault_with(there, "no", f->address_of);
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

bool account_is_open(const char *status) {
    return !status || (strcmp(status, "closed") != 0 && strcmp(status, "cancelled") != 0);
}

bool account_may_become(const char *from, const char *to) {
    static const char *const moves[][2] = {
        { "pending", "active" }, { "pending", "cancelled" }, { "active", "temporarily_disconnected" },
        { "temporarily_disconnected", "active" },
        { "active", "disconnected" }, { "temporarily_disconnected", "disconnected" }, { "disconnected", "closed" } };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (!strcmp(moves[i][0], from) && !strcmp(moves[i][1], to)) return true;
    return false;
}

static void account_dates(Faults *to, size_t row, const NewAccount *n, const AccountKnown *f) {
    bool closed = n->status && !strcmp(n->status, "closed"), pending = !n->status || !strcmp(n->status, "pending");
    Date opened = date_is_set(n->opened_on) ? n->opened_on : f->today;
    if (!pending && date_compare(opened, f->today) > 0)
        fault_add(to, row, FAULT_VALUE, "opened_on", "cis.entry.opened_future");
    if (closed && !date_is_set(n->closed_on)) fault_add(to, row, FAULT_REQUIRED, "closed_on", "cis.entry.closed_on");
    if (!closed && date_is_set(n->closed_on)) fault_add(to, row, FAULT_RULE, "closed_on", "cis.entry.closed_open");
    if (closed && date_is_set(n->closed_on) && date_compare(n->closed_on, opened) < 0)
        fault_add(to, row, FAULT_RULE, "closed_on", "cis.entry.closed_before");
}

void account_faults(Faults *to, size_t row, const NewAccount *n, const AccountKnown *f) {
    static const char *const states[] = { "pending", "active", "temporarily_disconnected", "disconnected", "closed",
                                          NULL };
    static const char *const billing[] = { "consumer", "premise", NULL };
    number_fault(to, row, "account_no", n->account_no, f->number_taken);
    legacy_fault(to, row, n->legacy_no, f->legacy_taken);
    if (!n->consumer.id) fault_add(to, row, FAULT_REQUIRED, "consumer", "cis.entry.consumer");
    else if (!f->consumer_status) fault_add(to, row, FAULT_UNKNOWN, "consumer", "cis.entry.consumer_unknown");
    else if (strcmp(f->consumer_status, "active") != 0)
        fault_add(to, row, FAULT_RULE, "consumer", "cis.entry.consumer_archived");
    if (!n->premise.id) fault_add(to, row, FAULT_REQUIRED, "premise", "cis.entry.premise");
    else if (!f->has_premise) fault_add(to, row, FAULT_UNKNOWN, "premise", "cis.entry.premise_unknown");
    else if (f->area_is_off && account_is_open(n->status))
        fault_add(to, row, FAULT_RULE, "premise", "cis.entry.area_off");
    if (!n->category.id) fault_add(to, row, FAULT_REQUIRED, "category", "cis.entry.category");
    else if (!f->has_category) fault_add(to, row, FAULT_UNKNOWN, "category", "cis.entry.category_unknown");
    else if (n->sub_category.id && !f->sub_category_fits)
        fault_add(to, row, FAULT_RULE, "sub_category", "cis.entry.sub_category");
    if (n->status && !is_one_of(n->status, states))
        fault_add(to, row, FAULT_VALUE, "status", "cis.entry.account_status");
    if (n->billing && !is_one_of(n->billing, billing)) fault_add(to, row, FAULT_VALUE, "billing", "cis.entry.billing");
    if (n->due_days < 0 || n->due_days > 90) fault_add(to, row, FAULT_VALUE, "due_days", "cis.entry.due_days");
    length_fault(to, row, "tax_certificate_no", n->tax_certificate_no, 60);
    account_dates(to, row, n, f);
    if (!f->open_account || f->is_multi_unit || !account_is_open(n->status)) return;
    Fault *there = fault_add(to, row, FAULT_THERE, "premise", "cis.entry.account_open");
    there->is_conflict = true;
    fault_with(there, "no", f->open_account);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

void connection_faults(Faults *to, size_t row, const NewConnection *n, const ConnectionKnown *f) {
    static const char *const states[] = { "pending", "active", "disconnected", "closed", NULL };
    bool is_used = n->status && strcmp(n->status, "pending") != 0;
    number_fault(to, row, "connection_no", n->connection_no, f->number_taken);
    legacy_fault(to, row, n->legacy_no, f->legacy_taken);
    if (!n->account.id) fault_add(to, row, FAULT_REQUIRED, "account", "cis.entry.account");
    else if (!f->account_no) fault_add(to, row, FAULT_UNKNOWN, "account", "cis.entry.account_unknown");
    else if (!account_is_open(f->account_status) && !(n->status && !strcmp(n->status, "closed")))
        fault_with(fault_add(to, row, FAULT_RULE, "account", "cis.entry.account_closed"), "no", f->account_no);
    if (is_empty(n->service_code)) fault_add(to, row, FAULT_REQUIRED, "service", "cis.entry.service");
    else if (!f->has_service) fault_with(fault_add(to, row, FAULT_UNKNOWN, "service", "cis.entry.service_unknown"),
                                         "code", n->service_code);
    if (n->status && !is_one_of(n->status, states))
        fault_add(to, row, FAULT_VALUE, "status", "cis.entry.connection_status");
    if (!n->plan.id && is_used) fault_add(to, row, FAULT_REQUIRED, "plan", "cis.entry.plan");
    else if (n->plan.id && !f->has_plan) fault_add(to, row, FAULT_UNKNOWN, "plan", "cis.entry.plan_unknown");
    else if (n->plan.id && !f->plan_serves_service) fault_add(to, row, FAULT_RULE, "plan", "cis.entry.plan_service");
    else if (n->plan.id && !f->plan_serves_category) fault_add(to, row, FAULT_RULE, "plan", "cis.entry.plan_category");
    else if (n->plan.id && !f->plan_serves_sub_category)
        fault_add(to, row, FAULT_RULE, "plan", "cis.entry.plan_sub_category");
    else if (n->plan.id && !f->plan_serves_area) fault_add(to, row, FAULT_RULE, "plan", "cis.entry.plan_area");
    else if (n->plan.id && !f->plan_serves_size) fault_add(to, row, FAULT_RULE, "plan", "cis.entry.plan_size");
    else if (n->plan.id && is_used && !f->plan_has_prices)
        fault_add(to, row, FAULT_RULE, "plan", "cis.entry.plan_prices");
    if (n->derived_from.id && !f->derived_fits)
        fault_add(to, row, FAULT_RULE, "derived_from", "cis.entry.derived_from");
    if (is_used && date_is_set(n->connected_on) && date_compare(n->connected_on, f->today) > 0)
        fault_add(to, row, FAULT_VALUE, "connected_on", "cis.entry.connected_future");
    length_fault(to, row, "size", n->size, 10);
    if (n->dwelling_units < 0 || n->eru_e3 < 0)
        fault_add(to, row, FAULT_VALUE, "dwelling_units", "cis.entry.not_negative");
}
