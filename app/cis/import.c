/*
 * Files of other systems as rows of ours (ONB04US01): consumers, premises, accounts. Stored by the same functions as at
 * a desk; taken back while nothing refers to them. Connections come with their meters (app/meters/import.c), by
 * connections_revert from here.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/cis/entry.h"
#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "app/core/import.h"
#include "app/portal/portal.h"
#include "lib/json.h"
#include "lib/messages.h"

/* --- consumers ---------------------------------------------------------------------------------------------------- */

static const ImportColumn consumer_columns[] = {
    { "legacy_id",  IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, "legacy_no", .example = "C-1001",
      .also = "customer_id consumer_id customer_no consumer_no id", .guide = "The old system's number of the person" },
    { "type",       IMPORT_TEXT, IMPORT_REQUIRED, .values = "person organization", .example = "person",
      .also = "customer_type" },
    { "first_name", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 60, .example = "Maria",
      .also = "firstname given_name forename" },
    { "last_name",  IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 60, .example = "Lopez",
      .also = "surname family_name lastname",
      .guide = "A person has a first or a last name" },
    { "organization_name", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 120, .example = "",
      .also = "company company_name business_name" },
    { "email",      IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 254, .example = "maria@example.com",
      .also = "mail email_address e_mail" },
    { "phone",      IMPORT_PHONE, .flags = IMPORT_CHANGES, .example = "+15035550101",
      .also = "telephone mobile primary_phone phone_number" },
    { "mailing_line1", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 120, .field = "line1",
      .example = "1210 SW Alder St",
      .also = "mailing_address" },
    { "mailing_line2", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 120, .field = "line2" },
    { "mailing_city",  IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 80, .field = "city", .example = "Portland" },
    { "mailing_state", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 10, .field = "state", .example = "OR" },
    { "mailing_postcode", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 20, .field = "postal_code",
      .example = "97205", .also = "mailing_zip" },
    { "mailing_country", IMPORT_TEXT, IMPORT_UPPER | IMPORT_CHANGES, 2, .field = "country", .example = "US" },
    { "id_type",    IMPORT_TEXT, .flags = IMPORT_NEW, .max = 40, .field = "document_type", .also = "document_type" },
    { "id_number",  IMPORT_TEXT, .flags = IMPORT_NEW, .max = 60, .field = "document_no", .also = "document_no",
      .guide = "Stored encrypted, shown masked" },
    { "language",   IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 10, .example = "en", .also = "preferred_language" },
    { "consent_email", IMPORT_BOOL, .flags = IMPORT_NEW, .example = "yes", .also = "email_opt_in",
      .guide = "Agreed to marketing by mail" },
    { "consent_sms",   IMPORT_BOOL, .flags = IMPORT_NEW, .example = "no", .also = "sms_opt_in" },
    { "date_of_birth", IMPORT_DATE, .flags = IMPORT_CHANGES, .field = "born_on", .example = "1980-05-17",
      .also = "dob birth_date" },
    { 0 } };

static NewConsumer *consumers_of(Ctx *c, const ImportSet *s) {
    NewConsumer *v = take_n(c, NewConsumer, s->n + 1);
    for (size_t i = 0; i < s->n; i++)
        v[i] = (NewConsumer){
            .legacy_no = import_text(s, i, "legacy_id"), .type = import_text(s, i, "type"),
            .first_name = import_text(s, i, "first_name"), .last_name = import_text(s, i, "last_name"),
            .organization_name = import_text(s, i, "organization_name"), .email = import_text(s, i, "email"),
            .phone = import_text(s, i, "phone"), .language = import_text(s, i, "language"),
            .document_type = import_text(s, i, "id_type"), .document_no = import_text(s, i, "id_number"),
            .born_on = import_date(s, i, "date_of_birth"),
            .billing = { .line1 = import_text(s, i, "mailing_line1"), .line2 = import_text(s, i, "mailing_line2"),
                         .city = import_text(s, i, "mailing_city"), .state = import_text(s, i, "mailing_state"),
                         .postal_code = import_text(s, i, "mailing_postcode"),
                         .country = import_text(s, i, "mailing_country") } };
    return v;
}

