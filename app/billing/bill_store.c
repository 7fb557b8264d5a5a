/*
 * Drafts in the database: bills with segments, lines and how each was computed, their exceptions, and what they reserve
 * (5-billing "Entities", "Exceptions"; BX01US01, BX01US03; I4, I6). A set of cases costs a handful of statements.
 */
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/pages.h"
#include "app/billing/billing.h"
#include "app/core/core.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/utf8.h"

static const char *const kind_words[] = { "cycle", "single", "final", "correction", "one_off" };

/* --- codes -------------------------------------------------------------------------------------------------------- */

#define TAX_CODE_ROW(F, T) F(T, const char *, code) F(T, const char *, gl_code)
ROW(TaxCodeRow, TAX_CODE_ROW)
#define CHARGE_CODE_ROW(F, T) F(T, const char *, gl_code)
ROW(ChargeCodeRow, CHARGE_CODE_ROW)

Id bill_line_code(Ctx *c, const BillLine *l, const BillCase *one, Date date) {
    const char *tax = !strcmp(l->charge_type, "TAX") && l->tax_n ? l->tax_codes[0] : NULL;
    if (tax) {
        const char *code = db_text(c, "select gl_code from tax_code where utility_id=? and code=? "
                                      "and effective_from<=? order by effective_from desc limit 1", c->utility, tax,
                                   date);
        if (code) return gl_by_code(c, code);
    }
    if (l->charge.id && !tax) {
        const char *code = db_text(c, "select gl_code from charge where id=?", l->charge);
        if (code) return gl_by_code(c, code);
    }
    return gl_by_charge(c, &(GlFacts){ .charge_type = l->trued_up ? l->trued_up : l->charge_type,
                                       .service_code = l->service, .tax_code = tax, .category = one->category,
                                       .date = date });
}

/* Codes of taxes are asked for with every bill: kept for the set. */
typedef struct { const char *key; Id code; } KnownCode;
typedef struct { KnownCode v[64]; int n; } KnownCodes;

static Id code_of(Ctx *c, const PlanBook *book, KnownCodes *known, const BillLine *l, const BillCase *one, Date date) {
    Id code = book ? plan_rate_code(book, l->rate) : (Id){ 0 };
    if (code.id) return code;
    if (l->charge.id) return bill_line_code(c, l, one, date);
    const char *key = text(c, "%s|%s|%s|%s|%lld", l->charge_type, l->trued_up ? l->trued_up : "",
                           l->service ? l->service : "", l->tax_n ? l->tax_codes[0] : "", (long long)one->category.id);
    for (int i = 0; i < known->n; i++)
        if (!strcmp(known->v[i].key, key)) return known->v[i].code;
    code = bill_line_code(c, l, one, date);
    if (known->n < 64) known->v[known->n++] = (KnownCode){ key, code };
    return code;
}

/* --- how it was computed ------------------------------------------------------------------------------------------ */

