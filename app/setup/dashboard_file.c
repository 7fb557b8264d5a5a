/*
 * The figures of the utility's dashboard as a file (ONB02US01): those of the period, open work as its tiles count it,
 * and the twelve months behind the charts. A figure that could not be read has an empty value.
 */
#include <string.h>

#include "app/setup/dashboard.h"
#include "lib/csv.h"
#include "lib/date.h"
#include "lib/money.h"
#include "lib/page.h"

typedef struct WorkFile { Req *r; CsvText *csv; const DashboardAsked *a; } WorkFile;

static void count_row(void *arg, const char *name, const char *value) {
    const WorkFile *f = arg;
    const char *today = date_iso(&f->r->c.mem, f->a->today);
    csv_text(f->csv, name);
    csv_text(f->csv, today);
    csv_text(f->csv, today);
    csv_text(f->csv, NULL);
    csv_text(f->csv, f->a->area ? f->a->area->code : NULL);
    if (value) csv_number(f->csv, value);
    else csv_text(f->csv, NULL);
    csv_text(f->csv, NULL);
    csv_end(f->csv);
}

static void add_counts(Req *r, CsvText *csv, const DashboardFigures *f) {
    WorkFile to = { r, csv, &f->a };
    const struct { const char *name; int64_t n; } rows[] = {
        { "accounts_owing", f->now ? f->now->owing : 0 }, { "bills_past_due_0_30", f->now ? f->now->bills0 : 0 },
        { "bills_past_due_31_60", f->now ? f->now->bills30 : 0 },
        { "bills_past_due_61_90", f->now ? f->now->bills60 : 0 },
        { "bills_past_due_90", f->now ? f->now->bills90 : 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        count_row(&to, rows[i].name, f->now ? text(r, "%lld", (long long)rows[i].n) : NULL);
    dashboard_work_each(r, &f->a, count_row, &to);
}

void dashboard_file(Req *r, DashboardFigures *f) {
    Ctx *c = &r->c;
    CsvText *csv = csv_start(&c->mem);
    static const char *const head[] = { "measure", "from", "to", "service", "area", "value", "currency" };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) csv_text(csv, head[i]);
    csv_end(csv);
    const struct { const char *name; bool known; int64_t minor; } rows[] = {
        { "billed", f->past, f->past ? f->past->billed.minor : 0 },
        { "collected", f->in, f->in ? f->in->collected.minor : 0 },
        { "billed_30_days", f->past, f->past ? f->past->billed_30.minor : 0 },
        { "applied_30_days", f->in, f->in ? f->in->applied_30.minor : 0 },
        { "outstanding", f->now, f->now ? f->now->outstanding.minor : 0 },
        { "past_due_0_30", f->now, f->now ? f->now->age0.minor : 0 },
        { "past_due_31_60", f->now, f->now ? f->now->age30.minor : 0 },
        { "past_due_61_90", f->now, f->now ? f->now->age60.minor : 0 },
        { "past_due_90", f->now, f->now ? f->now->age90.minor : 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        csv_text(csv, rows[i].name);
        csv_text(csv, date_iso(&c->mem, f->a.from));
        csv_text(csv, date_iso(&c->mem, f->a.to));
        csv_text(csv, f->a.service);
        csv_text(csv, f->a.area ? f->a.area->code : NULL);
        if (rows[i].known) csv_number(csv, money_decimal(&c->mem, (Money){ rows[i].minor }, utility_here(c)->exponent));
        else csv_text(csv, NULL);
        csv_text(csv, utility_here(c)->currency);
        csv_end(csv);
    }
    add_counts(r, csv, f);
    const SumRows *l = dashboard_month_sums(r, f);
    for (size_t i = 0; i < l->n; i++) {
        csv_text(csv, l->v[i].key);
        csv_text(csv, date_iso(&c->mem, l->v[i].period));
        csv_text(csv, date_iso(&c->mem, date_month_end(l->v[i].period)));
        csv_text(csv, l->v[i].service_code);
        csv_text(csv, f->a.area ? f->a.area->code : NULL);
        bool used = !strcmp(l->v[i].key, "month.used");
        csv_number(csv, used ? text(r, "%lld", (long long)(l->v[i].value / 1000000))
                   : money_decimal(&c->mem, (Money){ l->v[i].value }, utility_here(c)->exponent));
        csv_text(csv, used ? NULL : utility_here(c)->currency);
        csv_end(csv);
    }
    audit_note(c, "export", "dashboard", (Id){ 0 }, NULL, f->a.query);
    header_set(r, "Content-Disposition", "attachment; filename=\"dashboard.csv\"");
    answer(r, 200, "text/csv; charset=utf-8", csv->text.s, csv->text.n);
}
