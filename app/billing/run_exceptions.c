/*
 * Bill runs, exceptions (BX01US03 stage 5): what lets no bill be made (errors), holds one back, or is only worth a look
 * (warnings). Each is released with a reason, mended at its source and recalculated, or its account is left out; it
 * can be
 * given to somebody and noted on. What was decided first holds.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/history.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/resource.h"

enum { BULK_MOST = 200 };

static const Choice exception_states[] = { { "open", NULL }, { "assigned", NULL }, { "resolved", NULL },
                                           { "left_out", NULL }, { 0 } };
static const Choice severities[] = { { "error", NULL }, { "hold", NULL }, { "warning", NULL }, { 0 } };
static const ListBulk exception_bulk[] = {
    { "release",   NULL, "bx.run", APPROVE },     { "recalculate", NULL, "bx.run", EDIT },
    { "leave_out", NULL, "bx.run", EDIT },    { "assign", NULL, "bx.run", EDIT },
    { "note",      NULL, "bx.run", EDIT },              { 0 } };

static const ListSpec exceptions = {
    .name = "run_exceptions", .path = "/bx/runs", .feature = "bx.run",
    .id = "e.id",
    .from = "bill_exception e join bill_run r on r.id = e.run_id join account a on a.id = e.account_id "
            "join consumer n on n.id = a.consumer_id left join user u on u.id = e.assignee_id",
    .where = "e.run_id = ?",
    .columns = COLUMNS {
        { "code",          NULL, "e.code",         LIST | SORT | FILTER, .kind = "code", .place = "id",
          .link = "/bx/runs/{run_no}/exceptions/{public_id}" },
        { "account_no",    NULL, "a.account_no",   LIST | SEARCH_START, .sub = "consumer_name", .kind = "code" },
        { "consumer_name", NULL, "n.display_name", SEARCH_START },
        { "public_id",     NULL, "e.public_id",    0 },
        { "run_no",        NULL, "r.run_no",       0 },
        { "message",       NULL, "e.message",      LIST, .place = "name" },
        { "amount_minor",  NULL, "e.amount_minor", LIST | SORT, .place = "amount" },
        { "age",           NULL, "timestampdiff(day, e.opened_at, utc_timestamp(6))", LIST, .kind = "num" },
        { "assignee",      NULL, "u.full_name",    LIST },
        { "note",          NULL, "e.note",         LIST },
        { "severity",      NULL, "e.severity",     LIST | FILTER, .choices = severities, .kind = "status" },
        { "state",         NULL, "e.state",        LIST | FILTER, .choices = exception_states,
          .place = "status" },
        { 0 } },
    .order = "code", .bulk = exception_bulk, .key = "public_id" };

static ListSpec exceptions_of(Req *r, const RunRow *run) {
    ListSpec spec = exceptions;
    spec.path = spec.bulk_path = text(r, "/bx/runs/%s/exceptions", run->run_no);
    return spec;
}

static void crumbs(Req *r, const RunRow *run) {
    show_text(r, "page.crumbs.0.text", word(r, "billing.run.runs"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/runs"));
    show_text(r, "page.crumbs.1.text", run->run_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/bx/runs/%s?stage=5", run->run_no));
    show_text(r, "page.crumbs.2.text", word(r, "billing.run.exceptions"));
    show_text(r, "page.crumbs.2.url", link_path(r, "/bx/runs/%s/exceptions", run->run_no));
}

void run_exceptions_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    ListSpec spec = exceptions_of(r, run);
    list_show(r, &spec, run->id);
    if (r->status) return;                          /* answered with a file */
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.run.exceptions_of", { "run", run->run_no }));
    crumbs(r, run);
    page(r, "layout/list");
}

/* --- one of them -------------------------------------------------------------------------------------------------- */

