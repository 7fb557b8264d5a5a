/*
 * Consumers are entered: one at a desk, an application's, or the rows of a file (CIS01US02).
 *
 * Facts for the whole set come in a handful of statements, each row is judged by consumer_faults, what is good is
 * stored in bulk: number, contact points, words of the search, audit, event consumer.created.
 */
#include <string.h>

#include "app/cis/entry.h"
#include "lib/json.h"
#include "lib/utf8.h"

/* --- facts -------------------------------------------------------------------------------------------------------- */

static Bytes document_hash(Ctx *c, const NewConsumer *n) {
    return lookup_hash(c, text(c, "%s:%s", n->document_type ? n->document_type : "", n->document_no));
}

/* As the stored column display_name joins it. */
static const char *display_name(Ctx *c, const NewConsumer *n) {
    if (n->type && !strcmp(n->type, "organization")) return n->organization_name;
    const char *parts[] = { n->first_name, n->middle_name, n->last_name };
    Text t = text_start(c);
    for (int i = 0; i < 3; i++)
        if (parts[i]) text_addf(&t, "%s%s", t.n ? " " : "", parts[i]);
    return t.s;
}

static const char *hex(Ctx *c, Bytes b) {
    Text t = text_start(c);
    for (size_t i = 0; i < b.n; i++) text_addf(&t, "%02x", ((const uint8_t *)b.p)[i]);
    return t.s;
}

typedef struct RowKeys { const char **number, **legacy, **document, **phone, **email; } RowKeys;

static RowKeys keys_of(Ctx *c, const NewConsumer *v, size_t n) {
    RowKeys k = { take_n(c, const char *, n + 1), take_n(c, const char *, n + 1), take_n(c, const char *, n + 1),
               take_n(c, const char *, n + 1), take_n(c, const char *, n + 1) };
    for (size_t i = 0; i < n; i++) {
        k.number[i] = v[i].consumer_no;
        k.legacy[i] = v[i].legacy_no;
        k.document[i] = v[i].document_no ? hex(c, document_hash(c, &v[i])) : NULL;
        k.phone[i] = v[i].phone;
        k.email[i] = v[i].email;
    }
    return k;
}

#define LIKE(F, T) F(T, int, row_no) F(T, const char *, value) F(T, const char *, name)
ROW(Like, LIKE)

static void likes(ConsumerKnown *f, Likes l, const char *by) {
    for (size_t i = 0; i < l.n; i++) {
        ConsumerKnown *one = &f[l.v[i].row_no];
        if (one->like) continue;
        one->like = l.v[i].name, one->like_no = l.v[i].value, one->like_by = by;
    }
}

static const char *names_with_place(Ctx *c, const NewConsumer *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        if (!v[i].billing.postal_code) continue;
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, (int64_t)i);
        json_add_text(&o, NULL, display_name(c, &v[i]));
        json_add_text(&o, NULL, v[i].billing.postal_code);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

/* Who has the same phone, mail, or name and postal code. */
static void possible_duplicates(Ctx *c, const NewConsumer *v, size_t n, const RowKeys *k, ConsumerKnown *f) {
    likes(f, db_all(c, Like, "select j.row_no, n.consumer_no as value, n.display_name as name "
                             "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                             "varchar(20) path '$[1]')) j "
                             "straight_join consumer n on n.utility_id=? "
                             "and n.primary_phone=j.value and n.status='active' "
                             "order by j.row_no, n.id", json_keys(c, k->phone, n), c->utility), "phone");
    likes(f, db_all(c, Like, "select j.row_no, n.consumer_no as value, n.display_name as name "
                             "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                             "varchar(254) path '$[1]')) j "
                             "straight_join consumer n on n.utility_id=? "
                             "and n.email=j.value collate utf8mb4_unicode_520_ci "
                             "and n.status='active' order by j.row_no, n.id", json_keys(c, k->email, n), c->utility),
                                 "email");
    likes(f,
        db_all(c, Like,
            "select j.row_no, n.consumer_no as value, n.display_name as name "
            "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(130) path '$[1]', "
            "place varchar(20) path '$[2]')) j straight_join consumer n on n.utility_id=? "
            "and n.display_name=j.value collate utf8mb4_unicode_520_ci and n.status='active' "
            "where n.billing_postal_code=j.place collate utf8mb4_unicode_520_ci or exists (select 1 "
            "from account a join premise p on p.id=a.premise_id where a.consumer_id=n.id "
            "and p.postal_code=j.place collate utf8mb4_unicode_520_ci) order by j.row_no, n.id",
            names_with_place(c, v, n), c->utility),
        "name");
}