static const char *readings_json(Ctx *c, const BillSegment *s) {
    if (!s->use_n) return NULL;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (int i = 0; i < s->use_n; i++) {
        const BillUse *u = &s->uses[i];
        json_open_object(&o, NULL);
        json_add_text(&o, "meter_no", u->meter_no);
        json_add_int(&o, "meter", u->meter.id);
        json_add_int(&o, "register", u->register_id.id);
        json_add_int(&o, "from_reading", u->from_reading.id);
        json_add_int(&o, "to_reading", u->to_reading.id);
        json_add_text(&o, "from_on", date_iso(&c->mem, u->from));
        json_add_text(&o, "to_on", date_iso(&c->mem, u->to));
        json_add_number(&o, "from", reading_decimal(&c->mem, u->from_value));
        json_add_number(&o, "to", reading_decimal(&c->mem, u->to_value));
        json_add_number(&o, "multiplier", quantity_decimal(&c->mem, (Quantity){ u->multiplier_e6 }));
        json_add_number(&o, "quantity", reading_decimal(&c->mem, u->billing_quantity));
        if (u->is_estimated) json_add_text(&o, "estimated", u->estimate_method);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

/* Inputs, formula and result of every line: what the bill page opens on a click, kept as it was. */
static const char *trace_json(Ctx *c, const BillCase *one) {
    const BillFacts *f = &one->facts;
    const BillDraft *d = &one->draft;
    int exponent = currency_exponent(f->currency);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    json_open_object(&o, "inputs");
    json_add_text(&o, "period", text(c, "%s to %s", date_iso(&c->mem, d->start), date_iso(&c->mem, d->end)));
    json_add_int(&o, "days", d->days);
    json_add_int(&o, "months", f->months);
    json_add_text(&o, "rounding", f->rounding == ROUND_HALF_EVEN ? "half even" : "half up");
    json_add_number(&o, "balance_before", money_decimal(&c->mem, f->balance, exponent));
    json_close(&o);
    json_open_list(&o, "segments");
    for (int i = 0; i < d->segment_n; i++) {
        const BillSegment *s = &d->segments[i];
        json_open_object(&o, NULL);
        json_add_text(&o, "connection", s->connection->connection_no);
        json_add_text(&o, "plan", s->plan_code);
        json_add_int(&o, "version", s->version_no);
        json_add_int(&o, "days", s->days);
        if (s->explain) json_add_text(&o, "use", s->explain);
        json_close(&o);
    }
    json_close(&o);
    json_open_list(&o, "lines");
    for (int i = 0; i < d->line_n; i++) {
        const BillLine *l = &d->lines[i];
        if (!l->explain) continue;
        json_open_object(&o, NULL);
        json_add_int(&o, "seq", l->seq);
        json_add_text(&o, "how", l->explain);
        json_add_number(&o, "amount", money_decimal(&c->mem, l->amount, exponent));
        json_close(&o);
    }
    json_close(&o);
    json_close(&o);
    return t.s;
}

static const char *codes_json(Ctx *c, const BillLine *l) {
    if (!l->tax_n || !strcmp(l->charge_type, "TAX")) return NULL;
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (int i = 0; i < l->tax_n; i++) json_add_text(&o, NULL, l->tax_codes[i]);
    json_close(&o);
    return t.s;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static bool is_stored(const BillCase *one) { return one->bill.id != 0; }
static bool is_held(const BillCase *one) { return one->draft.outcome == BILL_HELD; }

/* An account whose period has a live bill of another run, or a draft that does not add up, gets none. */
static bool may_store(BillCase *one) {
    return one->draft.outcome == BILL_MADE || one->draft.outcome == BILL_HELD;
}

static void refuse_case(Ctx *c, BillCase *one, const char *code, const char *message) {
    BillProblem *p = take(c, sizeof *p);
    *p = (BillProblem){ code, false, message, { 0 } };
    one->draft = (BillDraft){ .outcome = BILL_REFUSED, .problems = p, .problem_n = 1 };
}

#define LIVE_ROW(F, T) F(T, Id, account) F(T, const char *, status) F(T, const char *, run_no)
ROW(LiveRow, LIVE_ROW)

static void sort_out(Ctx *c, const BillScope *s, BillCase *v, size_t n) {
    Id *ids = take_n(c, Id, n + 1);
    for (size_t i = 0; i < n; i++) ids[i] = v[i].account;
    LiveRows live = { 0 };
    if (s->period.id && !s->simulates)
        live = db_all(c, LiveRow, "select b.account_id as account, b.status, r.run_no "
                                  "from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill b on "
                                  "b.account_id = j.id and b.bill_cycle_period_id = ? and b.live_flag = 1 "
                                  "left join bill_run r on r.id = b.bill_run_id", json_ids(c, ids, n), s->period);
    for (size_t i = 0; i < n; i++) {
        if (!may_store(&v[i])) continue;
        if (!bill_adds_up(&v[i].draft)) refuse_case(c, &v[i], "BX-E99", "The bill does not equal the sum of its lines");
        for (size_t k = 0; k < live.n; k++)
            if (live.v[k].account.id == v[i].account.id)
                refuse_case(c, &v[i], "BX-E04", text(c, "A %s bill of this period exists%s%s", live.v[k].status,
                                                     live.v[k].run_no ? " in " : "", live.v[k].run_no ? live.v[k].run_no
                                                     : ""));
    }
}

static const char *first_hold(const BillDraft *d) {
    for (int i = 0; i < d->problem_n; i++)
        if (d->problems[i].is_hold) return d->problems[i].code;
    return NULL;
}

static void usage_of(const BillDraft *d, Quantity *use, const char **unit, Id *plan) {
    *use = (Quantity){ 0 };
    *unit = NULL;
    *plan = d->segment_n ? d->segments[0].plan : (Id){ 0 };
    for (int i = 0; i < d->segment_n; i++) {
        const BillSegment *s = &d->segments[i];
        if (!s->is_metered || (*unit && s->unit && strcmp(*unit, s->unit))) continue;
        if (!*unit) *unit = s->unit, *plan = s->plan;
        *use = quantity_add(*use, s->quantity);
    }
}

typedef struct Store {
    Ctx             *c;
    const BillScope *s;
    PlanBook        *book;
    KnownCodes       known;
    DbBulk          *bill, *segment, *line;
    int64_t          next_segment, next_line;
    SegmentOfBill   *uses; size_t use_n;
    Text             charges; size_t charge_n;
} Store;

static void store_segments(Store *x, const BillCase *one, int64_t first) {
    Ctx *c = x->c;
    const BillDraft *d = &one->draft;
    for (int i = 0; i < d->segment_n; i++) {
        const BillSegment *s = &d->segments[i];
        db_bulk_add(x->segment, (Id){ first + i }, one->bill, i + 1, s->connection->id, s->plan, s->version, s->start,
                    s->end, s->days, s->quantity, s->unit, usage_source_words[s->source],
                    readings_json(c, s), s->estimate_method, s->avg_daily, s->rest, s->last_year);
        for (int u = 0; u < s->use_n; u++)
            if (s->uses[u].id.id) x->uses[x->use_n++] = (SegmentOfBill){ s->uses[u].id, one->bill, { 0 } };
    }
}

static void store_lines(Store *x, const BillCase *one, int64_t first_segment) {
    Ctx *c = x->c;
    const BillDraft *d = &one->draft;
    for (int i = 0; i < d->line_n; i++) {
        const BillLine *l = &d->lines[i];
        bool is_tax = !strcmp(l->charge_type, "TAX") && l->tax_n;
        const char *translated = plan_book_label(x->book, l->rate, one->language);
        Id segment = l->segment >= 0 ? (Id){ first_segment + l->segment } : (Id){ 0 };
        Bind quantity = l->has_quantity ? bind_qty(l->quantity) : (Bind){ 0 };
        Bind price = l->price.micro && l->rate.id ? bind_price(l->price) : (Bind){ 0 };
        const char *detail = !l->explain && !l->measured ? NULL
            : json_pairs(c, l->explain ? "how" : "measured", l->explain ? l->explain : l->measured,
                         l->explain && l->measured ? "measured" : NULL, l->measured, NULL);
        db_bulk_add(x->line, (Id){ x->next_line++ }, one->bill, segment, l->seq, bill_section_words[l->section],
                    l->charge_type, utf8_cut(&c->mem, translated ? translated : l->description, 200), l->rate,
                    l->service, l->from, l->to, quantity, l->unit, price, l->factor_num, l->factor_den, l->amount,
                    detail, codes_json(c, l), is_tax ? l->tax_codes[0] : NULL,
                    l->is_added ? code_of(c, x->book, &x->known, l, one, x->s->bill_date) : (Id){ 0 }, l->is_added,
                    l->charge, l->instalment, l->adjustment, l->deposit, l->true_up_of);
        if (l->charge.id && !is_tax)
            text_addf(&x->charges, "%s[%lld,%lld]", x->charge_n++ ? "," : "", (long long)l->charge.id,
                      (long long)one->bill.id);
    }
}

static bool is_among(const char *const *words, const char *one) {
    for (; *words; words++)
        if (!strcmp(*words, one)) return true;
    return false;
}

/* What the viewer adds up: charges by use, and all other current ones but taxes and discounts. */
static void charges_of(const BillDraft *d, Money *use, Money *service) {
    static const char *const by_use[] = { "USAGE", "DEMAND", "FUEL_ADJ", "SEWER_USAGE", "TRUE_UP", NULL };
    static const char *const neither[] = { "TAX", "DISCOUNT", "SUBSIDY", "ADJUSTMENT", "CREDIT_NOTE", NULL };
    *use = *service = (Money){ 0 };
    for (int i = 0; i < d->line_n; i++) {
        const BillLine *l = &d->lines[i];
        if (!l->is_added || strcmp(bill_section_words[l->section], "current")) continue;
        if (is_among(by_use, l->charge_type)) *use = money_add(*use, l->amount);
        else if (!is_among(neither, l->charge_type)) *service = money_add(*service, l->amount);
    }
}

static void store_bill(Store *x, const BillCase *one) {
    Ctx *c = x->c;
    const BillScope *s = x->s;
    const BillDraft *d = &one->draft;
    Quantity use;
    const char *unit;
    Id plan, by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    Money by_use, by_service;
    usage_of(d, &use, &unit, &plan);
    charges_of(d, &by_use, &by_service);
    db_bulk_add(x->bill, one->bill, c->utility, one->account, one->consumer, random_public_id(&c->mem),
                kind_words[s->kind], s->period, s->run, d->start, d->end, d->days, s->bill_date, s->due_date,
                s->accounting_date, one->facts.currency, s->simulates ? "discarded" : is_held(one) ? "held" : "draft",
                 d->is_estimated,
                    first_hold(d), d->previous_balance, d->payments, d->adjustments,
                one->posted_before, d->balance_forward, d->current, d->tax, d->deposits, d->instalments, d->deferred,
                    d->rounding, d->total, d->amount_due, d->credit_carried,
                s->supersedes, s->version_group, s->version_no ? s->version_no : 1, s->template_version, one->language,
                    s->message, s->reason, unit ? bind_qty(use) : (Bind){ 0 }, unit, one->category, one->sub_area, plan,
                by_use, by_service, trace_json(c, one), by, by);
}

/* --- exceptions and items of the run ------------------------------------------------------------------------------ */

static void exceptions_store(Ctx *c, const BillScope *s, const BillCase *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    Id *accounts = take_n(c, Id, n + 1);
    size_t problems = 0;
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        accounts[i] = v[i].account;
        for (int k = 0; k < v[i].draft.problem_n; k++) {
            const BillProblem *p = &v[i].draft.problems[k];
            bool again = false;
            for (int m = 0; m < k; m++) again = again || !strcmp(v[i].draft.problems[m].code, p->code);
            if (again) continue;
            json_open_list(&o, NULL);
            json_add_int(&o, NULL, v[i].account.id);
            json_add_text(&o, NULL, p->code);
            json_add_text(&o, NULL, utf8_cut(&c->mem, p->message, 300));
            json_add_text(&o, NULL, p->is_hold ? "hold" : "error");
            json_add_int(&o, NULL, v[i].bill.id);
            json_add_int(&o, NULL, is_stored(&v[i]) ? v[i].draft.total.minor : 0);
            json_close(&o);
            problems++;
        }
    }
    json_close(&o);
    /* What is gone is resolved by itself; what is there again is open again; the rest is new. */
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_exception e on e.run_id "
              "= ? and e.account_id = j.id and e.state in ('open', 'assigned') "
              "set e.state = 'resolved', e.resolution = 'auto', e.resolved_at = ? "
              "where not exists (select 1 from json_table(?, '$[*]' columns (a bigint path '$[0]', code varchar(10) "
              "path '$[1]')) k where k.a = e.account_id and k.code = e.code)",
           json_ids(c, accounts, n), s->run, c->now, t.s);
    if (!problems) return;
    db_run(c, "insert into bill_exception (utility_id, run_id, account_id, code, message, severity, bill_id, "
              "amount_minor, opened_at) "
              "select ?, ?, k.a, k.code, k.message, k.severity, nullif(k.bill, 0), if(k.bill = 0, null, k.amount), ? "
              "from json_table(?, '$[*]' columns (a bigint path '$[0]', code varchar(10) path '$[1]', "
              "message varchar(300) path '$[2]', severity varchar(10) path '$[3]', bill bigint path '$[4]', "
              "amount bigint path '$[5]')) k "
              "on duplicate key update severity = values(severity), message = values(message), bill_id = "
              "values(bill_id), amount_minor = values(amount_minor)", c->utility, s->run, c->now, t.s);
}

static void items_mark(Ctx *c, const BillScope *s, const BillCase *v, size_t n) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < n; i++) {
        const BillDraft *d = &v[i].draft;
        const char *state = is_stored(&v[i]) ? (is_held(&v[i]) ? "held" : "calculated") : d->outcome == BILL_SKIPPED
            || d->outcome == BILL_EMPTY ? "skipped" : "error";
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, v[i].account.id);
        json_add_text(&o, NULL, state);
        json_add_text(&o, NULL, d->problem_n ? d->problems[0].code : "");
        json_add_text(&o, NULL, d->problem_n ? utf8_cut(&c->mem, d->problems[0].message, 300) : "");
        json_add_text(&o, NULL, d->outcome == BILL_SKIPPED ? "Already billed" : d->outcome == BILL_EMPTY
                      ? "Nothing to bill" : "");
        json_add_int(&o, NULL, v[i].bill.id);
        json_add_int(&o, NULL, d->total.minor);
        json_close(&o);
    }
    json_close(&o);
    db_run(c, "update json_table(?, '$[*]' columns (a bigint path '$[0]', state varchar(20) path '$[1]', code "
              "varchar(10) path '$[2]', message varchar(300) path '$[3]', reason varchar(300) path '$[4]', "
              "bill bigint path '$[5]', amount bigint path '$[6]')) j straight_join bill_run_item i on i.run_id = "
              "? and i.account_id = j.a "
              "set i.state = j.state, i.error_code = nullif(j.code, ''), i.error_text = nullif(j.message, ''), "
              "i.skip_reason = nullif(j.reason, ''), i.bill_id = nullif(j.bill, 0), "
              "i.amount_minor = if(j.bill = 0, null, j.amount), i.stale = 0, i.claimed_by = null, "
              "i.lease_until = null, i.done_at = ?", t.s, s->run, c->now);
}

