/*
 * Bill cycles (BX03US02, what set-up step 14 needs of it): the list, and a new one with its calendar. Changes, merging
 * and the calendar's own page come with the story.
 */
#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/list.h"
#include "lib/messages.h"
#include "lib/page.h"

static const Choice frequencies[] = { { "monthly", "billing.frequency.monthly" },
    { "bi_monthly", "billing.frequency.bi_monthly" }, { "quarterly", "billing.frequency.quarterly" },
    { "fortnightly", "billing.frequency.fortnightly" }, { "weekly", "billing.frequency.weekly" }, { 0 } };

static const ListAction actions[] = { { "Add bill cycle", "/bx/cycles/new", "plus", "bx.cycle", CREATE, true }, { 0 } };

static const ListSpec cycles = {
    .name = "bill_cycle", .path = "/bx/cycles", .feature = "bx.cycle", .from = "bill_cycle y",
    .where = "y.utility_id = ? and y.state <> 'deleted'", .id = "y.id",
    .columns = COLUMNS {
        { "code",         NULL, "y.code", LIST | SEARCH | SORT, .place = "id" },
        { "name",         NULL, "y.name", LIST | SEARCH, .place = "name" },
        { "service_code", NULL, "y.service_code", LIST },
        { "frequency",    NULL, "y.frequency", LIST, .choices = frequencies },
        { "accounts",     NULL, "(select count(*) from account_cycle a where a.cycle_id = y.id and a.open_flag = 1)",
          LIST },
        { "due_days",     NULL, "y.due_days", LIST },
        { "state",        NULL, "y.state", LIST, .place = "status" },
        { 0 } },
    .order = "code", .actions = actions,
};

void cycle_list_page(Req *r) {
    show_text(r, "page.title", word(r, "billing.cycle.title"));
    list_show(r, &cycles, r->c.utility);
    if (!r->status) page(r, "layout/list");
}

static const Form new_form = { .name = "bill_cycle", .fields = FIELDS {
    { "code",      TEXT(2, 20), .chars = "A-Z0-9-", .flags = REQUIRED },
    { "name",      TEXT(3, 60), .flags = REQUIRED },
    { "service",   TEXT(2, 4),  .flags = REQUIRED },
    { "frequency", CHOICE(frequencies), .flags = REQUIRED, .initial = "monthly" },
    { "anchor",    DATE_FIELD,  .flags = REQUIRED },
    { "due_days",  INT(1, 90),  .flags = REQUIRED, .initial = "21" },
    { 0 } } };

#define SERVED(F, T) F(T, const char *, code) F(T, const char *, name)
ROW(Served, SERVED)

void cycle_new_page(Req *r) {
    FormView *v = form_show(r, "form", &new_form, "/bx/cycles");
    Serveds l = db_all(r, Served, "select code, name from utility_service where utility_id = ? and active = 1 "
                                  "and metered = 1 order by sort", r->c.utility);
    form_set(v, "service", "kind", "select");
    for (size_t i = 0; i < l.n; i++) form_option(v, "service", l.v[i].code, l.v[i].name);
    form_date(v, "anchor", date_month_start(utility_today(&r->c)));
    show_text(r, "form.cancel_url", link_path(r, "/bx/cycles"));
    show_text(r, "page.title", word(r, "billing.cycle.add"));
    show_text(r, "page.crumbs.0.text", word(r, "billing.cycle.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/cycles"));
    show_text(r, "page.crumbs.1.text", word(r, "billing.cycle.add"));
    page(r, "layout/form");
}

void cycle_create_post(Req *r) {
    Input *in = form_read(r, &new_form);
    problems_end(r);
    bill_cycle_create(&r->c, &(NewCycle){ .code = in_text(in, "code"), .name = in_text(in, "name"),
        .service_code = in_text(in, "service"), .frequency = in_text(in, "frequency"),
        .anchor = in_date(in, "anchor"), .due_days = (int)in_int(in, "due_days") });
    setup_step_touch(&r->c, "billing_settings");
    note(r, "%s", msg_format(r, r->c.language, "billing.cycle.made", { "name", in_text(in, "name") }));
    go(r, "/bx/cycles");
}