static Faults consumer_check(Ctx *c, const ImportSet *s) { return consumers_check(c, consumers_of(c, s), s->n); }

static Faults consumer_bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults all = consumers_create(c, consumers_of(c, s), s->n, ids);
    static const char *const columns[] = { "consent_email", "consent_sms" }, *const channels[] = { "email", "sms" };
    for (size_t i = 0; i < s->n; i++)
        for (int k = 0; k < 2 && ids[i].id; k++)
            if (import_has(s, i, columns[k]))
                consent_set(c, &(Consent){ .consumer = ids[i], .channel = channels[k], .topic_or_class = "marketing",
                                           .is_in = import_bool(s, i, columns[k]), .source = "import" });
    return all;
}

static void consumer_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Has account ', group_concat(a.account_no "
        "order by a.id separator ', '), '.') as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join account a on a.consumer_id=j.id group by j.row_no",
        all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, n.row_version as version from " IMPORT_IDS "consumer n on n.id=j.id "
        "where n.row_version>1", all);
    import_keep_edited(c, "consumer", &edited, "Was edited since.", why);
    l = db_all(c, ImportStays,
        "select v.row_no, concat('Has ', v.no, '.') as why from (select j.row_no, coalesce((select min(p.complaint_no) "
        "from complaint p where p.consumer_id=j.id), (select min(q.request_no) from service_request q "
        "where q.consumer_id=j.id)) as no from json_table(?, '$[*]' columns (row_no for ordinality, id bigint "
        "path '$')) j) v where v.no is not null", all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays, "select j.row_no, 'Has a sign-in to the portal.' as why "
                         "from json_table(?, '$[*]' columns (row_no "
        "for ordinality, id bigint path '$')) j straight_join portal_user u on u.consumer_id=j.id", all);
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    comm_forget(c, gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join consumer_search x on "
        "x.consumer_id=j.id",
        gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join contact_point x on "
        "x.consumer_id=j.id",
        gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join consumer x on "
              "x.id=j.id",
           gone);
    import_note_gone(c, "consumer", ids, n, why);
}

/* --- consumers that are there --- */

static ImportTheres consumer_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, n.row_version as version, n.consumer_no as number, if(n.status<>"
        "'active', 'import.consumer_archived', null) as refusal, json_object('type', n.type, 'first_name', "
        "n.first_name, 'last_name', n.last_name, 'organization_name', n.organization_name, 'email', n.email, 'phone', "
        "n.primary_phone, 'mailing_line1', n.billing_line1, 'mailing_line2', n.billing_line2, 'mailing_city', "
        "n.billing_city, 'mailing_state', n.billing_state, 'mailing_postcode', n.billing_postal_code, "
        "'mailing_country', n.billing_country, 'language', n.preferred_language, 'date_of_birth', n.date_of_birth) "
        "as cells from " IMPORT_IDS "consumer n on n.id=j.id", json_ids(c, ids, n));
}

/* Judged as a new one would be, but for what it has itself. */
static Faults consumer_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    (void)r;
    Faults all = faults_start(c);
    NewConsumer *v = consumers_of(c, s);
    ConsumerKnown none = { .today = utility_today(c) };
    for (size_t i = 0; i < s->n; i++) {
        v[i].legacy_no = NULL;
        consumer_faults(&all, i, &v[i], &none);
    }
    return all;
}

#define CONTACTS(F, T) F(T, int, row_no) F(T, const char *, email) F(T, const char *, phone) \
    F(T, const char *, display_name)
ROW(Contacts, CONTACTS)

static bool differs(const char *a, const char *b) { return a != b && (!a || !b || strcmp(a, b)); }

static void contact_store(Ctx *c, Id consumer, const char *kind, const char *was, const char *now) {
    if (!differs(was, now)) return;
    if (now) contact_set(c, consumer, kind, now, false);
    else contact_forget(c, consumer, kind);
}