#define EXCEPTION_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, Id, account_id) \
    F(T, const char *, account_no) \
    F(T, const char *, consumer_name) F(T, const char *, code) F(T, const char *, message) F(T, Id, bill_id) \
    F(T, bool, has_amount) F(T, Money, amount) F(T, const char *, state) F(T, const char *, severity) \
    F(T, const char *, note) F(T, Id, assignee_id) F(T, const char *, assignee) F(T, Time, opened_at) \
    F(T, const char *, resolution) F(T, Time, resolved_at) F(T, const char *, resolved_by) \
    F(T, const char *, bill_status)
ROW(ExceptionRow, EXCEPTION_ROW)

static ExceptionRow *exception_of(Ctx *c, Id run, const char *key) {
    return db_find(c, ExceptionRow,
        "select e.id, e.public_id, e.account_id, a.account_no, n.display_name as consumer_name, e.code, e.message, "
        "e.bill_id, e.amount_minor is not null as has_amount, coalesce(e.amount_minor, 0) as amount, e.state, "
        "e.severity, e.note, e.assignee_id, u.full_name as assignee, e.opened_at, e.resolution, e.resolved_at, "
        "d.full_name as resolved_by, b.status as bill_status from bill_exception e join account a "
        "on a.id = e.account_id join consumer n on n.id = a.consumer_id left join user u "
        "on u.id = e.assignee_id left join user d on d.id = e.resolved_by left join bill b on b.id = e.bill_id "
        "where e.public_id = ? and e.run_id = ?",
        key, run);
}

static ExceptionRow *exception_of_path(Req *r, const RunRow *run) {
    ExceptionRow *e = exception_of(&r->c, run->id, path_text(r, "key"));
    if (!e) fail(r, NOT_FOUND, "There is no such exception in %s.", run->run_no);
    return e;
}

static bool is_open(const ExceptionRow *e) { return !strcmp(e->state, "open") || !strcmp(e->state, "assigned"); }

static const Form assign_form = { .name = "run_assign", .fields = FIELDS {
    { "user", TEXT(1, 254), .flags = REQUIRED }, { 0 } } };
static const Form note_form = { .name = "run_note", .fields = FIELDS {
    { "note", LONG_TEXT(2, 500), .flags = REQUIRED }, { 0 } } };

#define PERSON_ROW(F, T) F(T, Id, id) F(T, const char *, email) F(T, const char *, full_name)
ROW(Person, PERSON_ROW)
#define WORKERS                                                                                     \
    "from user u join user_role x on x.user_id = u.id join role o on o.id = x.role_id and o.utility_id = ? " \
    "and o.code in ('billing_manager', 'billing_clerk') where u.status = 'active' "

static void show_assignment(Req *r, const RunRow *run, const ExceptionRow *e) {
    show_text(r, "show.sections.0.title", word(r, "billing.run.assign"));
    show_text(r, "show.sections.0.span", "half");
    FormView *v = form_show(r, "show.sections.0.form", &assign_form,
                            text(r, "/bx/runs/%s/exceptions/%s/assignment", run->run_no, e->public_id));
    form_set(v, "user", "kind", "select");
    Persons people = db_all(r, Person,
        "select distinct u.id, u.email, u.full_name " WORKERS "order by u.full_name "
        "limit 200",
        r->c.utility);
    for (size_t i = 0; i < people.n; i++) {
        form_option(v, "user", people.v[i].email, people.v[i].full_name);
        if (people.v[i].id.id == (e->assignee_id.id ? e->assignee_id.id : r->c.user.id))
            form_text(v, "user", people.v[i].email);
    }
}

