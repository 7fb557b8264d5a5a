/*
 * Working on complaints (the beginning of CIS01US05): taken, started, resolved with a text for the consumer, rejected
 * with a reason, closed seven days after it was resolved. Billing holds a disputed bill until complaint.closed or
 * complaint.rejected. Teams, service levels, messages, reopening and credits for an upheld one come with the story.
 */
#include "app/cis/cis.h"
#include "app/cis/pages.h"
#include "app/comms/comms.h"
#include "app/core/installation.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/machine.h"
#include "lib/messages.h"
#include "lib/page.h"

#include <string.h>

enum { CLOSED_AFTER_DAYS = 7, CLOSE_AT_ONCE = 200 };

#define CASE(F, T)                                                                                                     \
    F(T, Id, id)                                                                                                       \
    F(T, Id, area_id) F(T, Id, account_id) F(T, Id, disputed_bill_id) F(T, const char *, complaint_no)                 \
        F(T, const char *, status) F(T, const char *, bill_no)
ROW(Case, CASE)
#define CASE_SELECT                                                                                                    \
    "select p.id, m.sub_area_id as area_id, p.account_id, p.disputed_bill_id, p.complaint_no, p.status, b.bill_no "    \
    "from complaint p left join premise m on m.id = p.premise_id left join bill b on b.id = p.disputed_bill_id "

static Case *case_get(Ctx *c, Id id) { return db_one(c, Case, CASE_SELECT "where p.id = ?", id); }