/* --- all together ------------------------------------------------------------------------------------------------- */

static void number_bills(Ctx *c, BillCase *v, size_t n, int64_t *segments, int64_t *lines, size_t *uses) {
    int64_t bills = 0;
    *segments = *lines = 0;
    *uses = 0;
    for (size_t i = 0; i < n; i++) {
        if (!may_store(&v[i])) continue;
        bills++;
        *segments += v[i].draft.segment_n;
        *lines += v[i].draft.line_n;
        for (int s = 0; s < v[i].draft.segment_n; s++) *uses += (size_t)v[i].draft.segments[s].use_n;
    }
    Id next = bills ? db_ids(c, "bill", bills) : (Id){ 0 };
    for (size_t i = 0; i < n; i++)
        if (may_store(&v[i])) v[i].bill.id = next.id++;
}

static void store_all(Ctx *c, const BillScope *s, BillCase *v, size_t n) {
    int64_t segments, lines;
    size_t uses;
    number_bills(c, v, n, &segments, &lines, &uses);
    if (!lines) return;
    Store x = {
        .c = c, .s = s, .book = plan_book_of(c, s), .charges = text_start(c),
        .uses = take_n(c, SegmentOfBill, uses + 1),
        .next_segment = segments ? db_ids(c, "bill_segment", segments).id : 0,
        .next_line = db_ids(c, "bill_line", lines).id,
        .bill = db_bulk(c, "insert into bill (id, utility_id, account_id, consumer_id, draft_ref, kind, "
                           "bill_cycle_period_id, bill_run_id, period_start, period_end, days, bill_date, due_date, "
                           "accounting_date, currency, "
            "status, is_estimated, hold_code, previous_balance_minor, payments_minor, adjustments_minor, "
            "posted_charges_minor, balance_forward_minor, current_charges_minor, tax_minor, deposit_minor, "
            "instalment_due_minor, deferred_minor, rounding_minor, total_minor, amount_due_minor, "
            "credit_carried_minor, supersedes_bill_id, version_group_id, version_no, template_version_id, "
            "language, message, reason, "
            "usage_qty_micro, usage_unit, category_id, sub_area_id, tariff_plan_id, "
            "use_charges_minor, service_charges_minor, calc_trace, created_by, updated_by) "
            "values "
            "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        .segment = db_bulk(c, "insert into bill_segment (id, bill_id, seq, service_connection_id, tariff_plan_id, "
                              "tariff_plan_version_id, segment_start, segment_end, days, usage_qty_micro, "
                              "usage_unit, usage_source, "
                              "readings, estimate_method, avg_daily_qty_micro, carried_qty_micro, last_year_qty_micro) "
                              "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        .line = db_bulk(c, "insert into bill_line (id, bill_id, segment_id, seq, section, charge_type, description, "
                           "tariff_rate_id, service_code, from_date, to_date, qty_micro, unit, "
                           "rate_micro, factor_num, factor_den, "
            "amount_minor, detail, tax_codes, tax_code, gl_code_id, posts, charge_id, instalment_id, adjustment_id, "
            "deposit_id, true_up_of_bill_id) "
            "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
    };
    db_bulk_after(x.segment, x.bill);
    db_bulk_after(x.line, x.segment);
    text_add(&x.charges, "[");
    for (size_t i = 0; i < n; i++) {
        if (!is_stored(&v[i])) continue;
        int64_t first = x.next_segment;
        x.next_segment += v[i].draft.segment_n;
        store_bill(&x, &v[i]);
        store_segments(&x, &v[i], first);
        store_lines(&x, &v[i], first);
    }
    text_add(&x.charges, "]");
    db_bulk_end(x.bill);
    db_bulk_end(x.segment);
    db_bulk_end(x.line);
    if (s->simulates) return;
    mx_reserve_segments_many(c, x.uses, x.use_n);
    if (x.charge_n)
        db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$[0]', bill bigint path '$[1]')) j "
                  "straight_join charge h force index (primary) on h.id = j.id set h.bill_id = j.bill "
                  "where h.status = 'pending' and h.bill_id is null", x.charges.s);
}

void bill_cases_store(Ctx *c, const BillScope *s, BillCase *v, size_t n) {
    if (!n) return;
    sort_out(c, s, v, n);
    store_all(c, s, v, n);
    if (!s->run.id) return;
    exceptions_store(c, s, v, n);
    items_mark(c, s, v, n);
}

/* --- giving back -------------------------------------------------------------------------------------------------- */

#define DISCARD_ROW(F, T) F(T, Id, id)
ROW(DiscardRow, DISCARD_ROW)

void bill_discard(Ctx *c, const Id *bills, size_t n) {
    if (!n) return;
    DiscardRows rows = db_all(c, DiscardRow, "select b.id from json_table(?, '$[*]' columns (id bigint path '$')) j "
                                             "straight_join bill b force index (primary) on b.id = j.id "
                                             "and b.utility_id = ? and b.status in ('draft', 'held', 'approved') "
                                             "order by b.id for update",
                              json_ids(c, bills, n), c->utility);
    if (!rows.n) return;
    Id *ids = take_n(c, Id, rows.n);
    for (size_t i = 0; i < rows.n; i++) ids[i] = rows.v[i].id;
    const char *list = json_ids(c, ids, rows.n);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill b force index (primary) "
              "on b.id = j.id set b.status = 'discarded', b.stale = 0, b.updated_at = ?", list, c->now);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join charge h on h.bill_id = j.id "
              "set h.bill_id = null where h.status = 'pending'", list);
    mx_release_segments_many(c, ids, rows.n);
}

