/*
 * The journal and manual entries (BX05US01): every posted line; sets that one person writes and another approves. A
 * manual set balances, names a reason and leaves control accounts alone; it posts like any other (ledger.c).
 */
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/gl.h"
#include "app/billing/ledger_sum.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/list.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

enum { LINES_MAX = 100, LINES_SHOWN = 6 };

static const ListAction journal_actions[] = {
    { NULL, "/bx/journals/new", "plus", "bx.gl", CREATE, true },
    { NULL, "/bx/journals",     NULL,   "bx.gl", VIEW,   false },
    { 0 } };

static const ListSpec entries = {
    .name = "ledger_entry", .path = "/bx/gl-codes/journal",
    .from = "ledger_entry e",
    .joins = FRAGMENTS { "join ledger_txn t on t.id = e.txn_id", "join gl_code g on g.id = e.gl_code_id",
                         "join gl_period p on p.id = e.gl_period_id", "left join account a on a.id = e.account_id",
                         "left join bill b on b.id = e.bill_id",
                         "left join gl_journal j on e.source_type = 'gl_journal' and j.id = e.source_id",
                         "left join payment y on e.source_type = 'payment' and y.id = e.source_id", NULL },
    .found = FRAGMENTS { "select x.id from account y straight_join ledger_entry x on x.account_id = y.id "
                         "where y.utility_id = ? and y.account_no like ?",
                         "select x.id from bill y straight_join ledger_txn z on z.source_type = 'bill' "
                         "and z.source_id = y.id straight_join ledger_entry x on x.txn_id = z.id "
                         "where y.utility_id = ? and y.bill_no like ?",
                         "select x.id from bill y straight_join ledger_entry x on x.account_id = y.account_id "
                         "and x.bill_id = y.id where y.utility_id = ? and y.bill_no like ?", NULL },
    .where = "e.utility_id = ?", .id = "e.id",
    .sums_from = "(select s.utility_id, s.gl_period_id, s.gl_code_id, s.debit_minor, s.credit_minor from ledger_sum s "
                 "union all select b.utility_id, b.gl_period_id, b.gl_code_id, b.debit_minor, b.credit_minor "
                 "from ledger_entry b where b.id > " LEDGER_SUMMED ") e", .sums_by = "period code",
    .columns = COLUMNS {
        { "number",       NULL, "e.txn_id", LIST, .link = "/bx/gl-codes/journal?txn={txn}", .kind = "code" },
        { "txn",          NULL, "t.public_id", FILTER, .more = 1 },
        { "effective_on", NULL, "e.effective_date", LIST | FILTER },
        { "txn_type",     NULL, "e.txn_type", LIST | FILTER,
          .options = "select t.txn_type as value, replace(t.txn_type, '_', ' ') as label from (select distinct "
                     "utility_id, txn_type from ledger_txn where utility_id = ?) t" },      /* leaps in the index */
        { "source",       NULL, "coalesce(b.bill_no, j.journal_no, y.payment_no, t.memo, concat(replace(e.source_type, "
                                          "'_', ' '), ' ', e.source_id))", LIST, .sub = "memo" },
        { "account_no",   NULL, "a.account_no", LIST | SEARCH_START },
        { "code",         NULL, "g.code", LIST | FILTER, .link = "/bx/gl-codes/{code}",
          .options = "select code as value, concat(code, ' ', name) as label from gl_code "
                     "where utility_id = ? order by code" },
        { "name",         NULL, "g.name", LIST },
        { "debit_minor",  NULL, "nullif(e.debit_minor, 0)",  LIST | SUM },
        { "credit_minor", NULL, "nullif(e.credit_minor, 0)", LIST | SUM, .place = "amount" },
        { "period",       NULL, "p.label", LIST | FILTER, .link = "/bx/gl-codes/periods/{period}",
          .options = "select label as value, label from gl_period where utility_id = ? "
                     "and from_date <= ? + interval 1 month order by from_date desc" },
        { "memo",          "",            "e.memo" },
        { "bill_no",       "",            "b.bill_no", SEARCH_START },
        { "posted",        "",            "e.id", SORT },
        { 0 } },
    .order = "-posted", .feature = "bx.gl", .actions = journal_actions,
};

