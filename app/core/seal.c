/*
 * Sealing and recomputing: see seal.h.
 */
#include "app/core/seal.h"

#include <string.h>

#include "app/core/job.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/db.h"

enum { BLOCK_ROWS = 5000, MARGIN_S = 15 * 60 };

/* --- rows as bytes ------------------------------------------------------------------------------------------------ */

#define SEALED(F, T) F(T, const char *, sealed)
ROW(SealedRow, SEALED)

static void add_row(Ctx *c, void *row, void *to) {
    (void)c;
    const char *s = ((SealedRow *)row)->sealed;
    uint64_t n = strlen(s);
    uint8_t size[8];
    for (int i = 0; i < 8; i++) size[i] = (uint8_t)(n >> (8 * i));
    text_add_n(to, (const char *)size, 8);
    text_add_n(to, s, n);
}

/* All rows of a chain with first <= id <= last, in order of id, behind the hash of the block before; how many. */
static int64_t rows_hash(Ctx *c, const char *chain, Id utility, Bytes previous, Id first, Id last,
                         uint8_t hash[static 32]) {
    Text t = text_start(c);
    text_add_n(&t, previous.p, previous.n);
    int64_t n = !strcmp(chain, "audit")
        ? db_each(c, SealedRow, add_row, &t, "select concat_ws(char(31), id, at, ifnull(utility_id,'\\\\N'), "
                                             "actor_kind, ifnull(actor_id,'\\\\N'), ifnull(actor_name,'\\\\N'), "
            "ifnull(hex(ip),'\\\\N'), ifnull(session_id,'\\\\N'), ifnull(request_id,'\\\\N'), action, entity, "
            "ifnull(entity_id,'\\\\N'), ifnull(number,'\\\\N'), ifnull(version,'\\\\N'), "
            "ifnull(hex(value_hash),'\\\\N'), ifnull(reason,'\\\\N')) sealed from audit_entry where id "
            "between ? and ? order by id", first, last)
        : db_each(c, SealedRow, add_row, &t, "select concat_ws(char(31), e.id, e.txn_id, e.line_no, e.txn_type, "
                                             "e.utility_id, ifnull(e.account_id,'\\\\N'), e.gl_code_id, "
                                             "e.debit_minor, e.credit_minor, "
            "e.effective_date, ifnull(e.original_date,'\\\\N'), e.gl_period_id, e.posted_at, "
            "ifnull(e.posted_by,'\\\\N'), e.source_type, e.source_id, ifnull(e.bill_id,'\\\\N'), "
            "ifnull(e.charge_type,'\\\\N'), ifnull(e.reversal_of_txn_id,'\\\\N'), ifnull(e.memo,'\\\\N'), t.set_key, "
            "t.currency, t.source_no, t.total_minor, t.line_count, ifnull(t.memo,'\\\\N')) sealed "
            "from ledger_entry e join ledger_txn t on t.id=e.txn_id where e.id between ? and ? "
            "and e.utility_id=? order by e.id", first, last, utility);
    blake2b((Bytes){ 0 }, bytes_at(t.s, t.n), hash);
    return n;
}

/* --- sealing ------------------------------------------------------------------------------------------------------ */

#define BLOCK(F, T) F(T, const char *, chain) F(T, Id, chain_utility_id) F(T, int, block_no) F(T, Id, first_id) \
    F(T, Id, last_id) F(T, int64_t, row_count) \
    F(T, Bytes, previous_hash) F(T, Bytes, hash)
ROW(Block, BLOCK)
#define SPAN(F, T) F(T, Id, first_id) F(T, Id, last_id) F(T, int64_t, row_count)
ROW(Span, SPAN)

static const uint8_t zeros[32];

/* The rows behind the last block that are old enough. */
static const Span *span_of(Ctx *c, const char *chain, Id utility, Id after, Time before) {
    if (!strcmp(chain, "audit"))
        return db_one(c, Span, "select min(id) first_id, max(id) last_id, count(*) row_count from (select id "
                               "from audit_entry where id > ? and at < ? order by id limit 5000) s", after.id, before);
    return db_one(c, Span, "select min(id) first_id, max(id) last_id, count(*) row_count from (select id "
                           "from ledger_entry where id > ? and posted_at < ? and utility_id=? "
                           "order by id limit 5000) s",
                  after.id, before, utility);
}