/* What helps with each code: the reading for use that is missing or strange, the bill that has the days already. */
static void show_acts(Req *r, const RunRow *run, const ExceptionRow *e) {
    size_t n = 0;
    bool may = perm_may(&r->c, "bx.run", EDIT);
    const char *of_account = text(r, "/bx/runs/%s/accounts/%s", run->run_no, url_part(r, e->account_no));
    if (e->bill_id.id && e->bill_status && strcmp(e->bill_status, "discarded")) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.run.draft_open"));
        show_text(r, at(r, "show.moves", n++, "url"),
                  link_path(r, "/bx/bills/%s", url_part(r, bill_draft_name(&r->c, e->bill_id))));
    }
    bool in_review = !strcmp(run->state, "review");
    if (!is_open(e) || (!in_review && strcmp(run->state, "awaiting_approval"))) return;
    if (!strcmp(e->severity, "hold") && perm_may(&r->c, "bx.run", APPROVE)) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.run.release"));
        show_text(r, at(r, "show.moves", n, "kind"), "primary");
        show_text(r, at(r, "show.moves", n++, "url"), link_path(r, "%s/release", of_account));
    }
    const char *connection = may && in_review
        ? db_text(r,
            "select s.connection_no from service_connection_holder h join service_connection s "
            "on s.id = h.service_connection_id and s.metered = 1 where h.account_id = ? and h.from_on <= ? "
            "and (h.to_on is null or h.to_on >= ?) order by s.id limit 1",
            e->account_id, run->to_date, run->from_date)
        : NULL;
    if (connection) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.run.correct_reading"));
        show_text(r, at(r, "show.moves", n++, "url"),
                  link_path(r, "/bx/runs/%s/readings/%s", run->run_no, url_part(r, connection)));
    }
    if (may && in_review) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.run.recalculate"));
        show_text(r, at(r, "show.moves", n, "post"), "1");
        show_text(r, at(r, "show.moves", n, "name"), "what");
        show_text(r, at(r, "show.moves", n, "value"), e->account_no);
        show_text(r, at(r, "show.moves", n++, "url"), link_path(r, "/bx/runs/%s/recalculation", run->run_no));
    }
    if (may) {
        show_text(r, at(r, "show.moves", n, "text"), word(r, "billing.run.leave_out"));
        show_text(r, at(r, "show.moves", n, "url"), link_path(r, "%s/leave-out", of_account));
    }
}

void run_exception_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    ExceptionRow *e = exception_of_path(r, run);
    const char *on = locale_time_words(&r->c.mem, r->c.locale, e->opened_at);
    show_text(r, "page.title", text(r, "%s, %s", e->code, e->account_no));
    crumbs(r, run);
    show_text(r, "page.crumbs.3.text", e->account_no);
    show_text(r, "show.status.text", state_label(r, e->state));
    show_text(r, "show.status.tone", state_tone(r, e->state));
    show_text(r, "show.badges.0.text", state_label(r, e->severity));
    show_text(r, "show.badges.0.tone", state_tone(r, e->severity));
    show_text(r, "show.notices.0.tone", is_open(e) ? "warn" : "info");
    show_text(r, "show.notices.0.text", e->message);
    show_fact(r, "show.facts", word(r, "billing.run.account"), e->account_no, e->consumer_name);
    if (e->has_amount) show_fact(r, "show.facts", word(r, "billing.run.amount"), run_money(r, e->amount), NULL);
    show_fact(r, "show.facts", word(r, "billing.run.since"), on, NULL);
    if (e->assignee) show_fact(r, "show.facts", word(r, "billing.run.assignee"), e->assignee, NULL);
    if (e->note) show_fact(r, "show.facts", word(r, "billing.run.note"), e->note, NULL);
    if (e->resolution)
        show_fact(r, "show.facts", word(r, "billing.run.resolution"),
            word(r, text(r, "billing.run.resolution_%s", e->resolution)), e->resolved_by);
    show_acts(r, run, e);
    page(r, "layout/show");
    history_aside(r, "bill_exception", e->id, NULL);
    if (!is_open(e) || !perm_may(&r->c, "bx.run", EDIT)) return;
    show_assignment(r, run, e);
    show_text(r, "show.sections.1.title", word(r, "billing.run.note_add"));
    show_text(r, "show.sections.1.span", "half");
    form_show(r, "show.sections.1.form", &note_form,
              text(r, "/bx/runs/%s/exceptions/%s/note", run->run_no, e->public_id));
}

/* --- what is done ------------------------------------------------------------------------------------------------- */

static const char *state_now(Ctx *c, const ExceptionRow *e) {
    return e->resolved_by ? text(c, "%s: %s by %s", e->account_no, e->resolution, e->resolved_by)
                          : text(c, "%s is %s", e->account_no, e->state);
}