/* Opens with the present month: sums over all years are for those who ask for them. */
void gl_journal_page(Req *r) {
    if (!r->query.n) {
        go(r, "/bx/gl-codes/journal?period=%s", month_text(&r->c.mem, month_of(utility_today(&r->c))));
        return;
    }
    show_text(r, "page.title", msg(r->c.language, "billing.gl.journal"));
    page_tabs(r, "gl", "/bx/gl-codes/journal");
    list_show(r, &entries, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

/* --- manual journals ---------------------------------------------------------------------------------------------- */

static const Choice journal_states[] = { { "awaiting_approval", NULL }, { "posted", NULL }, { "refused", NULL },
                                         { 0 } };

static const ListSpec journals = {
    .name = "gl_journal", .path = "/bx/journals",
    .from = "gl_journal j left join user u on u.id = j.requested_by left join user v on v.id = j.approved_by",
    .where = "j.utility_id = ?", .id = "j.id",
    .columns = COLUMNS {
        { "journal_no",   NULL, "j.journal_no",     LIST | SEARCH, .link = "/bx/journals/{journal_no}",
          .kind = "code" },
        { "effective_on", NULL, "j.effective_date", LIST | FILTER },
        { "reason",       NULL, "j.reason",         LIST | SEARCH },
        { "requested",    NULL, "u.full_name",      LIST },
        { "approved",     NULL, "v.full_name",      LIST },
        { "state",        NULL, "j.state",          LIST | FILTER, .choices = journal_states },
        { "created_at",   NULL, "j.created_at",     LIST | SORT },
        { 0 } },
    .order = "-created_at", .feature = "bx.gl",
    .actions = (const ListAction[]){ { NULL, "/bx/journals/new", "plus", "bx.gl", CREATE, true }, { 0 } },
};

void gl_journals_page(Req *r) {
    show_text(r, "page.title", msg(r->c.language, "billing.gl.journals"));
    page_tabs(r, "gl", "/bx/gl-codes/journal");
    list_show(r, &journals, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static const Form journal_form = { .name = "gl_journal", .fields = FIELDS {
    { "date",   DATE_FIELD },
    { "reason", LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

typedef struct Line  { const char *code; Money debit, credit; } Line;
typedef struct Lines { Line *v; size_t n; Money debit, credit; } Lines;

/* --- its lines: sent ... ------------------------------------------------------------------------------------------ */

#define CODE_FACTS(F, T) F(T, bool, control) F(T, bool, active)
ROW(CodeFacts, CODE_FACTS)

/* NULL, or why this code takes no manual entry. */
static const char *code_refusal(Ctx *c, const char *code) {
    CodeFacts *f = db_find(c, CodeFacts, "select control, active from gl_code where utility_id=? and code=?",
                           c->utility, code);
    if (!f) return text(c, "There is no GL code %s.", code);
    return f->control ? text(c, "%s is a control account.", code) : !f->active ? text(c, "%s is not active.", code)
        : NULL;
}

static Money amount_of(Req *r, const char *s, size_t line) {
    Money m = { 0 };
    if (*s && read_money(r->c.locale, s, false, &m) != NUMBER_OK)
        problem(r, "code", "Line %zu: %s is not an amount.", line, s);
    return m;
}

static Lines lines_sent(Req *r) {
    Texts code = param_all(&r->c.mem, &r->fields, "code"), debit = param_all(&r->c.mem, &r->fields, "debit"),
        credit = param_all(&r->c.mem, &r->fields, "credit");
    if (code.n > LINES_MAX || debit.n != code.n || credit.n != code.n)
        fail_field(r, INVALID, "code", "A journal has at most %d lines, each with code, debit and credit.", LINES_MAX);
    Lines all = { take_n(r, Line, code.n + 1), 0, { 0 }, { 0 } };
    for (size_t i = 0; i < code.n; i++) {
        if (!*code.v[i] && !*debit.v[i] && !*credit.v[i]) continue;
        Line l = { code.v[i], amount_of(r, debit.v[i], i + 1), amount_of(r, credit.v[i], i + 1) };
        const char *no = *l.code ? code_refusal(&r->c, l.code) : text(r, "Line %zu: choose a code.", i + 1);
        if (no) problem(r, "code", "%s", no);
        if (!l.debit.minor == !l.credit.minor) problem(r, "code", "Line %zu: enter a debit or a credit.", i + 1);
        all.debit = money_add(all.debit, l.debit);
        all.credit = money_add(all.credit, l.credit);
        all.v[all.n++] = l;
    }
    return all;
}

/* Input in combinations: what does not add up is said once all lines can be read. */
static void check_balance(Req *r, const Lines *l) {
    Arena *a = &r->c.mem;
    if (l->n < 2) problem(r, "code", "A journal has at least two lines.");
    else if (l->debit.minor != l->credit.minor)
        problem(r, "code", "Debit %s, credit %s: difference %s.", locale_money_plain(a, r->c.locale, l->debit),
                locale_money_plain(a, r->c.locale, l->credit),
                locale_money_plain(a, r->c.locale, money_abs(money_sub(l->debit, l->credit))));
}

/* ... and kept until it is approved: [{"code": "4020", "debit": 1000, "credit": 0}] in minor units. */
static const char *lines_json(Ctx *c, const Lines *l) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < l->n; i++) {
        json_open_object(&o, NULL);
        json_add_text(&o, "code", l->v[i].code);
        json_add_int(&o, "debit", l->v[i].debit.minor);
        json_add_int(&o, "credit", l->v[i].credit.minor);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

static Lines lines_kept(Ctx *c, const char *json) {
    Json list = json_read(&c->mem, json, strlen(json), JSON_SIZE_MAX, NULL);
    Lines all = { take_n(c, Line, json_size(list) + 1), json_size(list), { 0 }, { 0 } };
    for (size_t i = 0; i < all.n; i++) {
        Json one = json_item(list, i);
        all.v[i].code = json_text(one, "code");
        json_int(one, "debit", &all.v[i].debit.minor);
        json_int(one, "credit", &all.v[i].credit.minor);
        all.debit = money_add(all.debit, all.v[i].debit);
        all.credit = money_add(all.credit, all.v[i].credit);
    }
    return all;
}

/* --- writing one -------------------------------------------------------------------------------------------------- */

#define CODE_OPTION(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(CodeOption, CODE_OPTION)

static void show_lines_field(Req *r, bool again) {
    const char *field = "form.fields.code";
    static const char *const names[] = { "code", "debit", "credit" },
        *const labels[] = { "field.code", "field.debit_minor", "field.credit_minor" },
        *const kinds[] = { "select", "money", "money" };
    show_text(r, text(r, "%s.name", field), "code");
    show_text(r, text(r, "%s.kind", field), "lines");
    show_text(r, text(r, "%s.label", field), msg(r->c.language, "billing.gl.lines"));
    for (int i = 0; i < r->problems && again; i++)
        if (r->problem[i].field && !strcmp(r->problem[i].field, "code")) {
            show_text(r, text(r, "%s.error", field), r->problem[i].text);
            break;
        }
    CodeOptions codes = db_all(&r->c, CodeOption, "select code, concat(code, ' ', name) as name from gl_code "
        "where utility_id=? and active=1 and control=0 order by code", r->c.utility);
    show_text(r, text(r, "%s.cols.code.options.0.text", field), msg(r->c.language, "ui.choose"));
    for (size_t i = 0; i < codes.n; i++) {
        show_text(r, text(r, "%s.cols.code.options.%zu.value", field, i + 1), codes.v[i].code);
        show_text(r, text(r, "%s.cols.code.options.%zu.text", field, i + 1), codes.v[i].name);
    }
    for (size_t k = 0; k < 3; k++) {
        show_text(r, text(r, "%s.cols.%s.label", field, names[k]), word(r, labels[k]));
        show_text(r, text(r, "%s.cols.%s.kind", field, names[k]), kinds[k]);
        Texts typed = param_all(&r->c.mem, &r->fields, names[k]);
        for (size_t i = 0; i < LINES_SHOWN || (again && i < typed.n); i++)
            show_text(r, text(r, "%s.lines.%zu.%s.value", field, i, names[k]), again && i < typed.n ? typed.v[i] : "");
    }
}

void gl_journal_new(Req *r) {
    FormView *v = form_show(r, "form", &journal_form, "/bx/journals");
    show_lines_field(r, form_again(v));
    form_date(v, "date", utility_today(&r->c));
    show_text(r, "page.title", msg(r->c.language, "billing.gl.journal_new"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "billing.gl.journals"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/journals"));
    show_text(r, "page.crumbs.1.text", msg(r->c.language, "billing.gl.journal_new"));
    show_text(r, "form.intro", msg(r->c.language, "billing.gl.journal_how"));
    show_text(r, "form.submit", msg(r->c.language, "billing.gl.ask_approval"));
    show_text(r, "form.cancel_url", link_path(r, "/bx/journals"));
    page(r, "layout/form");
}

void gl_journal_create(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &journal_form);
    Lines lines = lines_sent(r);
    Date date = in_given(in, "date") ? in_date(in, "date") : utility_today(c);
    if (date_is_set(date) && !bill_date_is_near(c, date)) problem(r, "date", DATE_TOO_FAR);
    if (!r->problems || lines.n < 2) check_balance(r, &lines);
    problems_end(r);
    const char *no = series_next(c, "JNL-{YYYY}-{####}");
    Id id = db_insert(c, "insert into gl_journal (utility_id, journal_no, effective_date, reason, `lines`, state, "
                         "requested_by, created_at, created_by, updated_at, updated_by) "
                         "values (?,?,?,?,?,'awaiting_approval',?,?,?,?,?)",
                      c->utility, no, date, in_text(in, "reason"), lines_json(c, &lines), c->user, c->now, c->user,
                          c->now, c->user);
    audit_write(c, &(Audit){ .action = "create", .entity = "gl_journal", .id = id, .number = no, .version = 1,
                             .after = json_pairs(c, "lines", lines_json(c, &lines), NULL),
                             .reason = in_text(in, "reason") });
    note(r, "%s", msg_format(r, c->language, "billing.gl.journal_waits", { "no", no }));
    go(r, "/bx/journals/%s", no);
}

/* --- approving it ------------------------------------------------------------------------------------------------- */

#define JOURNAL(F, T) F(T, Id, id) F(T, const char *, journal_no) F(T, Date, effective_date) \
    F(T, const char *, reason) F(T, const char *, lines) F(T, const char *, state) F(T, Id, requested_by) \
    F(T, Id, txn_id)
ROW(Journal, JOURNAL)

static Journal *journal_by_id(Ctx *c, Id id) {
    return db_one(c, Journal, "select id, journal_no, effective_date, reason, `lines`, state, requested_by, txn_id "
                              "from gl_journal where id=? and utility_id=?", id, c->utility);
}

static Journal *journal_of(Req *r) {
    Id id = db_id(r, "select id from gl_journal where utility_id=? and journal_no=?", r->c.utility, path_text(r, "no"));
    if (!id.id) fail(r, NOT_FOUND, "There is no such journal.");
    return journal_by_id(&r->c, id);
}

/* The codes are looked at again: one may have become a control account since. */
static Refusal approval_refusal(Ctx *c, Id id) {
    const Journal *j = journal_by_id(c, id);
    if (j->requested_by.id == c->user.id) return REFUSE(c, CONFLICT, "A second person must approve.");
    Lines l = lines_kept(c, j->lines);
    for (size_t i = 0; i < l.n; i++) {
        const char *no = code_refusal(c, l.v[i].code);
        if (no) return REFUSE(c, CONFLICT, "%s", no);
    }
    return NO_REFUSAL;
}

static void post_journal(Ctx *c, Id id, void *arg) {
    (void)arg;
    const Journal *j = journal_by_id(c, id);
    Lines l = lines_kept(c, j->lines);
    LedgerLine *lines = take_n(c, LedgerLine, l.n);
    for (size_t i = 0; i < l.n; i++)
        lines[i] = (LedgerLine){ .gl_code = l.v[i].code, .debit = l.v[i].debit, .credit = l.v[i].credit };
    Id txn = ledger_post(c, &(LedgerSet){ .set_key = text(c, "journal:%lld", (long long)id.id), .txn_type = "journal",
                                          .source_type = "gl_journal", .source = id,
                                          .date = j->effective_date, .memo = utf8_cut(&c->mem, j->reason, 200),
                                          .lines = lines, .n = (int)l.n });
    db_run(c, "update gl_journal set txn_id=?, approved_by=?, approved_at=? where id=?", txn, c->user, c->now, id);
}

static const Move journal_moves[] = {
    { "awaiting_approval", "approve", "posted",  APPROVE, approval_refusal, post_journal,
      .text = "billing.gl.approve_and_post" },
    { "awaiting_approval", "refuse",  "refused", APPROVE, NULL,             NULL,         .text = "billing.gl.refuse",
      .danger = true },
    { 0 } };

const Machine gl_journal = { .name = "gl_journal", .table = "gl_journal", .number = "journal_no", .feature = "bx.gl",
                             .moves = journal_moves };

#define POSTED(F, T) F(T, Date, effective_date) F(T, Date, original_date)
ROW(Posted, POSTED)

void gl_journal_move(Req *r) {
    Ctx *c = &r->c;
    const Journal *j = journal_of(r);
    machine_press(r, &gl_journal, j->id, path_text(r, "event"), NULL, NULL);
    j = journal_by_id(c, j->id);
    const Posted *p = db_find(c, Posted, "select effective_date, original_date from ledger_txn where id=?", j->txn_id);
    if (p && date_is_set(p->original_date))
        note(r, "%s", msg_format(r, c->language, "billing.gl.journal_moved", { "no", j->journal_no },
                                 { "date", locale_date(&c->mem, c->locale, p->effective_date) },
                                 { "wished", locale_date(&c->mem, c->locale, p->original_date) }));
    else note(r, "%s",
              msg_format(r, c->language, j->txn_id.id ? "billing.gl.journal_posted" : "billing.gl.journal_refused",
                         { "no", j->journal_no }));
    go(r, "/bx/journals/%s", j->journal_no);
}

void gl_journal_show(Req *r) {
    const Journal *j = journal_of(r);
    show_text(r, "page.title", j->journal_no);
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "billing.gl.journals"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/journals"));
    show_text(r, "page.crumbs.1.text", j->journal_no);
    show_text(r, "show.status.text", state_label(r, j->state));
    show_text(r, "show.status.tone", state_tone(r, j->state));
    show_moves(r, "show.moves", &gl_journal, j->id, text(r, "/bx/journals/%s", j->journal_no));
    show_fact(r, "show.facts", word(r, "billing.run.date"), locale_date(&r->c.mem, r->c.locale, j->effective_date),
              NULL);
    show_fact(r, "show.facts", word(r, "billing.gl.reason"), j->reason, NULL);
    show_fact(r, "show.facts", word(r, "billing.gl.requested_by"), db_text(r, "select full_name from user where id=?",
        j->requested_by),
              NULL);
    if (j->txn_id.id) {
        show_text(r, "show.sections.0.link.text", msg(r->c.language, "billing.gl.in_journal"));
        show_text(r, "show.sections.0.link.url",
                  link_path(r, "/bx/gl-codes/journal?txn=%s",
                            db_text(r, "select public_id from ledger_txn where id=?", j->txn_id)));
    }
    show_text(r, "show.sections.0.title", msg(r->c.language, "billing.gl.lines"));
    TableView *t = table_start(r, "show.sections.0.table", msg(r->c.language, "billing.gl.lines"));
    table_column(t, word(r, "billing.run.code"), "text", "id");
    table_column(t, word(r, "billing.bill.debit"), "money", NULL);
    table_column(t, word(r, "billing.bill.credit"), "money", "amount");
    Lines l = lines_kept(&r->c, j->lines);
    for (size_t i = 0; i < l.n; i++) {
        table_row(t, NULL);
        table_cell(t, db_text(r, "select concat(code, ' ', name) from gl_code where utility_id=? and code=?",
                              r->c.utility, l.v[i].code));
        if (l.v[i].debit.minor) table_money(t, l.v[i].debit); else table_cell(t, "");
        if (l.v[i].credit.minor) table_money(t, l.v[i].credit); else table_cell(t, "");
    }
    table_foot(t, msg(r->c.language, "ui.total"));
    table_foot(t, locale_money(&r->c.mem, r->c.locale, l.debit));
    table_foot(t, locale_money(&r->c.mem, r->c.locale, l.credit));
    history_aside(r, "gl_journal", j->id, NULL);
    page(r, "layout/show");
}
