/*
 * Accounts are opened, one or the rows of a file, and move from state to state (CIS01US02; spec/README section 9).
 */
#include <string.h>

#include "app/cis/entry.h"
#include "app/platform/platform.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"

typedef struct RowKeys { const char **number, **legacy, **premise; } RowKeys;

static RowKeys keys_of(Ctx *c, const NewAccount *v, size_t n) {
    RowKeys k = { take_n(c, const char *, n + 1), take_n(c, const char *, n + 1), take_n(c, const char *, n + 1) };
    for (size_t i = 0; i < n; i++) {
        k.number[i] = v[i].account_no;
        k.legacy[i] = v[i].legacy_no;
    }
    return k;
}

/* --- facts -------------------------------------------------------------------------------------------------------- */

#define FACT(F, T) F(T, int, row_no) F(T, const char *, consumer_status) F(T, bool, has_premise) \
    F(T, bool, is_multi_unit) F(T, bool, area_is_off) \
    F(T, Id, sub_area) F(T, bool, has_category) F(T, bool, sub_category_fits) F(T, const char *, open_account)
ROW(Fact, FACT)

/* [[row,consumer,premise,category,sub category], ...] */
static const char *references(Ctx *c, const NewAccount *v, size_t n) {
    Text t = text_start(c);
    text_add(&t, "[");
    for (size_t i = 0; i < n; i++)
        text_addf(&t, "%s[%zu,%lld,%lld,%lld,%lld]", i ? "," : "", i, (long long)v[i].consumer.id,
                  (long long)v[i].premise.id,
                  (long long)v[i].category.id, (long long)v[i].sub_category.id);
    text_add(&t, "]");
    return t.s;
}

/* An open account counts by its key account_single: premises with several units have none. */
static AccountKnown *facts_of(Ctx *c, const NewAccount *v, size_t n, RowKeys *k) {
    AccountKnown *f = take_n(c, AccountKnown, n + 1);
    Date today = utility_today(c);
    for (size_t i = 0; i < n; i++) f[i].today = today;
    Facts l = db_all(c, Fact,
        "select j.row_no, n.status as consumer_status, p.id is not null as has_premise, coalesce(p.multi_unit, "
        "0) as is_multi_unit, coalesce(z.status, 'active')<>'active' as area_is_off, p.sub_area_id as sub_area, "
        "g.id is not null as has_category, "
        "s.id is not null as sub_category_fits, (select a.account_no from account a where a.premise_id=p.id "
        "and a.utility_id=? and a.status not in ('closed', 'cancelled') limit 1) as open_account "
        "from json_table(?, '$[*]' columns (row_no int path '$[0]', consumer bigint path '$[1]', "
        "premise bigint path '$[2]', category bigint path '$[3]', sub bigint path '$[4]')) j left join consumer n "
        "on n.id=j.consumer and n.utility_id=? left join premise p on p.id=j.premise and p.utility_id=? "
        "left join service_area z on z.id=p.sub_area_id "
        "left join consumer_category g on g.id=j.category and g.utility_id=? and g.active=1 "
        "left join consumer_sub_category s on s.id=j.sub and s.category_id=g.id",
        c->utility, references(c, v, n), c->utility, c->utility, c->utility);
    for (size_t i = 0; i < l.n; i++) {
        const Fact *r = &l.v[i];
        AccountKnown *one = &f[r->row_no];
        one->consumer_status = r->consumer_status, one->has_category = r->has_category;
        one->has_premise = r->has_premise && scope_has_area(c, r->sub_area), one->is_multi_unit = r->is_multi_unit;
        one->area_is_off = r->area_is_off;
        one->sub_category_fits = r->sub_category_fits, one->open_account = r->open_account;
        bool alone = account_is_open(v[r->row_no].status) && !r->is_multi_unit && r->has_premise;
        k->premise[r->row_no] = alone ? text(c, "%lld", (long long)v[r->row_no].premise.id) : NULL;
    }
    Hits h = db_all(c, Hit, "select j.row_no, a.account_no as value "
                            "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                            "varchar(30) path '$[1]')) j "
                            "straight_join account a on a.utility_id=? and a.account_no=j.value",
                    json_keys(c, k->number, n), c->utility);
    for (size_t i = 0; i < h.n; i++) f[h.v[i].row_no].number_taken = true;
    h = db_all(c, Hit, "select j.row_no, a.account_no as value "
                       "from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(40) path '$[1]')) j "
                       "straight_join account a force index (account_legacy) on a.utility_id=? "
                       "and a.legacy_no=j.value",
               json_keys(c, k->legacy, n), c->utility);
    for (size_t i = 0; i < h.n; i++) f[h.v[i].row_no].legacy_taken = true;
    return f;
}

