/*
 * `smart360 bench`: how fast bills are made and published on a loaded sample, each beside its limit measured in the
 * same run: the very same rows written by array binding, without reading or computing anything. New rows go where they
 * were, after the set that made them was rolled back: into tables of the same size with the same indexes and keys, so
 * that the ratio says what the program adds. Changed rows, which are there, go into a copy, which is empty. Everything
 * is rolled back, set by set.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "app/billing/bill.h"
#include "app/billing/bill_paper.h"
#include "app/billing/run.h"
#include "app/command.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"

enum { BENCH_CHUNK = 500, BENCH_ACCOUNTS_MAX = 50000 };

#define ACCOUNT_ID(F, T) F(T, Id, id)
ROW(AccountId, ACCOUNT_ID)

/* What a set of bills writes, by phase, in the order of their keys: a table, whether its rows are new, and which they
   are, by the first and last bill. To add one: a row here. */
static const struct { char phase; bool is_new; const char *table, *where; } written[] = {
    { 'd', true,  "bill",          "id between ? and ?" },
    { 'd', true,  "bill_segment",  "bill_id between ? and ?" },
    { 'd', true,  "bill_line",     "bill_id between ? and ?" },
    { 'd', false, "usage_segment", "bill_id between ? and ?" },
    { 'p', false, "bill",          "id between ? and ?" },
    { 'p', false, "usage_segment", "bill_id between ? and ?" },
    { 'p', false, "account",       "id in (select account_id from bill where id between ? and ?)" },
    { 'p', true,  "ledger_txn",    "source_type = 'bill' and source_id between ? and ?" },
    { 'p', true,  "ledger_entry",  "txn_id in (select id from ledger_txn where source_type = 'bill' "
                                   "and source_id between ? and ?)" },
    { 'p', true,  "bill_delivery", "bill_id between ? and ?" },
    { 'p', true,  "outbox_event",  "entity = 'bill' and entity_id between ? and ?" },
};
enum { WRITTEN = sizeof written / sizeof *written };

static void drop_copy(Ctx *c, size_t i) {
    const char *sql = text(c, "drop table if exists bench_%c_%s", written[i].phase, written[i].table);
    db_script(c, sql, strlen(sql));
}

/* Copies with all their indexes, made before (creating a table ends a transaction). */
static void copies_make(Ctx *c) {
    for (size_t i = 0; i < WRITTEN; i++) {
        if (written[i].is_new) continue;
        drop_copy(c, i);
        const char *sql = text(c, "create table bench_%c_%s like %s", written[i].phase, written[i].table,
                               written[i].table);
        db_script(c, sql, strlen(sql));
    }
}

static void copies_drop(Ctx *c) {
    for (size_t i = 0; i < WRITTEN; i++)
        if (!written[i].is_new) drop_copy(c, i);
}

/* Rows of a table, in memory that a rollback does not take along. */
typedef struct Held { Arena *a; const char *columns; Bind *v; size_t rows, room; int n; } Held;

typedef struct Bench {
    Ctx      *c;
    BillScope scope;
    Id        period;
    Id        accounts[BENCH_CHUNK];
    size_t    n;
    int64_t   most, bills, drafts_us, drafts_rows_us, publish_us, publish_rows_us, first_us, last_us;
    int64_t   first_bills, last_bills;
    Id       *made;                         /* the set's bills, to be published */
    size_t    made_n;
    Arena     mem;
    Held      held[WRITTEN];
} Bench;

static void hold_row(void *arg, const DbColumn *columns, int n) {
    Held *h = arg;
    if (h->rows == h->room) {
        size_t room = h->room ? h->room * 2 : 1000;
        Bind *v = take_n(h->a, Bind, room * (size_t)n);
        if (h->rows) memcpy(v, h->v, h->rows * (size_t)n * sizeof *v);
        h->v = v, h->room = room;
    }
    h->n = n;
    Bind *row = &h->v[h->rows++ * (size_t)n];
    for (int i = 0; i < n; i++) {
        const DbColumn *k = &columns[i];
        if (k->is_null) row[i] = (Bind){ 0 };
        else if (k->text) row[i] = (Bind){ KIND_TEXT, 0, text_copy_n(h->a, k->text, k->size), k->size };
        else row[i] = (Bind){ k->kind, k->n, NULL, 0 };
    }
}