static ConsumerKnown *facts_of(Ctx *c, const NewConsumer *v, size_t n, const RowKeys *k) {
    ConsumerKnown *f = take_n(c, ConsumerKnown, n + 1);
    Date today = utility_today(c);
    for (size_t i = 0; i < n; i++) f[i].today = today;
    Hits l = db_all(c, Hit, "select j.row_no, n.consumer_no as value "
                            "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                            "varchar(30) path '$[1]')) j "
                            "straight_join consumer n on n.utility_id=? and n.consumer_no=j.value",
                    json_keys(c, k->number, n), c->utility);
    for (size_t i = 0; i < l.n; i++) f[l.v[i].row_no].number_taken = true;
    l = db_all(c, Hit, "select j.row_no, n.consumer_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(40) path '$[1]')) j "
                       "straight_join consumer n force index (consumer_legacy) on n.utility_id=? "
                       "and n.legacy_no=j.value",
               json_keys(c, k->legacy, n), c->utility);
    for (size_t i = 0; i < l.n; i++) f[l.v[i].row_no].legacy_taken = true;
    l = db_all(c, Hit, "select j.row_no, n.consumer_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(64) path '$[1]')) j "
                       "straight_join consumer n on n.utility_id=? and n.id_number_hash=unhex(j.value)",
               json_keys(c, k->document, n), c->utility);
    for (size_t i = 0; i < l.n; i++) f[l.v[i].row_no].document_holder = l.v[i].value;
    possible_duplicates(c, v, n, k, f);
    return f;
}

/* What an earlier row of the set has already. */
static void twice(Faults *to, size_t n, const RowKeys *k) {
    static const char *const fields[] = { "consumer_no", "legacy_no", "document_no", NULL };
    entry_twice(to, n, (const char *const *const[]){ k->number, k->legacy, k->document }, fields);
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

typedef struct Rows { const char **number; bool *stored; Id *id; } Rows;

static void insert_consumers(Ctx *c, const NewConsumer *v, size_t n, Rows *r) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    const char *language = utility_here(c)->language;
    DbBulk *b = db_bulk(c,
        "insert into consumer (utility_id, consumer_no, legacy_no, type, first_name, middle_name, last_name, "
        "organization_name, date_of_birth, id_document_type, id_number_enc, id_number_last4, id_number_hash, tax_id, "
        "primary_phone, phone_verified_at, alternate_phone, email, email_verified_at, preferred_language, "
        "preferred_channel, billing_line1, billing_line2, billing_city, billing_state, billing_postal_code, "
        "billing_country, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const NewConsumer *w = &v[i];
        if (!r->stored[i]) continue;
        bool organization = w->type && !strcmp(w->type, "organization");
        size_t digits = w->document_no ? strlen(w->document_no) : 0;
        const PostalAddress *a = &w->billing;
        db_bulk_add(b, c->utility, r->number[i], w->legacy_no, organization ? "organization" : "person",
            organization ? NULL : w->first_name, organization ? NULL : w->middle_name, organization
                ? NULL : w->last_name,
            organization ? w->organization_name : NULL, w->born_on, w->document_no ? w->document_type : NULL,
            digits ? vault_seal(c, "consumer.id_number", w->document_no) : (Bytes){ 0 },
            digits ? w->document_no + (digits > 4 ? digits - 4 : 0) : NULL, digits ? document_hash(c, w) : (Bytes){ 0 },
                w->tax_id,
            w->phone, w->is_phone_verified ? c->now : TIME_NONE, w->alternate_phone, w->email,
            w->email && w->is_email_verified ? c->now : TIME_NONE, w->language ? w->language : language,
            w->channel ? w->channel : w->email ? "email" : "letter", a->line1, a->line2, a->city, a->state,
                a->postal_code,
            a->line1 ? a->country ? a->country : "US" : NULL, c->now, by, c->now, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, row_no) F(T, Id, id)
ROW(Made, MADE)

static void ids_of(Ctx *c, size_t n, Rows *r) {
    Mades l = db_all(c, Made, "select j.row_no, n.id "
                              "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                              "varchar(30) path '$[1]')) j "
                              "straight_join consumer n on n.utility_id=? and n.consumer_no=j.value",
                     json_keys(c, r->number, n), c->utility);
    for (size_t i = 0; i < l.n; i++) r->id[l.v[i].row_no] = l.v[i].id;
}

