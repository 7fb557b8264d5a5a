/*
 * Everybody of a plan put on another (ONB02US05 "Retire"): first who it is and who does not fit, then a job that asks
 * the CIS for one connection after the other. What is refused stays where it is and is listed.
 */
#include <string.h>

#include "app/cis/cis.h"
#include "app/setup/pages.h"
#include "app/setup/plan.h"
#include "lib/json.h"

enum { STEP_ROWS = 200, REFUSALS_KEPT = 100 };

static const Form ask_form = { .name = "plan_move", .fields = FIELDS {
    { "to",     "To plan", TEXT(2, 20),    .flags = REQUIRED },
    { "from",   "From",    DATE_FIELD,     .flags = REQUIRED, .hint = "Days that are billed stay as they are." },
    { "reason", "Reason",  LONG_TEXT(3, 300), .flags = REQUIRED },
    { 0 } } };

#define MOVE(F, T) F(T, Id, id) F(T, Id, plan_id) F(T, Id, to_plan_id) F(T, Date, from_on) F(T, const char *, reason) \
    F(T, const char *, state) F(T, int64_t, total) F(T, int64_t, moved) F(T, int64_t, refused) \
        F(T, const char *, refusals)
ROW(PlanMove, MOVE)
#define MOVE_SELECT "select id, plan_id, to_plan_id, from_on, reason, state, total, moved, refused, refusals " \
    "from tariff_move "
#define COUNT_ROW(F, T) F(T, const char *, name) F(T, int64_t, connections) F(T, bool, fits) F(T, int64_t, billed) \
    F(T, const char *, size)
ROW(CountRow, COUNT_ROW)

/* Rows of one category that fit alike become one: meter sizes are compared here, all else by the database. */
static CountRows counted(Req *r, const Plan *p, const Plan *to, Date from) {
    CountRows all = db_all(r, CountRow, "select k.name, count(*) as connections, "
        PLAN_SERVES_CATEGORY("t", "k.id") " and " PLAN_SERVES_SERVICE("t", "s.service_code") " and "
        PLAN_SERVES_SUB_CATEGORY("t", "a.sub_category_id") " and " PLAN_SERVES_AREA("t", "m.sub_area_id") " as fits, "
        "sum(coalesce(s.last_billed_on>=?, 0)) as billed, s.size from service_connection s join account a "
        "on a.id=s.account_id join premise m on m.id=s.premise_id join consumer_category k on k.id=a.category_id "
        "join tariff_plan t on t.id=? where s.tariff_plan_id=? and s.status in ('active', 'disconnected') "
        "group by k.id, fits, s.size order by k.name", from, to->id, p->id);
    CountRows few = { take_n(r, CountRow, all.n + 1), 0 };
    for (size_t i = 0; i < all.n; i++) {
        CountRow *x = &all.v[i], *same = NULL;
        x->fits = x->fits && meter_size_within(x->size, to->meter_size_min, to->meter_size_max);
        for (size_t k = 0; k < few.n; k++)
            if (!strcmp(few.v[k].name, x->name) && few.v[k].fits == x->fits) same = &few.v[k];
        if (same) same->connections += x->connections, same->billed += x->billed;
        else few.v[few.n++] = *x;
    }
    return few;
}

/* By category: how many, whether the plan takes them, how many are billed beyond the day. */
static bool show_preview(Req *r, const char *section, const Plan *p, const Plan *to, Date from) {
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "move_preview"));
    TableView *t = table_start(r, text(r, "%s.table", section), PLAN_SAY(r, "move_preview"));
    table_column(t, PLAN_SAY(r, "category"), "text", "id");
    table_column(t, PLAN_SAY(r, "subscribers"), "num", "amount");
    table_column(t, PLAN_SAY(r, "billed_beyond"), "num", NULL);
    table_column(t, text(r, "%s %s", PLAN_SAY(r, "fits"), to->code), "status", "status");
    CountRows all = counted(r, p, to, from);
    for (size_t i = 0; i < all.n; i++) {
        table_row(t, NULL);
        table_cell(t, all.v[i].name);
        table_int(t, all.v[i].connections);
        table_int(t, all.v[i].billed);
        table_state(t, all.v[i].fits ? "yes" : "no");
    }
    table_empty(t, PLAN_SAY(r, "nobody"), NULL);
    return all.n > 0;
}