static void twice(Faults *to, size_t n, const RowKeys *k) {
    static const char *const fields[] = { "account_no", "legacy_no", "premise", NULL };
    entry_twice(to, n, (const char *const *const[]){ k->number, k->legacy, k->premise }, fields);
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

/* Printed on bills and typed by consumers: no letter or digit that looks like another. 32 ^ 8 of them. */
static const char *portal_code(Ctx *c) {
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    uint8_t drawn[8];
    random_fill(drawn, sizeof drawn);
    char *code = take(c, 9);
    for (int i = 0; i < 8; i++) code[i] = letters[drawn[i] & 31];
    return code;
}

static void insert_accounts(Ctx *c, const NewAccount *v, size_t n, const RowKeys *k, const char *const *numbers) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    const char *currency = utility_here(c)->currency;
    Date today = utility_today(c);
    DbBulk *b = db_bulk(c,
        "insert into account (utility_id, account_no, portal_code, legacy_no, consumer_id, premise_id, category_id, "
        "sub_category_id, status, single_flag, opened_on, closed_on, currency, tax_exempt, tax_certificate_no, "
        "due_days, billing_address_choice, created_at, created_by, updated_at, updated_by) "
        "values (?,?,?,?,?,?,?,?,?,nullif(?,0),?,?,?,?,?,nullif(?,0),?,?,?,?,?)");
    for (size_t i = 0; i < n; i++) {
        const NewAccount *a = &v[i];
        if (!numbers[i]) continue;
        const char *status = a->status ? a->status : "pending";
        bool pending = !strcmp(status, "pending");
        Date opened = date_is_set(a->opened_on) ? a->opened_on : pending ? DATE_NONE : today;
        db_bulk_add(b, c->utility, numbers[i], portal_code(c), a->legacy_no, a->consumer, a->premise, a->category,
                    a->sub_category,
                    status, k->premise[i] ? 1 : 0, opened, a->closed_on, currency, a->is_tax_exempt,
                        a->tax_certificate_no,
                    a->due_days, a->billing ? a->billing : "consumer", c->now, by, c->now, by);
    }
    db_bulk_end(b);
}

#define MADE(F, T) F(T, int, row_no) F(T, Id, id) F(T, Id, consumer) F(T, const char *, account_no) \
    F(T, const char *, status) \
    F(T, const char *, line1) F(T, const char *, postal_code)
ROW(Made, MADE)

static Mades made_of(Ctx *c, const char *const *numbers, size_t n) {
    return db_all(c, Made, "select j.row_no, a.id, a.consumer_id as consumer, a.account_no, "
                           "a.status, p.line1, p.postal_code "
                           "from json_table(?, '$[*]' columns (row_no int path '$[0]', value "
                           "varchar(30) path '$[1]')) j "
                           "straight_join account a on a.utility_id=? and a.account_no=j.value "
                           "straight_join premise p on p.id=a.premise_id order by j.row_no",
                  json_keys(c, numbers, n), c->utility);
}