static Case *case_of_path(Req *r) {
    Ctx *c = &r->c;
    Case *k = db_find(c, Case, CASE_SELECT "where p.utility_id = ? and p.complaint_no = ?", c->utility,
                      path_text(r, "no"));
    if (!k) fail(c, NOT_FOUND, "There is no complaint %s.", path_text(r, "no"));
    if (k->area_id.id) scope_check_area(c, k->area_id);
    return k;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

typedef struct Resolution { const char *code, *text; int upheld; } Resolution;

static void tell(Ctx *c, const Case *k, const char *what, const char *words) {
    if (!k->account_id.id) return;
    const char *link = public_url(c, k->bill_no ? text(c, "/bills/%s", k->bill_no) : "/home", true);
    NotifyField fields[] = { { "complaint.no", k->complaint_no }, { "text", words }, { "link", link }, { 0 } };
    notify(c, "complaint_update", &(Recipient){ .account = k->account_id }, fields,
           &(NotifyOptions){ .channels = "email,inapp",
                             .dedup_key = text(c, "complaint:%s:%s:%lld", k->complaint_no, what,
                                               (long long)c->now.us) });
}

static void taken(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update complaint set assigned_to = ?, assigned_at = ? where id = ?", c->user, c->now, id);
}

static void resolved(Ctx *c, Id id, void *arg) {
    const Resolution *n = arg;
    db_run(c, "update complaint set resolution_code = ?, resolution_text = ?, upheld = ?, resolved_at = ? where id = ?",
           n->code, n->text, n->upheld, c->now, id);
    tell(c, case_get(c, id), "resolved", n->text);
}

static void rejected(Ctx *c, Id id, void *arg) {
    const Resolution *n = arg;
    db_run(c, "update complaint set resolution_text = ?, closed_at = ? where id = ?", n->text, c->now, id);
    tell(c, case_get(c, id), "rejected", n->text);
}

static void closed(Ctx *c, Id id, void *arg) {
    (void)arg;
    db_run(c, "update complaint set closed_at = ? where id = ?", c->now, id);
}

/* complaint.assigned, .resolved, .closed, .rejected: what others listen to. */
static void moved(Ctx *c, Id id, const char *from, const char *to, const char *event) {
    (void)from, (void)event;
    const Case *k = case_get(c, id);
    const char *bill = k->disputed_bill_id.id ? text(c, "%lld", (long long)k->disputed_bill_id.id) : NULL;
    event_emit(c, &(Event){ .name = text(c, "complaint.%s", to),
                            .entity = "complaint",
                            .id = id,
                            .number = k->complaint_no,
                            .account = k->account_id,
                            .payload = json_pairs(c, "complaint_no", k->complaint_no, "bill_id", bill, NULL) });
}

/* Resolving and rejecting have pages of their own; the days close. */
static const Move complaint_moves[] = {
    { "pending", "take", "assigned", EDIT, NULL, taken, .text = "cis.complaint.take" },
    { "assigned", "start", "in_progress", EDIT, NULL, NULL, .text = "cis.complaint.start" },
    { "in_progress", "resolve", "resolved", EDIT, NULL, resolved },
    { "resolved", "close", "closed", EDIT, NULL, closed },
    { "pending", "reject", "rejected", APPROVE, NULL, rejected, .danger = true, .asks_reason = true },
    { "assigned", "reject", "rejected", APPROVE, NULL, rejected, .danger = true, .asks_reason = true },
    { "in_progress", "reject", "rejected", APPROVE, NULL, rejected, .danger = true, .asks_reason = true },
    { 0 }
};

const Machine complaint_case = { .name = "complaint",
                                 .table = "complaint",
                                 .column = "status",
                                 .number = "complaint_no",
                                 .feature = "cis.complaints",
                                 .moves = complaint_moves,
                                 .moved = moved };

JobStep complaint_close(Ctx *c, const JobRow *job) {
    (void)job;
    Cases due = db_all(c, Case, CASE_SELECT "where p.utility_id = ? and p.status = 'resolved' and p.resolved_at <= ? "
                                            "order by p.id limit ?", c->utility,
                       time_add_seconds(c->now, -(int64_t)CLOSED_AFTER_DAYS * 86400), (int)CLOSE_AT_ONCE);
    for (size_t i = 0; i < due.n; i++) machine_move_system(c, &complaint_case, due.v[i].id, "close", NULL, NULL);
    return due.n == CLOSE_AT_ONCE ? STEP_AGAIN : STEP_DONE;
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static void show_way(Req *r, const char *at_, const char *key, const char *kind, const char *url) {
    show_text(r, text(r, "%s.text", at_), msg(r->c.language, key));
    show_text(r, text(r, "%s.kind", at_), kind);
    show_text(r, text(r, "%s.url", at_), url);
}

void complaint_show_moves(Req *r, Id complaint) {
    const Case *k = case_get(&r->c, complaint);
    const char *path = text(r, "/cis/complaints/%s", k->complaint_no);
    bool is_open = !strcmp(k->status, "pending") || !strcmp(k->status, "assigned") || !strcmp(k->status, "in_progress");
    show_moves(r, "show.moves", &complaint_case, complaint, path);
    if (!strcmp(k->status, "in_progress") && perm_may(&r->c, "cis.complaints", EDIT))
        show_way(r, "show.moves.7", "cis.complaint.resolve", "primary", link_path(r, "%s/resolution", path));
    if (is_open && perm_may(&r->c, "cis.complaints", APPROVE))
        show_way(r, "show.moves.8", "cis.complaint.reject", "danger", link_path(r, "%s/rejection", path));
}

void complaint_move(Req *r) {
    const Case *k = case_of_path(r);
    const char *event = path_text(r, "event");
    if (strcmp(event, "take") && strcmp(event, "start")) fail(r, NOT_FOUND, "There is no such move.");
    const char *state = machine_move(&r->c, &complaint_case, k->id, event, NULL, NULL);
    note(r, "%s", msg_format(r, r->c.language, text(r, "cis.complaint.now_%s", state), { "no", k->complaint_no }));
    go(r, "/cis/complaints/%s", k->complaint_no);
}

static const Choice resolutions[] = { { "fixed", NULL },          { "corrected_bill", NULL }, { "explained", NULL },
                                      { "no_fault_found", NULL }, { "referred", NULL },       { 0 } };
static const Choice upheld[] = { { "1", "ui.yes" }, { "0", "ui.no" }, { "2", "cis.complaint.in_part" }, { 0 } };

static const Form resolution_form = {
    .name = "complaint_resolution",
    .fields = FIELDS{ { "code", NULL, CHOICE(resolutions), .flags = REQUIRED },
                      { "upheld", NULL, CHOICE(upheld), .flags = REQUIRED },
                      { "words", NULL, LONG_TEXT(20, 2000), .flags = REQUIRED },
                      { 0 } }
};

static void crumbs(Req *r, const Case *k) {
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "cis.complaints"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/cis/complaints"));
    show_text(r, "page.crumbs.1.text", k->complaint_no);
    show_text(r, "page.crumbs.1.url", link_path(r, "/cis/complaints/%s", k->complaint_no));
}

void complaint_resolution_page(Req *r) {
    const Case *k = case_of_path(r);
    const char *page_ = text(r, "/cis/complaints/%s", k->complaint_no);
    crumbs(r, k);
    show_text(r, "page.title", msg_format(r, r->c.language, "cis.complaint.resolve_title", { "no", k->complaint_no }));
    form_show(r, "form", &resolution_form, text(r, "%s/resolution", page_));
    show_text(r, "form.intro",
              msg(r->c.language, k->bill_no ? "cis.complaint.resolve_bill" : "cis.complaint.resolve_how"));
    show_text(r, "form.cancel_url", link_path(r, "%s", page_));
    page(r, "layout/form");
}

void complaint_resolution_post(Req *r) {
    Input *in = form_read(r, &resolution_form);
    problems_end(r);
    const Case *k = case_of_path(r);
    Resolution n = { in_text(in, "code"), in_text(in, "words"), in_text(in, "upheld")[0] - '0' };
    machine_move(&r->c, &complaint_case, k->id, "resolve", NULL, &n);
    note(r, "%s", msg_format(r, r->c.language, "cis.complaint.now_resolved", { "no", k->complaint_no }));
    go(r, "/cis/complaints/%s", k->complaint_no);
}

static const Form rejection_form = { .name = "complaint_rejection",
                                     .fields = FIELDS{ { "reason", NULL, LONG_TEXT(20, 300),
                                                         .flags = REQUIRED },
                                                       { 0 } } };

void complaint_rejection_page(Req *r) {
    const Case *k = case_of_path(r);
    crumbs(r, k);
    show_text(r, "page.title", msg_format(r, r->c.language, "cis.complaint.reject_title", { "no", k->complaint_no }));
    form_show(r, "confirm", &rejection_form, text(r, "/cis/complaints/%s/rejection", k->complaint_no));
    show_text(r, "confirm.text.0", msg(r->c.language, "cis.complaint.reject_how"));
    show_text(r, "confirm.back_url", link_path(r, "/cis/complaints/%s", k->complaint_no));
    page(r, "layout/confirm");
}

void complaint_rejection_post(Req *r) {
    Input *in = form_read(r, &rejection_form);
    problems_end(r);
    const Case *k = case_of_path(r);
    Resolution n = { .text = in_text(in, "reason") };
    machine_move(&r->c, &complaint_case, k->id, "reject", n.text, &n);
    note(r, "%s", msg_format(r, r->c.language, "cis.complaint.now_rejected", { "no", k->complaint_no }));
    go(r, "/cis/complaints/%s", k->complaint_no);
}
