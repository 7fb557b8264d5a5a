/*
 * The ledger: balanced sets, posted once, never changed (BX05US01; I1 to I4, I17).
 *
 * A set is known by its key: posting it again returns the first one. ledger_entry and ledger_txn are only inserted
 * into; a mistake is corrected by a mirror set. Balances of accounts move in the same transaction.
 */
#include <assert.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/gl.h"
#include "app/cis/cis.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

/* --- codes -------------------------------------------------------------------------------------------------------- */

#define GL_ROLE(F, T) F(T, const char *, posting_key) F(T, Id, gl_code_id)
ROW(GlRole, GL_ROLE)
#define GL_NUMBER(F, T) F(T, const char *, code) F(T, Id, id)
ROW(GlNumber, GL_NUMBER)
#define GL_MAP(F, T) F(T, const char *, charge_type) F(T, const char *, service_code) F(T, int64_t, category_id) \
    F(T, const char *, tax_code) F(T, Date, valid_from) F(T, Id, gl_code_id)
ROW(GlMap, GL_MAP)

static const GlRoles *roles(Ctx *c) {
    GlRoles *all = fact_get(c, "gl_role", c->utility.id);
    if (all) return all;
    all = take(c, sizeof *all);
    *all = db_all(c, GlRole, "select posting_key, gl_code_id from gl_role where utility_id=?", c->utility);
    return fact_keep(c, "gl_role", c->utility.id, all);
}

Id gl_by_key(Ctx *c, const char *posting_key) {
    const GlRoles *all = roles(c);
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].posting_key, posting_key)) return all->v[i].gl_code_id;
    fail(c, BROKEN, "posting key %s has no GL code", posting_key);
}

Id gl_by_code(Ctx *c, const char *code) {
    GlNumbers *all = fact_get(c, "gl_code", c->utility.id);
    if (!all) {
        all = take(c, sizeof *all);
        *all = db_all(c, GlNumber, "select code, id from gl_code where utility_id=?", c->utility);
        fact_keep(c, "gl_code", c->utility.id, all);
    }
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->v[i].code, code)) return all->v[i].id;
    fail(c, INVALID, "There is no GL code %s.", code);
}

/* How exactly a mapping fits: service, category and tax code named count 4, 2 and 1; -1 when it does not fit. */
static int fit(const GlMap *m, const GlFacts *f) {
    if (strcmp(m->charge_type, f->charge_type) || date_compare(m->valid_from, f->date) > 0) return -1;
    int points = 0;
    if (*m->service_code) {
        if (!f->service_code || strcmp(m->service_code, f->service_code)) return -1;
        points += 4;
    }
    if (m->category_id) {
        if (m->category_id != f->category.id) return -1;
        points += 2;
    }
    if (*m->tax_code) {
        if (!f->tax_code || strcmp(m->tax_code, f->tax_code)) return -1;
        points += 1;
    }
    return points;
}

Id gl_mapping_find(Ctx *c, const GlFacts *facts, int *fits) {
    GlMaps *all = fact_get(c, "gl_mapping", c->utility.id);
    if (!all) {
        all = take(c, sizeof *all);
        *all = db_all(c, GlMap, "select charge_type, service_code, category_id, tax_code, valid_from, gl_code_id "
                                "from gl_mapping where utility_id=? order by valid_from", c->utility);
        fact_keep(c, "gl_mapping", c->utility.id, all);
    }
    const GlMap *best = NULL;
    int points = -1;
    for (size_t i = 0; i < all->n; i++) {
        int p = fit(&all->v[i], facts);
        if (p >= 0 && p >= points) best = &all->v[i], points = p;       /* of equal ones the later */
    }
    if (fits) *fits = points;
    return best ? best->gl_code_id : (Id){ 0 };
}

Id gl_by_charge(Ctx *c, const GlFacts *facts) {
    Id mapped = gl_mapping_find(c, facts, NULL);
    if (mapped.id) return mapped;
    alert_raise(c, "gl.unmapped", "warning", text(c, "gl.unmapped:%s:%s", facts->charge_type, facts->service_code
                                                  ? facts->service_code : ""),
                text(c, "%s is not mapped to a GL code: entries go to suspense.", facts->charge_type),
                    "/bx/gl-codes/mapping");
    return gl_by_key(c, "SUSPENSE");
}

/* --- periods ------------------------------------------------------------------------------------------------------ */

#define OPEN_PERIOD(F, T) F(T, Id, id) F(T, Date, from_date) F(T, Date, to_date)
ROW(OpenPeriod, OPEN_PERIOD)

/* The month a date is posted in; months are made as they come.
 * Locked against closing for the rest of the transaction. */