static void insert_contacts(Ctx *c, const NewConsumer *v, size_t n, const Rows *r) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    DbBulk *b = db_bulk(c,
        "insert into contact_point (utility_id, consumer_id, kind, value, verified_at, is_primary, created_by, "
        "updated_by) values (?,?,?,?,?,?,?,?)");
    SearchWords *w = search_words(c);
    for (size_t i = 0; i < n; i++) {
        if (!r->stored[i]) continue;
        Id id = r->id[i];
        if (v[i].email) db_bulk_add(b, c->utility, id, "email", v[i].email, v[i].is_email_verified ? c->now : TIME_NONE,
                                    true, by, by);
        db_bulk_add(b, c->utility, id, "mobile", v[i].phone, v[i].is_phone_verified ? c->now : TIME_NONE, true, by, by);
        if (v[i].alternate_phone && strcmp(v[i].alternate_phone, v[i].phone) != 0)
            db_bulk_add(b, c->utility, id, "phone", v[i].alternate_phone, TIME_NONE, false, by, by);
        search_text(w, "name", id, (Id){ 0 }, display_name(c, &v[i]));
        search_phone(w, id, v[i].phone);
        search_phone(w, id, v[i].alternate_phone);
        if (v[i].email) search_number(w, "email", id, (Id){ 0 }, v[i].email);
        search_number(w, "number", id, (Id){ 0 }, r->number[i]);
    }
    db_bulk_end(b);
    search_end(w);
}

static void tell(Ctx *c, const NewConsumer *v, size_t n, const Rows *r) {
    Event *events = take_n(c, Event, n + 1);
    Audit *audits = take_n(c, Audit, n + 1);
    size_t many = 0;
    for (size_t i = 0; i < n; i++) {
        if (!r->stored[i]) continue;
        const char *after = json_pairs(c, "name", display_name(c, &v[i]), "phone", v[i].phone, "email", v[i].email,
                                       "legacy_no", v[i].legacy_no, NULL);
        audits[many] = (Audit){ .action = "create", .entity = "consumer", .id = r->id[i], .number = r->number[i],
                                .version = 1, .after = after, .reason = v[i].duplicate_reason };
        events[many++] = (Event){ .name = "consumer.created", .entity = "consumer", .id = r->id[i],
                                  .number = r->number[i],
                                  .consumer = r->id[i] };
    }
    audits_write(c, audits, many);
    events_emit(c, events, many);
}

/* --- for others --------------------------------------------------------------------------------------------------- */

static Faults check(Ctx *c, const NewConsumer *v, size_t n, RowKeys *k) {
    Faults all = faults_start(c);
    *k = keys_of(c, v, n);
    ConsumerKnown *f = facts_of(c, v, n, k);
    for (size_t i = 0; i < n; i++) consumer_faults(&all, i, &v[i], &f[i]);
    twice(&all, n, k);
    return all;
}

static void store(Ctx *c, const NewConsumer *v, size_t n, const RowKeys *k, const Faults *all, Id *ids) {
    Rows r = { .stored = entry_good(c, all, n, ids), .id = ids };
    r.number = entry_numbers(c, "consumer", k->number, r.stored, n);
    insert_consumers(c, v, n, &r);
    ids_of(c, n, &r);
    insert_contacts(c, v, n, &r);
    tell(c, v, n, &r);
}

ENTRY_FORMS(NewConsumer, consumer, consumers)