/* Names are found by their words again; contact points are kept by their own owner. */
static int64_t consumer_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    const char *all = json_ids(c, r->id, s->n);
    DbBulk *b = db_bulk(c,
        "update consumer set first_name=?, last_name=?, organization_name=?, preferred_language=?, date_of_birth=?, "
        "billing_line1=?, billing_line2=?, billing_city=?, billing_state=?, billing_postal_code=?, billing_country=?, "
        "updated_at=?, updated_by=?, row_version=row_version+1 where id=? and row_version=?");
    for (size_t i = 0; i < s->n; i++) {
        const char *line1 = import_text(s, i, "mailing_line1"), *country = import_text(s, i, "mailing_country");
        db_bulk_add(b, import_text(s, i, "first_name"), import_text(s, i, "last_name"),
                    import_text(s, i, "organization_name"), import_text(s, i, "language"),
                    import_date(s, i, "date_of_birth"), line1, import_text(s, i, "mailing_line2"),
                    import_text(s, i, "mailing_city"), import_text(s, i, "mailing_state"),
                    import_text(s, i, "mailing_postcode"), line1 && !country ? "US" : country, c->now, c->user,
                    r->id[i], r->version[i]);
    }
    int64_t n = db_bulk_end(b);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join consumer_search x "
              "on x.consumer_id=j.id where x.kind='name'", all);
    Contactss l = db_all(c, Contacts, "select j.row_no-1 as row_no, n.email, n.primary_phone as phone, n.display_name "
                                      "from " IMPORT_IDS "consumer n on n.id=j.id", all);
    SearchWords *w = search_words(c);
    for (size_t i = 0; i < l.n; i++) search_text(w, "name", r->id[l.v[i].row_no], (Id){ 0 }, l.v[i].display_name);
    search_end(w);
    for (size_t i = 0; i < l.n; i++) {
        size_t row = (size_t)l.v[i].row_no;
        contact_store(c, r->id[row], "email", l.v[i].email, import_text(s, row, "email"));
        contact_store(c, r->id[row], "mobile", l.v[i].phone, import_text(s, row, "phone"));
    }
    return n;
}

static const ImportEntity consumer_import = {
    .name = "consumer", .order = 3, .key = "cis.consumers", .columns = consumer_columns, .check = consumer_check,
    .create = consumer_bring, .there = consumer_there, .judge = consumer_judge, .change = consumer_change,
    .revert = consumer_revert };

/* --- premises ----------------------------------------------------------------------------------------------------- */

static const ImportColumn premise_columns[] = {
    { "legacy_id",     IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, "legacy_no", .example = "P-1001",
      .also = "premise_id property_id location_id id" },
    { "sub_area_code", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER | IMPORT_CHANGES, 20, "sub_area",
      .refers = "service_area",
      .refers_words = "sub-areas", .example = "DTP", .also = "area area_code zone" },
    { "line1",  IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 120, .example = "1210 SW Alder St",
      .also = "address address1 street" },
    { "line2",  IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 120, .also = "address2" },
    { "unit",   IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 20, .example = "4B", .also = "apartment flat apt" },
    { "city",   IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 80, .example = "Portland", .also = "town" },
    { "state",  IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 10, .example = "OR", .also = "province" },
    { "postcode", IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES, 20, "postal_code", .example = "97205",
      .also = "zip zip_code postal_code" },
    { "lat",    IMPORT_DECIMAL, .flags = IMPORT_CHANGES, .field = "place", .example = "45.5152", .also = "latitude" },
    { "lng",    IMPORT_DECIMAL, .flags = IMPORT_CHANGES, .field = "place", .example = "-122.6784",
      .also = "lon longitude" },
    { "type",   IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_CHANGES,
      .values = "house apartment shop office industry public land",
      .example = "house",
      .also = "premise_type" },
    { "impervious_sqft", IMPORT_INT, .flags = IMPORT_CHANGES, .field = "eru_e3", .example = "1800" },
    { "parcel_no", IMPORT_TEXT, .flags = IMPORT_CHANGES, .max = 40, .also = "parcel" },
    { 0 } };