static const OpenPeriod *period_for(Ctx *c, Date wished, Date *effective) {
    Month m = month_of(wished);
    for (int tries = 0; tries < 240; tries++, m = month_add(m, 1)) {
        Date first = month_first(m);
        OpenPeriod *open = db_find(c, OpenPeriod, "select id, from_date, to_date from gl_period where utility_id=? "
                                                  "and from_date=? and state<>'closed' lock in share mode", c->utility,
                                   first);
        if (!open && !db_int(c, "select count(*) from gl_period where utility_id=? and from_date=?", c->utility, first))
            {
            db_add(c, "insert into gl_period (utility_id, label, from_date, to_date, created_by) values (?,?,?,?,?)",
                   c->utility, month_text(&c->mem, m), first, month_last(m), c->realm == REALM_STAFF
                   ? c->user : (Id){ 0 });
            open = db_find(c, OpenPeriod, "select id, from_date, to_date from gl_period where utility_id=? "
                                          "and from_date=? and state<>'closed'", c->utility, first);
        }
        if (open) {
            *effective = date_max(wished, first);
            return open;
        }
    }
    fail(c, CONFLICT, "No accounting period is open after %s.", date_iso(&c->mem, wished));
}

Date gl_open_date(Ctx *c, Date wished) {
    Date effective;
    period_for(c, wished, &effective);
    return effective;
}

/* --- posting ------------------------------------------------------------------------------------------------------ */

static Id code_of(Ctx *c, const LedgerLine *l) {
    if (l->gl_code_id.id) return l->gl_code_id;
    return l->posting_key ? gl_by_key(c, l->posting_key) : gl_by_code(c, l->gl_code);
}

/* Our own mistakes, never input: a set that does not balance must not be stored. */
static Money checked_total(const LedgerSet *set, int *used) {
    Money debit = { 0 }, credit = { 0 };
    *used = 0;
    assert(set->n >= 1 && set->n <= 500);
    for (int i = 0; i < set->n; i++) {
        const LedgerLine *l = &set->lines[i];
        assert(l->debit.minor >= 0 && l->credit.minor >= 0 && !(l->debit.minor && l->credit.minor));
        debit = money_add(debit, l->debit);
        credit = money_add(credit, l->credit);
        *used += l->debit.minor || l->credit.minor;
    }
    assert(debit.minor == credit.minor);
    return debit;
}

typedef struct Posting {
    Ctx         *c;
    DbBulk      *txn, *entry;
    Id           ar, agreement, deposit;
    BalanceMove *moves;
    size_t       moves_n;
} Posting;

static void add_move(Posting *p, const LedgerLine *l, Id code) {
    if (!l->account.id) return;
    Money owed = money_sub(l->debit, l->credit);
    BalanceMove m = { .account = l->account };
    if (code.id == p->ar.id) m.ar = owed;
    else if (code.id == p->agreement.id) m.agreement = owed;
    else if (code.id == p->deposit.id) m.deposit = money_neg(owed);
    else return;
    BalanceMove *last = p->moves_n ? &p->moves[p->moves_n - 1] : NULL;
    if (last && last->account.id == m.account.id) {
        last->ar = money_add(last->ar, m.ar);
        last->agreement = money_add(last->agreement, m.agreement);
        last->deposit = money_add(last->deposit, m.deposit);
    } else {
        p->moves[p->moves_n++] = m;
    }
}

static void post_one(Posting *p, const LedgerSet *set, Id txn) {
    Ctx *c = p->c;
    int used;
    Money total = checked_total(set, &used);
    if (used < 2) fail(c, BROKEN, "the set %s of the ledger moves nothing", set->set_key);          /* I1 */
    Date wished = set->date.day && date_is_set(set->date) ? set->date : utility_today(c), effective;
    const OpenPeriod *period = fact_get(c, "gl_open", (int64_t)month_of(wished).no);
    if (!period) {
        period = period_for(c, wished, &effective);
        fact_keep(c, "gl_open", (int64_t)month_of(wished).no, (void *)(uintptr_t)period);
    }
    effective = date_max(wished, period->from_date);
    Date original = date_compare(effective, wished) ? wished : DATE_NONE;
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    db_bulk_add(p->txn, txn, c->utility, set->set_key, set->txn_type, set->source_type, set->source, set->source_no,
                utility_here(c)->currency, effective, original,
                period->id, total, used, (Id){ 0 }, set->memo, c->now, by);
    int line_no = 0;
    for (int i = 0; i < set->n; i++) {
        const LedgerLine *l = &set->lines[i];
        if (!l->debit.minor && !l->credit.minor) continue;
        Id code = code_of(c, l);
        db_bulk_add(p->entry, txn, ++line_no, set->txn_type, c->utility, l->account, code, l->debit, l->credit,
                    effective, original, period->id, c->now, by,
                    set->source_type, set->source, l->bill, l->charge_type, (Id){ 0 }, l->memo);
        add_move(p, l, code);
    }
}

