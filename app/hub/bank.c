/*
 * Payouts at the bank (ONB03US01 "bank deposit"): statements as CSV or MT940 files, each line once whatever file it
 * comes in, matched with the net of a settlement by amount and date; what is not certain is suggested to a person.
 *
 *   open | suggested -> matched | set_aside -> open
 */
#include <string.h>

#include "app/core/core.h"
#include "app/hub/bank_rules.h"
#include "app/hub/gateway.h"
#include "app/hub/pages.h"
#include "lib/crypt.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/history.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

enum { FILE_BYTES_MAX = 20 << 20, WRONG_MAX = 20, PAYOUTS_MAX = 500 };

/* --- matching ----------------------------------------------------------------------------------------------------- */

#define PAYOUT_ROW(F, T) F(T, Id, settlement) F(T, Money, net) F(T, Date, on) F(T, const char *, payout)
ROW(PayoutRow, PAYOUT_ROW)

/* Of the same amount, that the bank has not: few. */
static BankPayout *payouts_like(Ctx *c, Money net, size_t *n) {
    PayoutRows rows = db_all(c, PayoutRow, "select s.id as settlement, s.net_minor as net, s.deposited_on as `on`, "
                                           "s.provider_settlement_id as payout "
                                           "from settlement s where s.utility_id = ? "
                                           "and s.net_minor = ? and s.failed_at is null and not exists (select 1 from "
                                           "bank_statement_line l where l.settlement_id = s.id "
                                           "and l.state = 'matched') "
                                           "order by s.id limit ?", c->utility, net, (int)PAYOUTS_MAX);
    BankPayout *v = take_n(c, BankPayout, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++)
        v[i] = (BankPayout){ rows.v[i].settlement, rows.v[i].net, rows.v[i].on, rows.v[i].payout };
    *n = rows.n;
    return v;
}

static void bind_line(Ctx *c, Id line, Id settlement, const char *reference) {
    db_must(c, 1, CONFLICT, "update bank_statement_line set state = 'matched', settlement_id = ?, decided_by = ?, "
                            "decided_at = ? where id = ? and state <> 'matched'", settlement,
            c->realm == REALM_STAFF ? c->user : (Id){ 0 }, c->now, line);
    db_run(c, "update settlement set bank_reference = ?, updated_at = ? where id = ?", reference, c->now, settlement);
    db_run(c, "update bank_statement_line set settlement_id = null, state = 'open' where settlement_id = ? and state = "
              "'suggested'", settlement);
    audit_note(c, "bank", "settlement", settlement,
               db_text(c, "select provider_settlement_id from settlement where id = ?", settlement), reference);
}

#define BANK_ROW(F, T) F(T, Id, id) F(T, Date, booked_on) F(T, Money, amount_minor) F(T, const char *, reference) \
    F(T, const char *, text)
ROW(BankRow, BANK_ROW)

static const char *reference_of(const BankRow *l) { return l->reference ? l->reference : l->text; }

static bool match_line(Ctx *c, const BankRow *l) {
    size_t n;
    BankPayout *v = payouts_like(c, l->amount_minor, &n);
    BankLine line = { .on = l->booked_on, .amount = l->amount_minor, .reference = l->reference, .text = l->text };
    BankMatch m = bank_match(&line, v, n);
    if (!m.settlement.id) return false;
    if (m.is_certain) bind_line(c, l->id, m.settlement, reference_of(l));
    else
        db_run(c, "update bank_statement_line set state = 'suggested', settlement_id = ? where id = ?", m.settlement,
               l->id);
    return true;
}