static NewPremise *premises_of(Ctx *c, const ImportSet *s) {
    NewPremise *v = take_n(c, NewPremise, s->n + 1);
    Id *area = import_codes(c, s, "sub_area_code", area_find);
    for (size_t i = 0; i < s->n; i++)
        v[i] = (NewPremise){ .legacy_no = import_text(s, i, "legacy_id"), .line1 = import_text(s, i, "line1"),
            .line2 = import_text(s, i, "line2"), .unit = import_text(s, i, "unit"), .city = import_text(s, i, "city"),
            .state = import_text(s, i, "state"), .postal_code = import_text(s, i, "postcode"),
            .type = import_text(s, i, "type"), .sub_area = area[i], .parcel_no = import_text(s, i, "parcel_no"),
            .impervious_sqft = import_int(s, i, "impervious_sqft"),
            .has_place = import_has(s, i, "lat") && import_has(s, i, "lng"), .lat_e6 = import_e6(s, i, "lat"),
            .lng_e6 = import_e6(s, i, "lng") };
    return v;
}

static Faults premise_check(Ctx *c, const ImportSet *s) {
    NewPremise *v = premises_of(c, s);
    Faults all = premises_check(c, v, s->n), to = faults_start(c);
    Id *area = take_n(c, Id, s->n + 1);
    for (size_t i = 0; i < s->n; i++) area[i] = v[i].sub_area;
    import_unknown(&to, s, "sub_area_code", area);
    for (size_t i = 0; i < all.n; i++)
        if (!all.v[i].field || strcmp(all.v[i].field, "sub_area") || area[all.v[i].row].id)
            *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = all.v[i];
    return to;
}

static Faults premise_bring(Ctx *c, const ImportSet *s, Id *ids) {
    return premises_create(c, premises_of(c, s), s->n, ids);
}

/* --- premises that are there --- */

static ImportTheres premise_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, p.row_version as version, p.premise_no as number, null as refusal, "
        "json_object('sub_area_code', a.code, 'line1', p.line1, 'line2', p.line2, 'unit', p.unit, 'city', p.city, "
        "'state', p.state, 'postcode', p.postal_code, 'lat', cast(p.latitude as char), 'lng', cast(p.longitude as "
        "char), 'type', p.premise_type, 'impervious_sqft', p.impervious_sqft, 'parcel_no', p.parcel_no) as cells "
        "from " IMPORT_IDS "premise p on p.id=j.id left join service_area a on a.id=p.sub_area_id",
                  json_ids(c, ids, n));
}

/* As a new one would be, but for the address that is its own. */
static Faults premise_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    NewPremise *v = premises_of(c, s);
    Faults all, to = faults_start(c);
    Id *area = take_n(c, Id, s->n + 1);
    for (size_t i = 0; i < s->n; i++) area[i] = v[i].sub_area, v[i].legacy_no = NULL;
    import_unknown(&to, s, "sub_area_code", area);
    all = premises_check(c, v, s->n);
    for (size_t i = 0; i < all.n; i++) {
        const Fault *f = &all.v[i];
        bool own = f->kind == FAULT_THERE && f->with[0].value && !strcmp(f->with[0].value, r->number[f->row]);
        bool said = f->field && !strcmp(f->field, "sub_area") && !area[f->row].id;
        if (!own && !said) *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = *f;
    }
    return to;
}

static int64_t premise_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    NewPremise *v = premises_of(c, s);
    DbBulk *b = db_bulk(c,
        "update premise set sub_area_id=?, line1=?, line2=?, unit=?, city=?, state=?, postal_code=?, address_key=?, "
        "latitude=?, longitude=?, premise_type=?, impervious_sqft=nullif(?,0), parcel_no=?, updated_at=?, "
        "updated_by=?, row_version=row_version+1 where id=? and row_version=?");
    for (size_t i = 0; i < s->n; i++) {
        const NewPremise *p = &v[i];
        db_bulk_add(b, p->sub_area, p->line1, p->line2, p->unit, p->city, p->state, p->postal_code,
                    address_key(c, p->line1, p->unit, p->postal_code), import_text(s, i, "lat"),
                    import_text(s, i, "lng"), p->type, p->impervious_sqft, p->parcel_no, c->now, c->user, r->id[i],
                    r->version[i]);
    }
    int64_t n = db_bulk_end(b);
    premises_words(c, r->id, s->n);
    return n;
}

