/*
 * `smart360 bench`: how fast bills are made and published on a loaded sample, each beside its limit measured in the
 * same run: the very same rows copied inside the server without computing anything. Everything is rolled back.
 */
#include <stdio.h>
#include <string.h>

#include "app/billing/bill.h"
#include "app/billing/bill_paper.h"
#include "app/billing/run.h"
#include "app/command.h"
#include "app/core/core.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"

enum { BENCH_CHUNK = 500, BENCH_ACCOUNTS_MAX = 50000 };

typedef struct Bench {
    Ctx      *c;
    BillScope scope;
    Id        period;
    Id        accounts[BENCH_CHUNK];
    size_t    n;
    int64_t   bills, drafts_us, drafts_rows_us, publish_us, publish_rows_us, first_us, last_us;
    int64_t   first_bills, last_bills;
} Bench;

#define ACCOUNT_ID(F, T) F(T, Id, id)
ROW(AccountId, ACCOUNT_ID)

static const char *const tables[] = { "bill", "bill_segment", "bill_line", "ledger_txn", "ledger_entry",
                                      "bill_delivery" };

/* Copies with all their indexes, made before (creating a table ends a transaction). */
static void copies_make(Ctx *c) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const char *sql = text(c, "drop table if exists bench_%s", tables[i]),
            *make = text(c, "create table bench_%s like %s", tables[i], tables[i]);
        db_script(c, sql, strlen(sql));
        db_script(c, make, strlen(make));
    }
}

static void copies_drop(Ctx *c) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const char *sql = text(c, "drop table if exists bench_%s", tables[i]);
        db_script(c, sql, strlen(sql));
    }
}

static int64_t copy_us(Ctx *c, const char *table, const char *where) {
    const char *columns = db_text(c, "select group_concat(concat('`', column_name, '`') order by ordinal_position) "
                                     "from information_schema.columns where table_schema=database() and table_name=? "
                                     "and extra not like '%GENERATED%'", table);
    const char *sql = text(c, "insert into bench_%s (%s) select %s from %s where %s", table, columns, columns, table,
                           where);
    int64_t began = time_ticking_us();
    db_script(c, sql, strlen(sql));
    return time_ticking_us() - began;
}

static void chunk(Ctx *c, void *arg) {
    Bench *b = arg;
    Id *bills = take_n(c, Id, b->n + 1);
    size_t made, n = 0;
    int64_t t0 = time_ticking_us();
    BillCase *v = bill_cases(c, &b->scope, b->accounts, b->n, &made);
    bill_cases_store(c, &b->scope, v, made);
    int64_t t1 = time_ticking_us();
    for (size_t i = 0; i < made; i++)
        if (v[i].bill.id && v[i].draft.outcome == BILL_MADE) bills[n++] = v[i].bill;
    if (!n) fail(c, CONFLICT, "done");
    const char *ids = text(c, "select id from bill where id between %lld and %lld", (long long)v[0].bill.id,
                           (long long)bills[n - 1].id);
    int64_t t2 = time_ticking_us();
    bill_publish(c, bills, n, &(Publishing){ 0 });
    int64_t t3 = time_ticking_us();
    int64_t draft_rows = copy_us(c, "bill", text(c, "id in (%s)", ids)) + copy_us(c, "bill_segment",
        text(c, "bill_id in (%s)", ids)) + copy_us(c, "bill_line", text(c, "bill_id in (%s)", ids));
    int64_t post_rows = copy_us(c, "ledger_txn", text(c, "source_type='bill' and source_id in (%s)", ids)) + copy_us(c,
        "ledger_entry", text(c, "txn_id in (select id from ledger_txn where source_type='bill' and source_id in (%s))",
                             ids))
                      + copy_us(c, "bill_delivery", text(c, "bill_id in (%s)", ids));
    b->bills += (int64_t)n;
    b->drafts_us += t1 - t0;
    b->publish_us += t3 - t2;
    b->drafts_rows_us += draft_rows;
    b->publish_rows_us += post_rows;
    if (!b->first_bills) b->first_us = t1 - t0, b->first_bills = (int64_t)n;
    b->last_us = t1 - t0, b->last_bills = (int64_t)n;
    fail(c, CONFLICT, "done");                       /* nothing is kept */
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
                            b->period, BENCH_ACCOUNTS_MAX);
    for (size_t at = 0; at < all.n; at += BENCH_CHUNK) {
        b->n = all.n - at < BENCH_CHUNK ? all.n - at : BENCH_CHUNK;
        for (size_t i = 0; i < b->n; i++) b->accounts[i] = all.v[at + i].id;
        ArenaMark m = mark(c);
        if (!attempt(c, chunk_tx, b) && strcmp(c->failure.text, "done")) fail_again(c);
        rewind_to(c, m);
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
    (void)arg;
    static Bench b;
    b.c = c;
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
    PaperBench p = paper_bench(c);
    line("bill PDF, by a core", p.bills, p.us, "60/s, 200/s", p.drawn_us);
}

int bench_command(int argc, char **argv) {
    if (argc > 1) return command_misuse(argv[0], "takes nothing");
    if (program_start()) return 1;
    return command_run(COMMAND_ADMIN, work, NULL);
}