static void assign(Ctx *c, const ExceptionRow *e, const Person *to) {
    if (!is_open(e)) fail(c, CONFLICT, "%s.", state_now(c, e));
    db_run(c, "update bill_exception set state='assigned', assignee_id=? where id=?", to->id, e->id);
    audit_write(c, &(Audit){ .action = "assign", .entity = "bill_exception", .id = e->id, .number = e->account_no,
                             .before = json_pairs(c, "assignee", e->assignee, NULL),
                             .after = json_pairs(c, "assignee", to->full_name, NULL) });
}

static void note_on(Ctx *c, const ExceptionRow *e, const char *words) {
    if (!is_open(e)) fail(c, CONFLICT, "%s.", state_now(c, e));
    db_run(c, "update bill_exception set note=? where id=?", words, e->id);
    audit_write(c, &(Audit){ .action = "note", .entity = "bill_exception", .id = e->id, .number = e->account_no,
                             .before = json_pairs(c, "note", e->note, NULL), .after = json_pairs(c, "note", words,
                                                                                                 NULL) });
}

void run_exception_assign(Req *r) {
    Input *in = form_read(r, &assign_form);
    Person *to = in_text(in, "user")
        ? db_find(r, Person, "select distinct u.id, u.email, u.full_name " WORKERS "and u.email = ?", r->c.utility,
                  in_text(in, "user")) : NULL;
    if (in_text(in, "user") && !to) problem(r, "user", "Choose somebody of billing.");
    problems_end(r);
    RunRow *run = run_of_path(r, "v2");
    ExceptionRow *e = exception_of_path(r, run);
    assign(&r->c, e, to);
    note(r, "%s", msg_format(r, r->c.language, "billing.run.assigned", { "who", to->full_name }));
    go(r, "/bx/runs/%s/exceptions/%s", run->run_no, e->public_id);
}

void run_exception_note(Req *r) {
    Input *in = form_read(r, &note_form);
    problems_end(r);
    RunRow *run = run_of_path(r, "v2");
    ExceptionRow *e = exception_of_path(r, run);
    note_on(&r->c, e, in_text(in, "note"));
    note(r, "%s", word(r, "billing.run.noted"));
    go(r, "/bx/runs/%s/exceptions/%s", run->run_no, e->public_id);
}

/* --- several at once ---------------------------------------------------------------------------------------------- */

typedef struct { const RunRow *run; const ExceptionRow *e; const char *bulk, *note; } Deed;

static void do_exception(Ctx *c, void *arg) {
    const Deed *d = arg;
    if (!strcmp(d->bulk, "release")) run_release_item(c, d->run, d->e->account_id, d->note);
    else if (!strcmp(d->bulk, "leave_out")) run_leave_out(c, d->run, d->e->account_id, d->note);
    else if (!strcmp(d->bulk, "assign")) assign(c, d->e, &(Person){ .id = c->user, .full_name = c->user_name });
    else if (!strcmp(d->bulk, "note")) note_on(c, d->e, d->note);
    else fail(c, INVALID, "Choose what is to be done.");
}

static const Form reason_form = { .name = "run_bulk", .fields = FIELDS {
    { "keys", HIDDEN(6000) }, { "bulk", HIDDEN(20) },
    { "note", LONG_TEXT(5, 500), .flags = REQUIRED }, { 0 } } };

/* The reason for several at once. */
void run_reason_page(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *bulk = r->again ? field_text(r, "bulk") : query_text(r, "bulk");
    const char *keys = r->again ? field_text(r, "keys") : query_text(r, "keys");
    if (!bulk || !keys || (strcmp(bulk, "release") && strcmp(bulk, "leave_out") && strcmp(bulk, "note")))
        fail(r, NOT_FOUND, "Nothing was chosen.");
    int64_t n = 1;
    for (const char *s = keys; *s; s++) n += *s == ',';
    show_text(r, "page.title", msg_plural(r, r->c.language, text(r, "billing.run.ask_%s", bulk), n, run_count(r, n)));
    crumbs(r, run);
    FormView *v = form_show(r, "confirm", &reason_form, text(r, "/bx/runs/%s/exceptions", run->run_no));
    form_text(v, "keys", keys);
    form_text(v, "bulk", bulk);
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", link_path(r, "/bx/runs/%s/exceptions", run->run_no));
    page(r, "layout/confirm");
}