static void show_last(Req *r, const char *section, const Plan *p) {
    PlanMove *m = db_find(r, PlanMove, MOVE_SELECT "where plan_id=? order by id desc limit 1", p->id);
    if (!m) return;
    Arena *a = &r->c.mem;
    show_text(r, text(r, "%s.title", section), PLAN_SAY(r, "move_last"));
    const char *facts = text(r, "%s.facts", section);
    show_fact(r, facts, PLAN_SAY(r, "status"), state_label(r, m->state), NULL);
    show_fact(r, facts, PLAN_SAY(r, "moved"), locale_count(a, r->c.locale, m->moved), NULL);
    show_fact(r, facts, PLAN_SAY(r, "refused"), locale_count(a, r->c.locale, m->refused), NULL);
    if (!m->refusals) return;
    TableView *t = table_start(r, text(r, "%s.table", section), PLAN_SAY(r, "refused"));
    table_column(t, PLAN_SAY(r, "connection"), "code", "id");
    table_column(t, PLAN_SAY(r, "reason"), "text", "name");
    table_rows_of(t, NULL, "select j.no, j.text from json_table(?, '$[*]' columns (no varchar(40) path '$[0]', "
                           "text varchar(300) path '$[1]')) j", m->refusals);
}

void plan_move_page(Req *r) {
    Plan *p = plan_of_path(r);
    plan_head(r, p, NULL, PLAN_SAY(r, "move"));
    const char *code = r->again ? field_text(r, "to") : query_text(r, "to"),
        *day = r->again ? field_text(r, "from") : query_text(r, "from");
    Id id = code ? tariff_plan_find(&r->c, code) : (Id){ 0 };
    Date from = DATE_NONE;
    bool ready = id.id && id.id != p->id.id && day && date_parse_iso(day, &from);
    FormView *v = form_show(r, "show.sections.0.form", &ask_form, text(r, "/plans/%s/move", p->code));
    PlanNameds all = db_all(r, PlanNamed, "select id, code, concat(code, ' ', name) as name from tariff_plan "
        "where utility_id=? and status='active' and id<>? order by code", r->c.utility, p->id);
    form_set(v, "to", "kind", "select");
    form_set(v, "to", "blank", msg(r->c.language, "ui.choose"));
    for (size_t i = 0; i < all.n; i++) form_option(v, "to", all.v[i].code, all.v[i].name);
    form_text(v, "to", code);
    form_date(v, "from", date_is_set(from) ? from : month_first(month_add(month_of(utility_today(&r->c)), 1)));
    form_text(v, "reason", query_text(r, "reason"));
    show_text(r, "show.sections.0.title", PLAN_SAY(r, "move"));
    show_text(r, "show.sections.0.form.intro", PLAN_SAY(r, "move_how"));
    bool any = ready && show_preview(r, "show.sections.1", p, plan_by_id(&r->c, id), from);
    if (!any && !r->again) {
        show_text(r, "show.sections.0.form.get", "1");
        show_text(r, "show.sections.0.form.submit", PLAN_SAY(r, "move_look"));
    } else {
        show_text(r, "show.sections.0.form.tone", "danger");
        show_text(r, "show.sections.0.form.submit",
                  msg_plural(r, r->c.language, "plan.move_do", plan_subscribers(&r->c, p->id), NULL));
    }
    show_last(r, "show.sections.2", p);
    page(r, "layout/show");
}