static void premise_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Has account ', group_concat(a.account_no "
        "order by a.id separator ', '), '.') as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join account a on a.premise_id=j.id group by j.row_no",
        all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, p.row_version as version from " IMPORT_IDS "premise p on p.id=j.id "
        "where p.row_version>1", all);
    import_keep_edited(c, "premise", &edited, "Was edited since.", why);
    l = db_all(c, ImportStays,
        "select j.row_no, concat('Has order ', min(o.order_no), '.') as why from json_table(?, '$[*]' columns (row_no "
        "for ordinality, id bigint path '$')) j straight_join service_order o on o.premise_id=j.id group by j.row_no",
        all);
    import_keep_why(&l, why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join premise x on "
              "x.id=j.id",
           import_to_go(c, ids, n, why));
    import_note_gone(c, "premise", ids, n, why);
}

static const ImportEntity premise_import = { .name = "premise", .order = 2, .key = "cis.consumers",
    .columns = premise_columns, .check = premise_check, .create = premise_bring, .there = premise_there,
    .judge = premise_judge, .change = premise_change, .revert = premise_revert };

/* --- accounts ----------------------------------------------------------------------------------------------------- */

static const ImportColumn account_columns[] = {
    { "legacy_id",  IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 40, "legacy_no", .example = "A-1001",
      .also = "account_id id" },
    { "account_no", IMPORT_TEXT, .max = 30, .guide = "Empty: the next number of your format" },
    { "consumer_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, "consumer", .refers = "consumer",
      .refers_words = "consumers",
      .example = "C-1001", .also = "consumer_id customer_id customer_no",
      .instead = "An account goes to somebody else by a transfer." },
    { "premise_legacy_id", IMPORT_TEXT, IMPORT_REQUIRED, 80, "premise", .refers = "premise", .refers_words = "premises",
      .example = "P-1001", .also = "premise_id property_id" },
    { "category",   IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 20, .example = "RES",
      .also = "customer_class class", .instead = "Categories are changed under Settings, with what hangs on them." },
    { "sub_category", IMPORT_TEXT, IMPORT_UPPER, 20, .example = "SFR" },
    { "status",     IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_LIVES,
      .values = "pending active temporarily_disconnected disconnected closed",
      .example = "active", .also = "account_status" },
    { "opened_on",  IMPORT_DATE, IMPORT_REQUIRED, .example = "2019-07-01", .also = "open_date start_date" },
    { "closed_on",  IMPORT_DATE, .flags = IMPORT_LIVES, .also = "close_date end_date" },
    { "bill_delivery", IMPORT_TEXT, .flags = IMPORT_CHANGES, .values = "paper email both", .example = "email" },
    { "due_days",   IMPORT_INT, .flags = IMPORT_CHANGES, .guide = "Empty: as the category has it" },
    { "tax_exempt", IMPORT_BOOL, .flags = IMPORT_CHANGES, .example = "no" },
    { "rebate_code", IMPORT_TEXT, IMPORT_UPPER | IMPORT_NEW, 40 },
    { 0 } };

static Id category_find(Ctx *c, const char *code) {
    return db_id(c, "select id from consumer_category where utility_id=? and code=? and active=1", c->utility, code);
}
static Id sub_category_find(Ctx *c, const char *code) {
    return db_id(c, "select id from consumer_sub_category where utility_id=? and code=?", c->utility, code);
}
static Id rebate_find(Ctx *c, const char *code) {
    return db_id(c, "select id from rebate_rule where utility_id=? and code=?", c->utility, code);
}

typedef struct AccountSet { NewAccount *v; Id *consumer, *premise, *category, *sub_category, *rebate; } AccountSet;