static void tell(Ctx *c, const Mades *l) {
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    Event *events = take_n(c, Event, l->n * 2 + 1);
    Audit *audits = take_n(c, Audit, l->n + 1);
    size_t many = 0;
    SearchWords *w = search_words(c);
    DbBulk *history = db_bulk(c, "insert into account_status_history (utility_id, account_id, to_status, at, "
                                 "by_id) values (?,?,?,?,?)");
    for (size_t i = 0; i < l->n; i++) {
        const Made *a = &l->v[i];
        search_number(w, "number", a->consumer, a->id, a->account_no);
        search_text(w, "address", a->consumer, a->id, a->line1);
        search_number(w, "address", a->consumer, a->id, a->postal_code);
        db_bulk_add(history, c->utility, a->id, a->status, c->now, by);
        audits[i] = (Audit){ .action = "create", .entity = "account", .id = a->id, .number = a->account_no,
                             .version = 1,
                             .after = json_pairs(c, "status", a->status, NULL) };
        events[many++] = (Event){ .name = "account.created", .entity = "account", .id = a->id, .number = a->account_no,
                                  .account = a->id, .consumer = a->consumer, .payload = json_pairs(c, "to", a->status,
                                      NULL) };
        if (!strcmp(a->status, "active"))
            events[many++] = (Event){ .name = "account.activated", .entity = "account", .id = a->id,
                                      .number = a->account_no,
                                      .account = a->id, .consumer = a->consumer,
                                      .payload = json_pairs(c, "from", NULL, "to", "active", NULL) };
    }
    db_bulk_end(history);
    search_end(w);
    audits_write(c, audits, l->n);
    events_emit(c, events, many);
}

void premises_words(Ctx *c, const Id *premises, size_t n) {
    const char *all = json_ids(c, premises, n);
    db_run(c, "delete s from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join account a "
              "on a.premise_id=j.id straight_join consumer_search s on s.account_id=a.id where s.kind='address'", all);
    Mades l = db_all(c, Made, "select 0 as row_no, a.id, a.consumer_id as consumer, a.account_no, a.status, p.line1, "
                              "p.postal_code from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join "
                              "premise p on p.id=j.id straight_join account a on a.premise_id=p.id", all);
    SearchWords *w = search_words(c);
    for (size_t i = 0; i < l.n; i++) {
        search_text(w, "address", l.v[i].consumer, l.v[i].id, l.v[i].line1);
        search_number(w, "address", l.v[i].consumer, l.v[i].id, l.v[i].postal_code);
    }
    search_end(w);
}

static void store(Ctx *c, const NewAccount *v, size_t n, const RowKeys *k, const Faults *all, Id *ids) {
    bool *stored = entry_good(c, all, n, ids);
    const char **numbers = entry_numbers(c, "account", k->number, stored, n);
    insert_accounts(c, v, n, k, numbers);
    Mades l = made_of(c, numbers, n);
    for (size_t i = 0; i < l.n; i++) ids[l.v[i].row_no] = l.v[i].id;
    tell(c, &l);
}

/* What the organization bought: beyond the limit and its grace no further account is opened. */
static void limit_faults(Ctx *c, Faults *to, const NewAccount *v, size_t n) {
    int64_t room = subscription_room(c, "accounts");
    for (size_t i = 0; i < n && room < (int64_t)n; i++)
        if (account_is_open(v[i].status) && room-- <= 0) fault_add(to, i, FAULT_RULE, NULL, "cis.entry.account_limit");
}

static Faults check(Ctx *c, const NewAccount *v, size_t n, RowKeys *k) {
    Faults all = faults_start(c);
    *k = keys_of(c, v, n);
    AccountKnown *f = facts_of(c, v, n, k);
    for (size_t i = 0; i < n; i++) account_faults(&all, i, &v[i], &f[i]);
    limit_faults(c, &all, v, n);
    twice(&all, n, k);
    return all;
}

ENTRY_FORMS(NewAccount, account, accounts)

/* --- states ------------------------------------------------------------------------------------------------------- */

#define STATE(F, T) F(T, Id, id) F(T, Id, consumer_id) F(T, const char *, account_no) F(T, const char *, status) \
    F(T, Money, balance_minor) F(T, int, row_version) F(T, int, meters)
ROW(State, STATE)

static const char *said(Ctx *c, const char *key, const char *name, const char *value) {
    return msg_format(c, c->language, key, { name, value });
}

/* Supply has ended before the account closes, and what is owed is settled or written off. */
static void may_close(Ctx *c, const State *a) {
    if (a->meters) fail(c, CONFLICT, "%s", msg(c->language, "cis.account.meter_installed"));
    if (a->balance_minor.minor <= 0) return;
    fail(c, CONFLICT, "%s",
         said(c, "cis.account.unsettled", "amount", locale_money(&c->mem, c->locale, a->balance_minor)));
}