void plan_move_post(Req *r) {
    Ctx *c = &r->c;
    Plan *p = plan_of_path(r);
    Input *in = form_read(r, &ask_form);
    Id to = in_given(in, "to") ? tariff_plan_find(c, in_text(in, "to")) : (Id){ 0 };
    if (in_given(in, "to") && (!to.id || to.id == p->id.id)) problem(r, "to", "%s", PLAN_SAY(r, "choose_plan"));
    problems_end(r);
    if (strcmp(plan_by_id(c, to)->status, "active"))
        fail_field(r, INVALID, "to", "%s is not active.", in_text(in, "to"));
    if (db_int(c, "select count(*) from tariff_move where plan_id=? and state<>'done'", p->id))
        fail(r, CONFLICT, "%s", PLAN_SAY(r, "move_runs"));
    Id id = db_insert(c,
        "insert into tariff_move (utility_id, plan_id, to_plan_id, from_on, reason, total, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?)",
        c->utility, p->id, to, in_date(in, "from"), in_text(in, "reason"), plan_subscribers(c, p->id), c->now, c->user);
    job_enqueue(c, &(NewJob){ .kind = "tariff.move", .payload = text(c, "{\"move\": %lld}", (long long)id.id) });
    audit_write(c, &(Audit){ .action = "move", .entity = "tariff_plan", .id = p->id, .number = p->code,
                             .after = json_pairs(c, "to", in_text(in, "to"), "from",
                             date_iso(&c->mem, in_date(in, "from")), NULL), .reason = in_text(in, "reason") });
    note(r, "%s", msg_plural(r, c->language, "plan.moving", plan_subscribers(c, p->id), NULL));
    go(r, "/plans/%s/move", p->code);
}

#define CONNECTION_ROW(F, T) F(T, Id, id) F(T, const char *, no)
ROW(ConnectionRow, CONNECTION_ROW)
typedef struct One { Id connection; const PlanMove *move; } One;

static void move_one(Ctx *c, void *arg) {
    const One *one = arg;
    connection_plan_set(c, one->connection, one->move->to_plan_id, one->move->from_on, one->move->reason);
}

JobStep plan_move_job(Ctx *c, const JobRow *job) {
    int64_t id = 0, after = 0;
    json_int(json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL), "move", &id);
    if (job->cursor) count_parse(job->cursor, INT64_MAX, &after);
    PlanMove *m = db_find(c, PlanMove, MOVE_SELECT "where id=? and utility_id=? for update", id, c->utility);
    if (!m || !strcmp(m->state, "done")) return STEP_DONE;
    ConnectionRows all = db_all(c, ConnectionRow, "select id, connection_no as no from service_connection "
        "where tariff_plan_id=? and status in ('active', 'disconnected') and id>? order by id limit ?", m->plan_id,
                                after, STEP_ROWS);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    Json kept = m->refusals ? json_read(&c->mem, m->refusals, strlen(m->refusals), 1 << 20, NULL) : (Json){ 0 };
    size_t listed = json_size(kept);
    for (size_t i = 0; i < listed; i++) {
        json_open_list(&o, NULL);
        json_add_text(&o, NULL, json_text(json_item(json_item(kept, i), 0), ""));
        json_add_text(&o, NULL, json_text(json_item(json_item(kept, i), 1), ""));
        json_close(&o);
    }
    int64_t moved = 0, refused = 0;
    for (size_t i = 0; i < all.n; i++) {
        One one = { all.v[i].id, m };
        if (db_savepoint(c, move_one, &one)) { moved++; continue; }
        refused++;
        if (listed++ >= REFUSALS_KEPT) continue;
        json_open_list(&o, NULL);
        json_add_text(&o, NULL, all.v[i].no);
        json_add_text(&o, NULL, c->failure.text);
        json_close(&o);
    }
    json_close(&o);
    bool more = all.n == STEP_ROWS;
    db_run(c, "update tariff_move set state=if(?, 'running', 'done'), moved=moved+?, refused=refused+?, refusals=?, "
              "finished_at=if(?, null, ?) where id=?", more, moved, refused, listed ? t.s : NULL, more, c->now, m->id);
    if (!more) return STEP_DONE;
    job_progress(c, text(c, "%lld", (long long)all.v[all.n - 1].id.id), m->moved + m->refused + moved + refused,
                 m->total, refused);
    return STEP_AGAIN;
}