static AccountSet accounts_of(Ctx *c, const ImportSet *s) {
    AccountSet a = { take_n(c, NewAccount, s->n + 1), import_refs(c, s, "consumer_legacy_id"),
                     import_refs(c, s, "premise_legacy_id"), import_codes(c, s, "category", category_find),
                     import_codes(c, s, "sub_category", sub_category_find),
                         import_codes(c, s, "rebate_code", rebate_find) };
    for (size_t i = 0; i < s->n; i++)
        a.v[i] = (NewAccount){ .legacy_no = import_text(s, i, "legacy_id"),
                               .account_no = import_text(s, i, "account_no"),
            .consumer = a.consumer[i], .premise = a.premise[i], .category = a.category[i],
            .sub_category = a.sub_category[i],
            .status = import_text(s, i, "status"), .opened_on = import_date(s, i, "opened_on"),
            .closed_on = import_date(s, i, "closed_on"), .is_tax_exempt = import_bool(s, i, "tax_exempt"),
            .due_days = import_int(s, i, "due_days") };
    return a;
}

/* What is given and not there is said as such, in place of "enter a consumer". */
static Faults account_faults_of(Ctx *c, const ImportSet *s, const AccountSet *a, const Faults *all) {
    Faults to = faults_start(c);
    import_unknown(&to, s, "consumer_legacy_id", a->consumer);
    import_unknown(&to, s, "premise_legacy_id", a->premise);
    import_unknown(&to, s, "category", a->category);
    import_unknown(&to, s, "sub_category", a->sub_category);
    import_unknown(&to, s, "rebate_code", a->rebate);
    static const char *const fields[] = { "consumer", "premise", "category", NULL };
    for (size_t i = 0; i < all->n; i++) {
        const Fault *f = &all->v[i];
        bool said = false;
        for (int k = 0; fields[k]; k++) said |= f->kind == FAULT_REQUIRED && f->field && !strcmp(f->field, fields[k]);
        if (!said) *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = *f;
    }
    return to;
}

static Faults account_check(Ctx *c, const ImportSet *s) {
    AccountSet a = accounts_of(c, s);
    Faults all = accounts_check(c, a.v, s->n);
    return account_faults_of(c, s, &a, &all);
}

static Faults account_bring(Ctx *c, const ImportSet *s, Id *ids) {
    AccountSet a = accounts_of(c, s);
    Faults all = accounts_create(c, a.v, s->n, ids);
    for (size_t i = 0; i < s->n; i++) {
        if (!ids[i].id) continue;
        const char *mode = import_text(s, i, "bill_delivery");
        if (mode) bill_delivery_set(c, ids[i], mode, "import");
        if (a.rebate[i].id)
            db_run(c, "insert into rebate_enrolment (utility_id, account_id, rebate_rule_id, from_on, status, note) "
                      "values (?,?,?,?,'requested','Import')", c->utility, ids[i], a.rebate[i], a.v[i].opened_on);
    }
    return account_faults_of(c, s, &a, &all);
}

/* --- accounts that are there --- */

static ImportTheres account_there(Ctx *c, const Id *ids, size_t n) {
    return db_all(c, ImportThere, "select j.row_no, a.row_version as version, a.account_no as number, if(a.status in "
        "('closed', 'cancelled'), 'import.account_ended', null) as refusal, json_object('account_no', a.account_no, "
        "'consumer_legacy_id', coalesce(n.legacy_no, ''), 'premise_legacy_id', coalesce(p.legacy_no, ''), 'category', "
        "k.code, 'sub_category', u.code, 'status', a.status, 'opened_on', a.opened_on, 'closed_on', a.closed_on, "
        "'bill_delivery', coalesce(d.mode, 'paper'), 'due_days', a.due_days, 'tax_exempt', a.tax_exempt) as cells "
        "from " IMPORT_IDS "account a on a.id=j.id left join consumer n on n.id=a.consumer_id left join premise p "
        "on p.id=a.premise_id left join consumer_category k on k.id=a.category_id left join consumer_sub_category u "
        "on u.id=a.sub_category_id left join bill_delivery_pref d on d.account_id=a.id", json_ids(c, ids, n));
}