static void hold(Ctx *c, Bench *b, char phase, Id first, Id last) {
    Bind between[] = { bind_id(first), bind_id(last) };
    for (size_t i = 0; i < WRITTEN; i++) {
        if (written[i].phase != phase) continue;
        const char *columns = db_text(c, "select group_concat(concat('`', column_name, '`') order by ordinal_position) "
                                         "from information_schema.columns where table_schema=database() "
                                         "and table_name=? and extra not like '%GENERATED%'", written[i].table);
        b->held[i] = (Held){ .a = &b->mem, .columns = text_copy(&b->mem, columns) };
        db_columns(c, text(c, "select %s from %s where %s", columns, written[i].table, written[i].where), between, 2,
                   hold_row, &b->held[i], false);
    }
}

/* The time to write the rows that are held once more. */
static int64_t rows_us(Ctx *c, size_t i, const Held *h) {
    if (!h->rows) return 0;
    Text marks = text_start(c);
    for (int k = 0; k < h->n; k++) text_add(&marks, k ? ",?" : "?");
    const char *table =
        written[i].is_new ? written[i].table : text(c, "bench_%c_%s", written[i].phase, written[i].table);
    DbSite *site = take(c, sizeof *site);
    *site = (DbSite){ .sql = text(c, "insert into %s (%s) values (%s)", table, h->columns, marks.s),
                      .file = __FILE__, .line = __LINE__, .params = h->n, .kind = DB_SITE_RUN };
    int64_t began = time_ticking_us();
    DbBulk *bulk = db_bulk_start_(c, site);
    for (size_t k = 0; k < h->rows; k++) db_bulk_add_(bulk, &h->v[k * (size_t)h->n], h->n);
    db_bulk_end(bulk);
    return time_ticking_us() - began;
}

static int64_t phase_us(Ctx *c, Bench *b, char phase) {
    int64_t us = 0;
    for (size_t i = 0; i < WRITTEN; i++)
        if (written[i].phase == phase) us += rows_us(c, i, &b->held[i]);
    return us;
}

/* --- a set: drafts, their rows once more; drafts, published, those rows once more --------------------------------- */

static _Noreturn void done(Ctx *c) { fail(c, CONFLICT, "done"); }       /* nothing is kept */

/* Runs a piece and takes back what it wrote. */
static void and_back(Ctx *c, void (*piece)(Ctx *, void *), Bench *b) {
    if (db_savepoint(c, piece, b) || strcmp(c->failure.text, "done")) fail_again(c);
}

/* Ids of the bills that came out, and how long it took. */
static Id *make_drafts(Ctx *c, Bench *b, size_t *n, int64_t *us) {
    Id *bills = take_n(c, Id, b->n + 1);
    size_t made;
    int64_t began = time_ticking_us();
    BillCase *v = bill_cases(c, &b->scope, b->accounts, b->n, &made);
    bill_cases_store(c, &b->scope, v, made);
    *us = time_ticking_us() - began;
    *n = 0;
    for (size_t i = 0; i < made; i++)
        if (v[i].bill.id && v[i].draft.outcome == BILL_MADE) bills[(*n)++] = v[i].bill;
    return bills;
}

static void drafts(Ctx *c, void *arg) {
    Bench *b = arg;
    size_t n;
    int64_t us;
    Id *bills = make_drafts(c, b, &n, &us);
    if (n) hold(c, b, 'd', bills[0], bills[n - 1]);
    b->bills += (int64_t)n;
    b->drafts_us += us;
    if (!b->first_bills) b->first_us = us, b->first_bills = (int64_t)n;
    b->last_us = us, b->last_bills = (int64_t)n;
    done(c);
}

static void drafts_rows(Ctx *c, void *arg) {
    Bench *b = arg;
    b->drafts_rows_us += phase_us(c, b, 'd');
    done(c);
}

static void publish(Ctx *c, void *arg) {
    Bench *b = arg;
    int64_t began = time_ticking_us();
    bill_publish(c, b->made, b->made_n, &(Publishing){ 0 });
    b->publish_us += time_ticking_us() - began;
    hold(c, b, 'p', b->made[0], b->made[b->made_n - 1]);
    done(c);
}

static void chunk(Ctx *c, void *arg) {
    Bench *b = arg;
    int64_t us;
    and_back(c, drafts, b);
    and_back(c, drafts_rows, b);
    b->made = make_drafts(c, b, &b->made_n, &us);
    if (!b->made_n) done(c);
    and_back(c, publish, b);
    b->publish_rows_us += phase_us(c, b, 'p');
    done(c);
}

