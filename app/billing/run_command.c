/*
 * `smart360 run`: a bill run of one screen (V1) from the shell, by the same functions as its page and jobs.
 */
#include <stdio.h>
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run.h"
#include "app/command.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/db.h"

typedef struct { const char *cycle, *period, *tenant; bool publishes, is_failed; Id run; } RunOptions;

static void create_tx(Ctx *c, void *arg) {
    RunOptions *o = arg;
    NewRun n = { .mode = o->publishes ? "v1" : "v2", .estimate = true };
    n.period = db_id(c, "select p.id from bill_cycle_period p join bill_cycle y on y.id=p.cycle_id "
                        "where y.utility_id=? and y.code=? and p.label=?", c->utility, o->cycle, o->period);
    if (!n.period.id) fail(c, NOT_FOUND, "There is no cycle %s with period %s.", o->cycle, o->period);
    n.bill_date = utility_today(c);
    n.due_date = date_add_days(n.bill_date,
                               (int)db_int(c, "select y.due_days from bill_cycle_period p "
                                              "join bill_cycle y on y.id=p.cycle_id where p.id=?", n.period));
    o->run = run_create(c, &n);
    if (!o->publishes) db_run(c, "update bill_run set state='calculating', stage=4 where id=?", o->run);
}

static void in_utility(Ctx *c, RunOptions *o, Id utility) {
    utility_enter(c, utility);
    if (!db_int(c, "select count(*) from bill_cycle where utility_id=? and code=?", utility, o->cycle)) return;
    db_tx(c, DB_WRITE, create_tx, o, NULL);
    int64_t began = time_ticking_us();
    run_drain(c, o->run);
    double seconds = (double)(time_ticking_us() - began) / 1e6;
    RunCounts k = run_counts(c, o->run);
    const RunRow *r = run_get(c, o->run);
    int64_t made = k.published + k.calculated;
    printf("%s %s: %lld accounts, %lld bills, %lld held, %lld errors, %lld skipped, amount %s, %.1f s, %.0f bills/s\n",
           r->run_no, r->state, (long long)k.total, (long long)made, (long long)k.held,
           (long long)k.error, (long long)k.skipped, money_decimal(&c->mem, k.amount, utility_here(c)->exponent),
               seconds, seconds > 0 ? (double)made / seconds : 0);
}

#define UTILITY_ID(F, T) F(T, Id, id)
ROW(UtilityId, UTILITY_ID)

static void run_work_(Ctx *c, void *arg) {
    RunOptions *o = arg;
    TenantRows tenants = tenants_all(c);
    for (size_t i = 0; i < tenants.n; i++) {
        if (o->tenant && strcmp(o->tenant, tenants.v[i].slug)) continue;
        tenant_enter(c, &tenants.v[i]);
        UtilityIds all = db_all(c, UtilityId, "select id from utility order by id");
        for (size_t k = 0; k < all.n && !o->run.id; k++) in_utility(c, o, all.v[k].id);
        if (!o->run.id) tenant_leave(c);
    }
    if (!o->run.id) fail(c, NOT_FOUND, "There is no cycle %s.", o->cycle);
}

int run_command(int argc, char **argv) {
    RunOptions o = { 0 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--cycle") && i + 1 < argc) o.cycle = argv[++i];
        else if (!strcmp(argv[i], "--period") && i + 1 < argc) o.period = argv[++i];
        else if (!strcmp(argv[i], "--tenant") && i + 1 < argc) o.tenant = argv[++i];
        else if (!strcmp(argv[i], "--publish")) o.publishes = true;
        else return command_misuse(argv[0], "does not know \"%s\"", argv[i]);
    }
    if (!o.cycle || !o.period) return command_misuse(argv[0], "wants --cycle CODE and --period YYYY-MM");
    if (program_start()) return 1;
    return command_run(COMMAND_APP, run_work_, &o);
}