static void split(RunKeys *x, const char *keys) {
    for (const char *s = keys; *s && x->n < BULK_MOST;) {
        size_t n = strcspn(s, ",");
        if (n) run_key_add(x, text_copy_n(x->c, s, n));
        s += n + (s[n] == ',');
    }
}

static RunKeys chosen(Req *r, const RunRow *run) {
    RunKeys keys = { .c = &r->c };
    ListSpec spec = exceptions_of(r, run);
    if (field_text(r, "keys")) split(&keys, field_text(r, "keys"));
    else list_chosen(r, &spec, run_key_add, &keys, BULK_MOST, run->id);
    return keys;
}

static void ask_reason(Req *r, const RunRow *run, const char *bulk, const RunKeys *keys) {
    Text t = text_start(r);
    for (size_t i = 0; i < keys->n; i++) text_addf(&t, "%s%s", i ? "," : "", keys->v[i]);
    go(r, "/bx/runs/%s/exceptions/reason?bulk=%s&keys=%s", run->run_no, bulk, t.s ? t.s : "");
}

static void recalculate(Req *r, const RunRow *run, const RunKeys *keys) {
    Id *accounts = take_n(r, Id, keys->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < keys->n; i++) {
        ExceptionRow *e = exception_of(&r->c, run->id, keys->v[i]);
        if (e) accounts[n++] = e->account_id;
    }
    if (!n) fail(r, INVALID, "Nothing is to be recalculated.");
    run_again(&r->c, run, "error,held,calculated", accounts, n);
    machine_move(&r->c, &run_v2, run->id, "recalculate", NULL, NULL);
    note(r, "%s", msg_plural(r, r->c.language, "billing.run.recalculating", (int64_t)n, NULL));
    go(r, "/bx/runs/%s", run->run_no);
}

/* Ticked exceptions; what needs a reason asks for it first. */
void run_exceptions_post(Req *r) {
    RunRow *run = run_of_path(r, "v2");
    const char *bulk = field_text(r, "bulk"), *given = field_text(r, "note");
    if (!bulk) fail(r, INVALID, "Choose what is to be done.");
    run_must_be(r, run, "review,awaiting_approval");
    perm_check(&r->c, "bx.run", !strcmp(bulk, "release") ? APPROVE : EDIT);
    RunKeys keys = chosen(r, run);
    if (!strcmp(bulk, "recalculate")) return recalculate(r, run, &keys);
    bool needs_reason = !strcmp(bulk, "release") || !strcmp(bulk, "leave_out") || !strcmp(bulk, "note");
    if (needs_reason && !given && !field_text(r, "keys")) return ask_reason(r, run, bulk, &keys);
    if (needs_reason && (!given || strlen(given) < 5))
        fail_field(r, INVALID, "note", "Enter a reason of at least 5 characters.");
    int64_t done = 0, refused = 0;
    Text why = text_start(r);
    for (size_t i = 0; i < keys.n; i++) {
        ExceptionRow *e = exception_of(&r->c, run->id, keys.v[i]);
        if (!e) continue;
        Deed d = { run, e, bulk, given };
        if (db_savepoint(&r->c, do_exception, &d)) done++;
        else if (refused++ < 5) text_addf(&why, " %s", r->c.failure.text);
    }
    run_totals(&r->c, run->id);
    note(r, "%s%s", msg_format(r, r->c.language, "billing.run.done_refused", { "done", run_count(r, done) },
                               { "refused", run_count(r, refused) }), why.s ? why.s : "");
    go(r, "/bx/runs/%s", run->run_no);
}