/* --- retention ---------------------------------------------------------------------------------------------------- */

enum { DISCARDED_KEPT_DAYS = 90, DISCARDED_A_STEP = 500 };

JobStep bill_drafts_cleanup(Ctx *c, const JobRow *job) {
    (void)job;
    DiscardRows rows = db_all(c, DiscardRow, "select id from bill where utility_id = ? and status = 'discarded' and "
                                             "updated_at < ? and bill_no is null order by id limit ? for update",
                              c->utility, time_add_seconds(c->now, -(int64_t)DISCARDED_KEPT_DAYS * 86400),
                              (int)DISCARDED_A_STEP);
    if (!rows.n) return STEP_DONE;
    Id *ids = take_n(c, Id, rows.n);
    for (size_t i = 0; i < rows.n; i++) ids[i] = rows.v[i].id;
    const char *list = json_ids(c, ids, rows.n);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill_exception e on "
              "e.bill_id = j.id set e.bill_id = null", list);
    db_run(c, "update json_table(?, '$[*]' columns (id bigint path '$')) j straight_join bill b on b.id = j.id "
              "straight_join bill_run_item i on i.run_id = b.bill_run_id and i.account_id = b.account_id "
              "set i.bill_id = null where i.bill_id = b.id", list);
    db_run(c, "delete l from bill_line l join json_table(?, '$[*]' columns (id bigint path '$')) j on l.bill_id = j.id",
           list);
    db_run(c, "delete g from bill_segment g join json_table(?, '$[*]' columns (id bigint path '$')) j on "
              "g.bill_id = j.id", list);
    db_run(c, "delete b from bill b join json_table(?, '$[*]' columns (id bigint path '$')) j on b.id = j.id", list);
    return rows.n == DISCARDED_A_STEP ? STEP_AGAIN : STEP_DONE;
}