static Faults account_judge(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    (void)r;
    Faults to = faults_start(c);
    for (size_t i = 0; i < s->n; i++)
        if (import_int(s, i, "due_days") < 0 || import_int(s, i, "due_days") > 90)
            fault_add(&to, i, FAULT_VALUE, "due_days", "cis.entry.due_days");
    return to;
}

static int64_t account_change(Ctx *c, const ImportSet *s, const ImportRecords *r) {
    DbBulk *b = db_bulk(c, "update account set due_days=nullif(?,0), tax_exempt=?, updated_at=?, updated_by=?, "
                           "row_version=row_version+1 where id=? and row_version=?");
    for (size_t i = 0; i < s->n; i++) {
        db_bulk_add(b, import_int(s, i, "due_days"), import_bool(s, i, "tax_exempt"), c->now, c->user, r->id[i],
                    r->version[i]);
        bill_delivery_set(c, r->id[i], import_text(s, i, "bill_delivery"), "import");
    }
    return db_bulk_end(b);
}

static void account_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, concat('Has connection ', group_concat(s.connection_no "
        "order by s.id separator ', '), '.') as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join service_connection s on s.account_id=j.id group by j.row_no",
        all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select j.row_no, concat('Has postings, the balance is ', sum(e.debit_minor-e.credit_minor)/100, "
        "'.') as why from json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j straight_join "
        "ledger_entry e on e.account_id=j.id group by j.row_no",
        all);
    import_keep_why(&l, why);
    ImportEditeds edited = db_all(c, ImportEdited,
        "select j.row_no, j.id, a.row_version as version from " IMPORT_IDS "account a on a.id=j.id "
        "where a.row_version>1", all);
    import_keep_edited(c, "account", &edited, "Was edited since.", why);
    l = db_all(c, ImportStays,
        "select v.row_no, concat('Has ', v.no, '.') as why from (select j.row_no, coalesce((select min(p.complaint_no) "
        "from complaint p where p.account_id=j.id), (select min(q.request_no) from service_request q "
        "where q.account_id=j.id), (select min(o.order_no) from service_order o where o.account_id=j.id)) as no "
        "from json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j) v where v.no is not null",
        all);
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    portal_account_forget(c, gone);
    account_cycle_forget(c, gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join consumer_search x on "
        "x.account_id=j.id",
        gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join rebate_enrolment x on "
        "x.account_id=j.id",
        gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join account_status_history x "
        "on x.account_id=j.id",
        gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join account x on "
              "x.id=j.id",
           gone);
    import_note_gone(c, "account", ids, n, why);
}

static const ImportEntity account_import = { .name = "account", .order = 4, .key = "cis.consumers",
    .columns = account_columns, .check = account_check, .create = account_bring, .there = account_there,
    .judge = account_judge, .change = account_change, .revert = account_revert };

/* --- connections, for metering ------------------------------------------------------------------------------------ */

void connections_revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays, "select j.row_no, 'Was billed.' as why "
                                            "from json_table(?, '$[*]' columns (row_no for "
                                "ordinality, id bigint path '$')) j straight_join service_connection s on s.id=j.id "
                                "where s.last_billed_on is not "
                                "null", all);
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_connection_plan x "
        "on x.service_connection_id=j.id",
        gone);
    db_run(c,
        "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_connection_holder "
        "x on x.service_connection_id=j.id",
        gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join service_connection "
              "x on x.id=j.id", gone);
    import_note_gone(c, "service_connection", ids, n, why);
}

extern const ImportEntity complaint_import, request_import;     /* import_case.c */
extern const ImportEntity agreement_import;                     /* import_agreement.c */

void cis_imports(void) {
    import_register(&consumer_import);
    import_register(&premise_import);
    import_register(&account_import);
    import_register(&agreement_import);
    import_register(&complaint_import);
    import_register(&request_import);
}
