/*
 * `smart360 bench`: bills as PDF by a core, of the newest bills of the loaded sample; nothing is stored. The limit
 * beside it: the same papers drawn again of facts in memory, so that the ratio says what reading them costs.
 */
#include <time.h>

#include "app/billing/bill_paper.h"
#include "lib/db.h"

#define BENCH_BILL(F, T) F(T, Id, id)
ROW(BenchBill, BENCH_BILL)

/* Of this process alone: the server reads beside it, on another core. */
static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void draw_all(Ctx *c, void *arg) {
    PaperBench *b = arg;
    BenchBills bills = db_all(
        c, BenchBill,
        "select id from bill where utility_id = ? and status = 'published' order by bill_date desc, id desc limit 401",
        c->utility);
    for (size_t i = 0; i < bills.n; i++) {
        ArenaMark m = mark(c);
        const Locale *l;
        int64_t t0 = cpu_us();
        const BillPaper *p = bill_paper_of(c, bills.v[i].id, &l);
        Bytes pdf = bill_paper_pdf(&c->mem, p, l);
        int64_t t1 = cpu_us();
        bill_paper_pdf(&c->mem, p, l);
        int64_t t2 = cpu_us();
        rewind_to(c, m);
        if (!i) continue;                               /* the first one loads the fonts */
        b->bills++;
        b->bytes += (int64_t)pdf.n;
        b->us += t1 - t0;
        b->drawn_us += t2 - t1;
    }
}

PaperBench paper_bench(Ctx *c) {
    PaperBench b = { 0 };
    db_tx(c, DB_READ, draw_all, &b, NULL);
    return b;
}