static void move_to(Ctx *c, Id account, const char *status, Date on, const char *reason) {
    State *a = db_find(c, State, "select a.id, a.consumer_id, a.account_no, a.status, a.balance_minor, a.row_version, "
        "(select count(*) from service_connection s where s.account_id=a.id and s.status='active' "
        "and s.meter_id is not null) as meters "
        "from account a where a.id=? and a.utility_id=? for update", account, c->utility);
    if (!a) fail(c, NOT_FOUND, "There is no such account.");
    if (!strcmp(a->status, status)) return;
    if (!account_may_become(a->status, status)) {
        const char *is = msg(c->language, text(c, "state.%s", a->status)),
            *to = msg(c->language, text(c, "state.%s", status));
        fail(c, CONFLICT, "%s", msg_format(c, c->language, "cis.account.no_move", { "no", a->account_no },
                                           { "from", is }, { "to", to }));
    }
    bool closes = !strcmp(status, "closed"), ends = closes || !strcmp(status, "cancelled");
    if (closes) may_close(c, a);
    db_run(c, "update account set status=?, single_flag=if(?, null, single_flag), opened_on=if(? "
              "and opened_on is null, ?, opened_on), "
              "closed_on=if(?, ?, closed_on), close_reason=if(?, left(?, 60), close_reason), "
              "updated_at=?, updated_by=?, "
              "row_version=row_version+1 where id=?", status, ends, !strcmp(status, "active"), on, closes, on,
           ends, reason, c->now,
           c->realm == REALM_STAFF ? c->user : (Id){ 0 }, account);
    db_run(c, "insert into account_status_history (utility_id, account_id, from_status, to_status, at, reason, "
              "by_id) values (?,?,?,?,?,?,?)",
           c->utility, account, a->status, status, c->now, reason, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    audit_write(c, &(Audit){ .action = status, .entity = "account", .id = account, .number = a->account_no,
                             .version = a->row_version + 1, .before = json_pairs(c, "status", a->status, NULL),
                             .after = json_pairs(c, "status", status, NULL), .reason = reason });
    const char *payload = json_pairs(c, "from", a->status, "to", status, "reason", reason, NULL);
    Event e = { .entity = "account", .id = account, .number = a->account_no, .account = account,
                .consumer = a->consumer_id,
                .payload = payload };
    e.name = "account.status_changed";
    event_emit(c, &e);
    bool begins = !strcmp(status, "active") && !strcmp(a->status, "pending");
    e.name = begins ? "account.activated" : "account.closed";
    if (begins || closes) event_emit(c, &e);
}

void account_status_set(Ctx *c, Id account, const char *status, const char *reason) {
    move_to(c, account, status, utility_today(c), reason);
}

void account_open(Ctx *c, Id account, Date on, const char *reason) {
    if (date_compare(on, utility_today(c)) > 0)
        fail_field(c, INVALID, "opened_on", "%s", msg(c->language, "cis.entry.opened_future"));
    move_to(c, account, "active", on, reason);
}

/* --- another category --------------------------------------------------------------------------------------------- */

#define MOVED(F, T) F(T, Id, id) F(T, const char *, account_no) F(T, int64_t, row_version)
ROW(Moved, MOVED)

int64_t accounts_category_move(Ctx *c, Id from, Id to, int most, const char *reason) {
    Moveds l = db_all(c, Moved, "select id, account_no, row_version + 1 as row_version from account where utility_id=? "
                      "and category_id=? order by id limit ? for update", c->utility, from, most);
    if (!l.n) return 0;
    Id *ids = take_n(c, Id, l.n);
    Audit *notes = take_n(c, Audit, l.n);
    for (size_t i = 0; i < l.n; i++) {
        ids[i] = l.v[i].id;
        notes[i] = (Audit){ .action = "edit", .entity = "account", .id = l.v[i].id, .number = l.v[i].account_no,
                            .version = l.v[i].row_version, .reason = reason };
    }
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join account a on a.id=j.id "
              "left join consumer_sub_category s on s.id=a.sub_category_id and s.category_id=? "
              "set a.category_id=?, a.sub_category_id=s.id, a.updated_at=?, a.updated_by=?, "
              "a.row_version=a.row_version+1", json_ids(c, ids, l.n), to, to, c->now, c->user);
    audits_note(c, notes, l.n);
    return (int64_t)l.n;
}