/* A payout that comes after its line. */
void bank_look(Ctx *c, Id settlement) {
    Money net = db_money(c, "select net_minor from settlement where id = ?", settlement);
    BankRows all = db_all(c, BankRow,
        "select id, booked_on, amount_minor, reference, text from bank_statement_line where utility_id = ? "
        "and state = 'open' and amount_minor = ? order by booked_on desc, id limit 50",
        c->utility, net);
    for (size_t i = 0; i < all.n; i++)
        if (match_line(c, &all.v[i])) return;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static const Form file_form = { .name = "bank_file", .fields = FIELDS {
    { "file", FILE_FIELD, .flags = REQUIRED },
    { 0 } } };

void bank_file_page(Req *r) {
    show_text(r, "page.title", word(r, "hub.bank_import"));
    show_text(r, "page.crumbs.0.text", word(r, "hub.bank"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/bank"));
    show_text(r, "page.crumbs.1.text", word(r, "hub.bank_import"));
    form_show(r, "form", &file_form, "/integrations/bank/import");
    show_text(r, "form.intro", word(r, "hub.bank_how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.fields.file.accept", ".csv,.sta,.mt940,.940,.txt,text/csv,text/plain");
    show_text(r, "form.submit", word(r, "hub.bank_import"));
    show_text(r, "form.cancel_url", link_path(r, "/integrations/bank"));
    page(r, "layout/form");
}

typedef struct Columns { int date, amount, reference, text; } Columns;

static bool read_csv_row(Req *r, const CsvRow *row, const Columns *at_, BankLine *to) {
    static const Field money = { "amount", MONEY(0, 99999999999999) }, date = { "date", DATE_FIELD };
    const char *amount = csv_field(row, at_->amount), *day = csv_field(row, at_->date),
               *reference = csv_field(row, at_->reference), *said = csv_field(row, at_->text);
    bool minus = *amount == '-';
    Value v, d;
    if (!*amount || field_check(r, &money, amount + minus, &v)) return false;
    Date on;
    if (!date_parse_iso(day, &on)) {
        if (!*day || field_check(r, &date, day, &d)) return false;
        on = (Date){ (int32_t)d.n };
    }
    *to = (BankLine){ .line_no = (int)row->line, .on = on, .amount = { minus ? -v.n : v.n },
                      .reference = *reference ? text_copy(r, reference) : NULL,
                      .text = *said ? text_copy(r, said) : NULL };
    return true;
}

typedef struct CsvLines { Columns columns; BankLines *to; size_t room; } CsvLines;

static bool keep_csv_row(Req *r, const CsvRow *row, void *arg) {
    CsvLines *l = arg;
    l->to->v = take_room(r, BankLine, l->to->v, l->to->n, &l->room);
    bool good = read_csv_row(r, row, &l->columns, &l->to->v[l->to->n]);
    l->to->n += good;
    return good;
}

static void read_csv(Req *r, const char *bytes, size_t size, BankLines *to) {
    CsvReader *file = csv_open_bytes(&r->c.mem, bytes, size, (CsvRules){ .rows_max = BANK_LINES_MAX });
    Columns at_ = { csv_column(file, "date"), csv_column(file, "amount"), csv_column(file, "reference"),
                    csv_column(file, "text") };
    if (at_.text < 0) at_.text = csv_column(file, "description");
    if (at_.date < 0 || at_.amount < 0) fail_field(r, INVALID, "file", "%s", word(r, "hub.bank_columns"));
    csv_all_rows(r, file, keep_csv_row, &(CsvLines){ at_, to, 0 });
}

/* The same day, amount and words; the nth of them, when a file has several that are equal. */
static const uint8_t *key_of(Req *r, const BankLine *l, int nth) {
    uint8_t *hash = take(r, 32);
    const char *whole = text(r, "%s|%lld|%s|%s|%d", date_iso(&r->c.mem, l->on), (long long)l->amount.minor,
                             l->reference ? l->reference : "", l->text ? l->text : "", nth);
    blake2b((Bytes){ 0 }, bytes_of(whole), hash);
    return hash;
}

static int nth_of(const BankLines *all, size_t i) {
    int n = 0;
    for (size_t k = 0; k < i; k++)
        n += all->v[k].on.day == all->v[i].on.day && all->v[k].amount.minor == all->v[i].amount.minor &&
             !strcmp(all->v[k].reference ? all->v[k].reference : "", all->v[i].reference ? all->v[i].reference : "") &&
             !strcmp(all->v[k].text ? all->v[k].text : "", all->v[i].text ? all->v[i].text : "");
    return n;
}

typedef struct Kept { int64_t lines, matched, suggested; } Kept;

static Kept keep(Req *r, Id statement, const BankLines *all) {
    Kept k = { 0 };
    for (size_t i = 0; i < all->n; i++) {
        BankLine *l = &all->v[i];
        if (l->reference) l->reference = utf8_cut(&r->c.mem, utf8_line(&r->c.mem, l->reference), BANK_REFERENCE_MAX);
        if (l->text) l->text = utf8_cut(&r->c.mem, utf8_line(&r->c.mem, l->text), BANK_TEXT_MAX);
        if (!db_add(r,
                "insert into bank_statement_line (utility_id, bank_statement_id, line_no, booked_on, amount_minor, "
                "reference, text, line_key) values (?,?,?,?,?,?,?,?)",
                r->c.utility, statement, (int)i + 1, l->on, l->amount, l->reference, l->text,
                bytes_at(key_of(r, l, nth_of(all, i)), 32)))
            continue;
        k.lines++;
        BankRow row = { .booked_on = l->on, .amount_minor = l->amount, .reference = l->reference, .text = l->text,
                        .id = db_id(r, "select id from bank_statement_line where bank_statement_id = ? and line_no = ?",
                                    statement, (int)i + 1) };
        if (!match_line(&r->c, &row)) continue;
        const char *state = db_text(r, "select state from bank_statement_line where id = ?", row.id);
        k.matched += !strcmp(state, "matched");
        k.suggested += !strcmp(state, "suggested");
    }
    return k;
}

void bank_file_post(Req *r) {
    form_read(r, &file_form);
    if (!r->uploads.n) problem(r, "file", "%s", word(r, "hub.file_choose"));
    else if (r->uploads.v[0].size > FILE_BYTES_MAX) problem(r, "file", "%s", word(r, "hub.file_too_large"));
    problems_end(r);
    Id document = document_store(&r->c, &(NewDocument){ .file_name = r->uploads.v[0].filename,
                                                        .fd = r->uploads.v[0].fd, .kind = "csv",
                                                        .entity = "bank_statement" });
    size_t size;
    const char *bytes = document_read(&r->c, document, FILE_BYTES_MAX, &size);
    bool is_mt940 = mt940_is(bytes, size);
    BankLines all = { 0 };
    if (is_mt940) {
        const char *wrong = mt940_read(&r->c.mem, bytes, size, utility_here(&r->c)->exponent, &all);
        if (wrong) fail_field(r, INVALID, "file", "%s", wrong);
    } else {
        read_csv(r, bytes, size, &all);
    }
    Id statement = db_insert(r, "insert into bank_statement (utility_id, file_name, format, document_id, created_at, "
                                "created_by) values (?,left(?, 200),?,?,?,?)", r->c.utility, r->uploads.v[0].filename,
                             is_mt940 ? "mt940" : "csv", document, r->c.now, r->c.user);
    Kept k = keep(r, statement, &all);
    if (!k.lines) fail_field(r, INVALID, "file", "%s", word(r, "hub.bank_known"));
    db_run(r, "update bank_statement set line_count = ? where id = ?", k.lines, statement);
    audit_note(&r->c, "import", "bank_statement", statement, r->uploads.v[0].filename, NULL);
    const Locale *l = r->c.locale;
    note(r, "%s", msg_format(r, r->c.language, "hub.bank_done", { "n", locale_count(&r->c.mem, l, k.lines) },
                             { "matched", locale_count(&r->c.mem, l, k.matched) },
                             { "suggested", locale_count(&r->c.mem, l, k.suggested) }));
    go(r, "/integrations/bank");
}

/* --- the lines ---------------------------------------------------------------------------------------------------- */

static const Choice bank_states[] = { { "open", NULL }, { "suggested", NULL }, { "matched", NULL },
                                      { "set_aside", NULL }, { 0 } };

static const ListAction bank_actions[] = { { "hub.bank_import", "/integrations/bank/import", "upload", NULL, EDIT,
                                             true },
                                           { 0 } };

static const ListSpec lines = {
    .name = "bank_lines", .path = "/integrations/bank", .feature = "hub.settlements", .id = "b.id",
    .from = "bank_statement_line b", .where = "b.utility_id = ?",
    .joins = FRAGMENTS { "left join settlement s on s.id = b.settlement_id", NULL },
    .columns = COLUMNS {
        { "booked_on",              NULL, "b.booked_on",             LIST | SORT | FILTER,
          .link = "/integrations/bank/{line}", .place = "id" },
        { "line",                   NULL, "b.public_id" },
        { "reference",              NULL, "b.reference",             LIST | SEARCH_START, .place = "name" },
        { "text",                   NULL, "left(b.text, 80)",        LIST },
        { "amount_minor",           NULL, "b.amount_minor",          LIST | SORT | SUM, .place = "amount" },
        { "provider_settlement_id", NULL, "s.provider_settlement_id", LIST | SEARCH_START,
          .link = "/integrations/settlements/{public_id}" },
        { "public_id",              NULL, "s.public_id" },
        { "state",                  NULL, "b.state",                 LIST | FILTER, .choices = bank_states },
        { 0 } },
    .order = "-booked_on", .actions = bank_actions };

void bank_list_page(Req *r) {
    show_text(r, "page.title", word(r, "hub.bank"));
    page_tabs(r, "hub", "/integrations/settlements");
    list_show(r, &lines, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

#define LINE_VIEW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, int, line_no) F(T, const char *, state) \
    F(T, const char *, reference) F(T, const char *, text) \
    F(T, const char *, comment) F(T, const char *, file_name) F(T, Date, booked_on) F(T, Money, amount_minor) \
    F(T, const char *, payout) F(T, const char *, settlement) F(T, const char *, who) F(T, Time, decided_at)
ROW(LineView, LINE_VIEW)

static LineView *line_of_path(Req *r) {
    LineView *l = db_find(
        r, LineView,
        "select b.id, b.public_id, b.line_no, b.state, b.reference, b.text, b.comment, f.file_name, "
        "b.booked_on, b.amount_minor, "
        "s.provider_settlement_id as payout, s.public_id as settlement, u.full_name as who, b.decided_at from "
        "bank_statement_line b join bank_statement f on f.id = b.bank_statement_id left join settlement s on s.id = "
        "b.settlement_id left join user u on u.id = b.decided_by where b.public_id = ? and b.utility_id = ?",
        path_text(r, "line"), r->c.utility);
    if (!l) fail(r, NOT_FOUND, "There is no such line.");
    return l;
}

/* As people call it: its number in its file. */
static const char *line_name(Req *r, const LineView *l) {
    return msg_format(r, r->c.language, "hub.bank_line", { "no", text(r, "%d", l->line_no) }, { "file", l->file_name });
}

static const Form match_form = { .name = "bank_match", .fields = FIELDS {
    { "payout",  TEXT(1, 160),      .flags = REQUIRED },
    { 0 } } };
static const Form aside_form = { .name = "bank_aside", .fields = FIELDS {
    { "comment", LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

#define NEAR_ROW(F, T) F(T, const char *, payout) F(T, const char *, label) F(T, Money, net) F(T, Date, on)
ROW(NearRow, NEAR_ROW)
enum { NEAR_DAYS = 30, NEAR_MAX = 50 };

/* Payouts around that day, those of the same amount first. */
static void show_match_form(Req *r, const LineView *l) {
    show_text(r, "show.sections.0.title", word(r, "hub.bank_match"));
    show_text(r, "show.sections.0.span", "half");
    FormView *v = form_show(r, "show.sections.0.form", &match_form,
                            text(r, "/integrations/bank/%s/match", l->public_id));
    form_set(v, "payout", "kind", "select");
    NearRows near = db_all(r, NearRow, "select s.provider_settlement_id as payout, g.label, s.net_minor as net, "
                                       "s.deposited_on as `on` from settlement s join gateway_account g on g.id = "
                                       "s.gateway_account_id where s.utility_id = ? and s.deposited_on between ? and ? "
                                       "and s.failed_at is null and not exists (select 1 from bank_statement_line x "
                                       "where x.settlement_id = s.id and x.state = 'matched') order by s.net_minor = ? "
                                       "desc, abs(datediff(s.deposited_on, ?)), s.id limit ?", r->c.utility,
                           date_add_days(l->booked_on, -NEAR_DAYS), date_add_days(l->booked_on, NEAR_DAYS),
                           l->amount_minor, l->booked_on, (int)NEAR_MAX);
    for (size_t i = 0; i < near.n; i++)
        form_option(v, "payout", near.v[i].payout,
                    text(r, "%s, %s, %s, %s", locale_money(&r->c.mem, r->c.locale, near.v[i].net), near.v[i].label,
                         locale_date(&r->c.mem, r->c.locale, near.v[i].on), near.v[i].payout));
    if (l->payout) form_text(v, "payout", l->payout);
    show_text(r, "show.sections.1.title", word(r, "hub.bank_aside"));
    show_text(r, "show.sections.1.span", "half");
    form_show(r, "show.sections.1.form", &aside_form, text(r, "/integrations/bank/%s/aside", l->public_id));
}

void bank_line_page(Req *r) {
    LineView *l = line_of_path(r);
    show_text(r, "page.title", line_name(r, l));
    show_text(r, "page.crumbs.0.text", word(r, "hub.bank"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/integrations/bank"));
    show_text(r, "page.crumbs.1.text", line_name(r, l));
    show_text(r, "show.status.text", state_label(r, l->state));
    show_text(r, "show.status.tone", state_tone(r, l->state));
    show_fact(r, "show.facts", word(r, "hub.amount"), locale_money(&r->c.mem, r->c.locale, l->amount_minor), NULL);
    show_fact(r, "show.facts", word(r, "hub.date"), locale_date(&r->c.mem, r->c.locale, l->booked_on), NULL);
    if (l->reference) show_fact(r, "show.facts", word(r, "hub.reference"), l->reference, NULL);
    if (l->text) show_fact(r, "show.facts", word(r, "hub.text"), l->text, NULL);
    show_fact(r, "show.facts", word(r, "hub.file"), l->file_name, NULL);
    if (l->payout) show_fact(r, "show.facts", word(r, "hub.payout"), l->payout, NULL);
    if (l->comment) show_fact(r, "show.facts", word(r, "hub.comment"), l->comment, l->who);
    bool is_open = !strcmp(l->state, "open") || !strcmp(l->state, "suggested");
    if (is_open && perm_may(&r->c, "hub.settlements", EDIT)) show_match_form(r, l);
    if (!is_open && perm_may(&r->c, "hub.settlements", EDIT)) {
        show_text(r, "page.actions.0.text", word(r, "hub.bank_reopen"));
        show_text(r, "page.actions.0.post", "1");
        show_text(r, "page.actions.0.url", link_path(r, "/integrations/bank/%s/reopening", l->public_id));
    }
    history_aside(r, "bank_statement_line", l->id, NULL);
    page(r, "layout/show");
}

static void check_open(Req *r, const LineView *l) {
    if (strcmp(l->state, "open") && strcmp(l->state, "suggested"))
        fail(r, CONFLICT, "This line is decided already.");
}

void bank_match_post(Req *r) {
    Input *in = form_read(r, &match_form);
    problems_end(r);
    LineView *l = line_of_path(r);
    check_open(r, l);
    PayoutRow *s = db_find(r, PayoutRow, "select id as settlement, net_minor as net, deposited_on as `on`, "
                                         "provider_settlement_id as payout from settlement where utility_id = ? and "
                                         "provider_settlement_id = ? limit 1 for update", r->c.utility,
                           in_text(in, "payout"));
    if (!s) fail_field(r, INVALID, "payout", "There is no such payout.");
    if (s->net.minor != l->amount_minor.minor)
        fail_field(r, INVALID, "payout", "The payout is %s, the line is %s.",
                   locale_money(&r->c.mem, r->c.locale, s->net),
                   locale_money(&r->c.mem, r->c.locale, l->amount_minor));
    if (db_int(r, "select count(*) from bank_statement_line where settlement_id = ? and state = 'matched'",
               s->settlement))
        fail_field(r, INVALID, "payout", "The bank has this payout already.");
    bind_line(&r->c, l->id, s->settlement, l->reference ? l->reference : l->text);
    audit_note(&r->c, "match", "bank_statement_line", l->id, line_name(r, l), s->payout);
    note(r, "%s", msg_format(r, r->c.language, "hub.bank_matched", { "no", s->payout }));
    go(r, "/integrations/bank/%s", l->public_id);
}

void bank_aside_post(Req *r) {
    Input *in = form_read(r, &aside_form);
    problems_end(r);
    LineView *l = line_of_path(r);
    check_open(r, l);
    db_must(r, 1, CONFLICT, "update bank_statement_line set state = 'set_aside', settlement_id = null, comment = ?, "
                            "decided_by = ?, decided_at = ? where id = ? and state in ('open', 'suggested')",
            in_text(in, "comment"), r->c.user, r->c.now, l->id);
    audit_note(&r->c, "set_aside", "bank_statement_line", l->id, line_name(r, l), in_text(in, "comment"));
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/bank");
}

void bank_reopen_post(Req *r) {
    LineView *l = line_of_path(r);
    if (!strcmp(l->state, "matched"))
        db_run(r, "update settlement set bank_reference = null, updated_at = ? where id = (select settlement_id from "
                  "bank_statement_line where id = ?)", r->c.now, l->id);
    db_must(r, 1, CONFLICT, "update bank_statement_line set state = 'open', settlement_id = null, comment = null, "
                            "decided_by = null, decided_at = null where id = ? and state in ('matched', 'set_aside')",
            l->id);
    audit_note(&r->c, "reopen", "bank_statement_line", l->id, line_name(r, l), NULL);
    note(r, "%s", word(r, "hub.saved"));
    go(r, "/integrations/bank/%s", l->public_id);
}