static void chunk_tx(Ctx *c, void *arg) { db_tx(c, DB_WRITE, chunk, arg, NULL); }

static void line(const char *name, int64_t n, int64_t us, const char *budget, int64_t limit_us) {
    printf("%-28s %10.0f /s  budget %-18s limit %10.0f /s  ratio %5.2f\n", name, us ? (double)n * 1e6 / (double)us : 0,
           budget, limit_us ? (double)n * 1e6 / (double)limit_us : 0, limit_us ? (double)us / (double)limit_us : 0);
    fflush(stdout);
}

static void measure(Ctx *c, Bench *b) {
    copies_make(c);
    AccountIds all = db_all(c, AccountId, "select account_id as id from account_cycle y "
                                          "join bill_cycle_period p on p.cycle_id=y.cycle_id where p.id=? "
                                          "and y.open_flag=1 and y.from_period<=p.to_date order by account_id limit ?",
                            b->period, b->most);
    for (size_t at = 0; at < all.n; at += BENCH_CHUNK) {
        b->n = all.n - at < BENCH_CHUNK ? all.n - at : BENCH_CHUNK;
        for (size_t i = 0; i < b->n; i++) b->accounts[i] = all.v[at + i].id;
        ArenaMark m = mark(c);
        if (!attempt(c, chunk_tx, b) && strcmp(c->failure.text, "done")) fail_again(c);
        rewind_to(c, m);
        arena_reset(&b->mem);
    }
    copies_drop(c);
    printf("%lld accounts, %lld bills of the open period, all rolled back\n", (long long)all.n, (long long)b->bills);
    line("bill run, drafts stored", b->bills, b->drafts_us, "500/s, 3,000/s", b->drafts_rows_us);
    line("publish", b->bills, b->publish_us, "300/s, 2,000/s", b->publish_rows_us);
    printf("%-28s %10.2f     (cost of a bill in the last set of accounts to that in the first)\n",
           "growth within the run",
           b->first_us && b->last_bills ? (double)b->last_us / (double)b->last_bills
               / ((double)b->first_us / (double)b->first_bills) : 0);
}

static void work(Ctx *c, void *arg) {
    static Bench b;
    b.c = c;
    b.most = *(int64_t *)arg;
    TenantRow *t = tenant_by_slug(c, "swa");
    if (!t) fail(c, NOT_FOUND, "There is no tenant swa: smart360 sample makes it.");
    tenant_enter(c, t);
    utility_enter(c, db_id(c, "select id from utility where code='swa-w'"));
    b.period = db_id(c, "select p.id from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id "
                        "where y.utility_id=? and p.state='open' order by p.from_date limit 1", c->utility);
    if (!b.period.id) fail(c, NOT_FOUND, "No period of a bill cycle is open.");
    Id bill = db_id(c, "select max(id) from bill where utility_id=? and bill_cycle_period_id is not null", c->utility);
    if (!bill.id) fail(c, NOT_FOUND, "There are no bills: smart360 sample makes them.");
    b.scope = bill_scope_again(c, bill);
    b.scope.period = b.period;
    b.scope.supersedes = b.scope.version_group = (Id){ 0 };
    b.scope.version_no = 1;
    b.scope.from = (Date){ (int32_t)db_int(c, "select datediff(from_date, '1970-01-01') "
                                              "from bill_cycle_period where id=?", b.period) };
    b.scope.to = (Date){ (int32_t)db_int(c, "select datediff(to_date, '1970-01-01') from bill_cycle_period where id=?",
                                         b.period) };
    measure(c, &b);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%-28s %10.0f MiB budget 96 MiB, 48 MiB\n", "memory of the making process", (double)used.ru_maxrss / 1024);
    PaperBench p = paper_bench(c);
    line("bill PDF, by a core", p.bills, p.us, "60/s, 200/s", p.drawn_us);
}

int bench_command(int argc, char **argv) {
    int64_t most = BENCH_ACCOUNTS_MAX;
    bool asked = argc == 3 && !strcmp(argv[1], "--accounts");
    if (argc > 1 && !(asked && count_parse(argv[2], BENCH_ACCOUNTS_MAX, &most) == NUMBER_OK))
        return command_misuse(argv[0], "takes --accounts N (1 to %d)", BENCH_ACCOUNTS_MAX);
    if (program_start()) return 1;
    return command_run(COMMAND_ADMIN, work, &most);
}