/* A locking read waits for every transaction that still has rows in the range: what is sealed stays as it is. */
static int64_t settle(Ctx *c, const char *chain, Id utility, Id after, Id last) {
    if (!strcmp(chain, "audit"))
        return db_int(c, "select count(*) from audit_entry where id > ? and id <= ? lock in share mode", after.id,
                      last);
    return db_int(c, "select count(*) from ledger_entry where id > ? and id <= ? and utility_id=? lock in share mode",
                  after.id, last, utility);
}

static bool seal_chain(Ctx *c, const char *chain, Id utility, Time before) {
    Block *last = db_find(c, Block, "select chain, chain_utility_id, block_no, first_id, last_id, row_count, "
                                    "previous_hash, hash from seal_block "
                                    "where chain=? and chain_utility_id=? order by block_no desc limit 1 for update",
                          chain, utility.id);
    Id after = last ? last->last_id : (Id){ 0 };
    const Span *s = span_of(c, chain, utility, after, before);
    if (!s->row_count) return false;
    settle(c, chain, utility, after, s->last_id);
    Bytes previous = last ? last->hash : bytes_at(zeros, sizeof zeros);
    uint8_t hash[32];
    Id first = { after.id + 1 };
    int64_t n = rows_hash(c, chain, utility, previous, first, s->last_id, hash);
    if (n < s->row_count) fail(c, BROKEN, "rows of %s disappear while they are sealed", chain);
    db_run(c, "insert into seal_block (chain, chain_utility_id, block_no, first_id, last_id, row_count, previous_hash, "
              "hash) values (?,?,?,?,?,?,?,?)",
           chain, utility.id, last ? last->block_no + 1 : 1, first, s->last_id, n, previous,
               bytes_at(hash, sizeof hash));
    return n >= BLOCK_ROWS;
}

#define SEALED_UTILITY(F, T) F(T, Id, id)
ROW(SealedUtility, SEALED_UTILITY)

bool seal_chains(Ctx *c, int64_t margin_s) {
    Time before = time_add_seconds(c->now, -margin_s);
    bool more = seal_chain(c, "audit", (Id){ 0 }, before);
    SealedUtilitys l = db_all(c, SealedUtility, "select id from utility order by id");
    for (size_t i = 0; i < l.n; i++) more |= seal_chain(c, "ledger", l.v[i].id, before);
    return more;
}

JobStep seal_job(Ctx *c, const JobRow *job) {
    (void)job;
    return seal_chains(c, MARGIN_S) ? STEP_AGAIN : STEP_DONE;
}

/* --- recomputing -------------------------------------------------------------------------------------------------- */

static bool same(Bytes a, Bytes b) { return a.n == b.n && !memcmp(a.p, b.p, a.n); }

static bool block_holds(Ctx *c, const Block *b, const Block *before) {
    bool follows = before && !strcmp(before->chain, b->chain) && before->chain_utility_id.id == b->chain_utility_id.id;
    Bytes previous = follows ? before->hash : bytes_at(zeros, sizeof zeros);
    if (b->block_no != (follows ? before->block_no + 1 : 1) || !same(b->previous_hash, previous)) return false;
    if (b->first_id.id != (follows ? before->last_id.id + 1 : 1)) return false;
    uint8_t hash[32];
    int64_t n = rows_hash(c, b->chain, b->chain_utility_id, previous, b->first_id, b->last_id, hash);
    return n == b->row_count && same(b->hash, bytes_at(hash, sizeof hash));
}

int64_t seals_broken(Ctx *c, const char **first) {
    Blocks l = db_all(c, Block, "select chain, chain_utility_id, block_no, first_id, last_id, row_count, "
                                "previous_hash, hash from seal_block order by chain, chain_utility_id, block_no");
    int64_t bad = 0;
    for (size_t i = 0; i < l.n; i++) {
        ArenaMark m = mark(c);
        bool holds = block_holds(c, &l.v[i], i ? &l.v[i - 1] : NULL);
        rewind_to(c, m);
        if (!holds && !bad++) *first = text(c, "%s %lld block %d", l.v[i].chain, (long long)l.v[i].chain_utility_id.id,
                                            l.v[i].block_no);
    }
    return bad;
}