static Posting posting_start(Ctx *c, size_t lines) {
    Posting p = {
        .c = c,
        .txn = db_bulk(c, "insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, "
                          "source_no, currency, effective_date, original_date, gl_period_id, "
                          "total_minor, line_count, reversal_of_txn_id, memo, posted_at, posted_by) "
                          "values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        .entry = db_bulk(c, "insert into ledger_entry (txn_id, line_no, txn_type, utility_id, account_id, gl_code_id, "
                            "debit_minor, credit_minor, effective_date, original_date, "
                            "gl_period_id, posted_at, posted_by, source_type, source_id, bill_id, charge_type, "
                            "reversal_of_txn_id, memo) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        .ar = gl_by_key(c, "AR"), .agreement = gl_by_key(c, "AR_AGREEMENT"),
        .deposit = gl_by_key(c, "DEPOSIT_LIABILITY"),
        .moves = take_n(c, BalanceMove, lines + 1),
    };
    db_bulk_after(p.entry, p.txn);
    return p;
}

static void posting_end(Posting *p) {
    db_bulk_end(p->txn);
    db_bulk_end(p->entry);
    if (p->moves_n) account_balances_move(p->c, p->moves, p->moves_n);
}

Id ledger_find(Ctx *c, const char *set_key) {
    return db_id(c, "select id from ledger_txn where utility_id=? and set_key=?", c->utility, set_key);
}

void ledger_post_many(Ctx *c, const LedgerSet *sets, size_t n, Id *txns) {
    size_t lines = 0;
    for (size_t i = 0; i < n; i++) lines += (size_t)sets[i].n;
    Posting p = posting_start(c, lines);
    Id first = n ? db_ids(c, "ledger_txn", (int64_t)n) : (Id){ 0 };
    for (size_t i = 0; i < n; i++) {
        Id txn = { first.id + (int64_t)i };
        post_one(&p, &sets[i], txn);
        if (txns) txns[i] = txn;
    }
    posting_end(&p);
}

Id ledger_post(Ctx *c, const LedgerSet *set) {
    Id before = ledger_find(c, set->set_key), txn;
    if (before.id) return before;
    ledger_post_many(c, set, 1, &txn);
    return txn;
}

/* --- mirror ------------------------------------------------------------------------------------------------------- */

#define POSTED_LINE(F, T) F(T, Id, gl_code_id) F(T, Id, account_id) F(T, Money, debit_minor) F(T, Money, credit_minor) \
    F(T, Id, bill_id) F(T, const char *, charge_type) F(T, const char *, memo)
ROW(PostedLine, POSTED_LINE)
#define POSTED_HEAD(F, T) F(T, Id, id) F(T, const char *, source_type) F(T, Id, source_id) F(T, int, source_no)
ROW(PostedHead, POSTED_HEAD)

Id ledger_reverse(Ctx *c, Id of, const char *set_key, const char *txn_type, Date date, const char *memo) {
    PostedHead *head = db_one(c, PostedHead, "select id, source_type, source_id, source_no from ledger_txn where id=? "
                                             "and utility_id=? for update", of, c->utility);
    Id before = db_id(c, "select id from ledger_txn where reversal_of_txn_id=?", of);
    if (before.id) return before;
    PostedLines lines = db_all(c, PostedLine, "select gl_code_id, account_id, debit_minor, credit_minor, bill_id, "
                                              "charge_type, memo from ledger_entry where txn_id=? order by line_no",
                               of);
    Date wished = date.day && date_is_set(date) ? date : utility_today(c), effective;
    const OpenPeriod *period = period_for(c, wished, &effective);
    Date original = date_compare(effective, wished) ? wished : DATE_NONE;
    Posting p = posting_start(c, lines.n);
    Id txn = db_ids(c, "ledger_txn", 1), by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    Money total = { 0 };
    for (size_t i = 0; i < lines.n; i++) total = money_add(total, lines.v[i].debit_minor);
    db_bulk_add(p.txn, txn, c->utility, set_key, txn_type, head->source_type, head->source_id, head->source_no,
                utility_here(c)->currency, effective, original, period->id, total,
                (int)lines.n, of, memo, c->now, by);
    for (size_t i = 0; i < lines.n; i++) {
        const PostedLine *l = &lines.v[i];
        db_bulk_add(p.entry, txn, (int)i + 1, txn_type, c->utility, l->account_id, l->gl_code_id, l->credit_minor,
                    l->debit_minor, effective, original, period->id, c->now, by,
                    head->source_type, head->source_id, l->bill_id, l->charge_type, of, memo ? memo : l->memo);
        add_move(&p, &(LedgerLine){ .account = l->account_id, .debit = l->credit_minor, .credit = l->debit_minor },
                 l->gl_code_id);
    }
    posting_end(&p);
    return txn;
}
