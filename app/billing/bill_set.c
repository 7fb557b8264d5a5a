/*
 * Bills taken together (BX04US01): see bill_set.h. The set and its bills stand in bill_set and bill_set_item; a job
 * works on ten at a time, each bill by itself, so that one that is refused holds up no other and says why. The file is
 * written when all are through and kept a week for the person who asked.
 */
#include "app/billing/bill_set.h"

#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/billing.h"
#include "app/comms/comms.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/pdf.h"
#include "lib/zip.h"

enum { SET_MOST = 500, SET_STEP = 10, SET_DAYS = 7, SETS_AT_ONCE = 3 };

/* --- asking ------------------------------------------------------------------------------------------------------- */

#define FOUND_ROW(F, T) F(T, Id, id) F(T, Id, sub_area)
ROW(Found, FOUND_ROW)

/* Bills of this utility and within the person's areas; whatever else was sent is not there. */
static Id *bills_of(Req *r, const RunKeys *keys, size_t *n) {
    Id *bills = take_n(r, Id, keys->n + 1);
    *n = 0;
    for (size_t i = 0; i < keys->n; i++) {
        Found *f = db_find(r, Found, "select b.id, m.sub_area_id as sub_area from bill b join account a on a.id = "
                                     "b.account_id join premise m on m.id = a.premise_id where b.bill_no = ? "
                                     "and b.utility_id = ? and b.listed = 1", keys->v[i], r->c.utility);
        if (!f || !scope_has_area(&r->c, f->sub_area)) fail(r, NOT_FOUND, "There is no bill %s.", keys->v[i]);
        bool again = false;
        for (size_t k = 0; k < *n; k++) again = again || bills[k].id == f->id.id;
        if (!again) bills[(*n)++] = f->id;
    }
    return bills;
}

void bill_set_post(Req *r) {
    Ctx *c = &r->c;
    const char *what = field_text(r, "bulk");
    if (!what || (strcmp(what, "send") && strcmp(what, "zip") && strcmp(what, "print")))
        fail(r, INVALID, "Choose what to do with the bills.");
    RunKeys keys = { .c = c };
    bills_chosen(r, &keys, SET_MOST);
    if (keys.n > SET_MOST) fail(r, INVALID, "Narrow the filter (%s rows).", run_count(r, (int64_t)keys.n));
    size_t n;
    Id *bills = bills_of(r, &keys, &n);
    if (!n) fail(r, INVALID, "Tick at least one bill.");
    if (db_int(c, "select count(*) from bill_set where owner_id = ? and utility_id = ? and state in ('queued', "
                  "'working')", c->user, c->utility) >= SETS_AT_ONCE)
        fail(r, CONFLICT, "Three of your sets of bills are being worked on. Try again when one is done.");
    Id set = db_insert(c, "insert into bill_set (utility_id, what, bills, owner_id, "
                          "created_at, created_by, updated_by) "
                          "values (?,?,?,?,?,?,?)", c->utility, what, (int64_t)n, c->user, c->now, c->user, c->user);
    db_run(c, "insert into bill_set_item (set_id, seq, bill_id) select ?, row_number() over (order by b.bill_no), b.id "
              "from json_table(?, '$[*]' columns (id bigint path '$')) j join bill b on b.id = j.id", set,
           json_ids(c, bills, n));
    job_enqueue(c, &(NewJob){ .kind = "bill_set.work", .payload = text(c, "{\"set\":%lld}", (long long)set.id) });
    audit_write(c, &(Audit){ .action = what, .entity = "bill_set", .id = set, .version = 1,
                             .after = json_pairs(c, "bills", text(c, "%zu", n), NULL) });
    note(r, "%s", msg_plural(r, c->language, "billing.set.begun", (int64_t)n, NULL));
    go(r, "/bx/bill-sets/%s", db_text(c, "select public_id from bill_set where id = ?", set));
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

#define SET_ROW(F, T) F(T, Id, id) F(T, const char *, public_id) F(T, const char *, what) F(T, const char *, state) \
    F(T, int64_t, bills) F(T, int64_t, done_n) F(T, int64_t, refused_n) F(T, Id, document_id) \
    F(T, const char *, problem) F(T, Id, owner_id) F(T, Time, created_at) F(T, Time, expires_at)
ROW(SetRow, SET_ROW)
#define SET_SELECT "select id, public_id, what, state, bills, done_n, refused_n, document_id, problem, owner_id, " \
                   "created_at, expires_at from bill_set "
#define ITEM_ROW(F, T) F(T, int64_t, seq) F(T, Id, bill) F(T, const char *, bill_no) F(T, const char *, status)
ROW(SetItem, ITEM_ROW)

typedef struct { const char *what; Id bill; const char *refusal; } Work;

static void work_one(Ctx *c, void *arg) {
    Work *w = arg;
    if (!strcmp(w->what, "send")) w->refusal = bill_send_again(c, w->bill);
    else bill_pdf(c, w->bill);
}

/* NULL: done. */
static const char *refusal_of_item(Ctx *c, const SetRow *s, const SetItem *i) {
    if (!strcmp(s->what, "print") && strcmp(i->status, "published"))
        return text(c, "Bill %s is %s.", i->bill_no, i->status);
    Work w = { s->what, i->bill, NULL };
    return db_savepoint(c, work_one, &w) ? w.refusal : text_copy(c, c->failure.text);
}

static bool is_under_way(const SetRow *s) { return !strcmp(s->state, "queued") || !strcmp(s->state, "working"); }

static const char *title_of(Ctx *c, const SetRow *s) {
    return msg_plural(c, c->language, text(c, "billing.set.of_%s", s->what), s->bills, NULL);
}

static void tell(Ctx *c, const SetRow *s, const char *key, const char *severity) {
    inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = s->owner_id, .topic = "billing",
                            .severity = severity, .title = msg(c->language, key), .body = title_of(c, s),
                            .link = text(c, "/u/%s/bx/bill-sets/%s", c->utility_code, s->public_id) });
}

/* All documents of the bills that were not refused, in order; p NULL: too large for one file. */
static Bytes file_of(Ctx *c, const SetRow *s) {
    SetItems items = db_all(c, SetItem, "select i.seq, i.bill_id as bill, b.bill_no, b.status from bill_set_item i "
                                        "join bill b on b.id = i.bill_id where i.set_id = ? and i.state = 'done' "
                                        "order by i.seq", s->id);
    ZipFile *files = take_n(c, ZipFile, items.n + 1);
    Bytes *papers = take_n(c, Bytes, items.n + 1);
    for (size_t i = 0; i < items.n; i++) {
        const BillHead *b = bill_by_id(c, items.v[i].bill);
        papers[i] = bill_pdf_bytes(c, b);
        files[i] = (ZipFile){ text(c, "%s.pdf", b->bill_no), papers[i], b->bill_date };
        audit_note(c, "download", "bill", b->id, b->bill_no, s->what);
    }
    return !strcmp(s->what, "zip") ? zip_of(&c->mem, files, items.n) : pdf_join(&c->mem, papers, items.n);
}

static JobStep set_ended(Ctx *c, const SetRow *s, const char *state, Id document, const char *problem) {
    db_run(c, "update bill_set set state = ?, document_id = ?, problem = ?, expires_at = ?, updated_at = ? "
              "where id = ?",
           state, document, problem, time_add_seconds(c->now, (int64_t)SET_DAYS * 86400), c->now, s->id);
    tell(c, s, problem ? "billing.set.failed" : "billing.set.ready", problem ? "warning" : "success");
    return STEP_DONE;
}

static JobStep set_finish(Ctx *c, const SetRow *s) {
    bool zip = !strcmp(s->what, "zip");
    if (!strcmp(s->what, "send") || !s->done_n) return set_ended(c, s, "ready", (Id){ 0 }, NULL);
    Bytes file = file_of(c, s);
    if (!file.p) return set_ended(c, s, "failed", (Id){ 0 }, msg(c->language, "billing.set.large"));
    const char *name = text(c, "bills-%s.%s", date_iso(&c->mem, utility_today(c)), zip ? "zip" : "pdf");
    Id document = document_store(c, &(NewDocument){ .file_name = name, .data = file.p, .size = file.n,
                                                    .kind = "generated",
                                                    .mime = zip ? "application/zip" : "application/pdf",
                                                    .entity = "bill_set", .entity_id = s->id,
                                                    .uploaded_by_kind = "system" });
    return set_ended(c, s, "ready", document, NULL);
}

JobStep bill_set_job(Ctx *c, const JobRow *job) {
    int64_t id = 0;
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), 4096, NULL);
    if (!json_int(p, "set", &id)) job_give_up(c, "the payload names no set of bills");
    SetRow *s = db_find(c, SetRow, SET_SELECT "where id = ? and utility_id = ? for update", (Id){ id }, c->utility);
    if (!s || !is_under_way(s)) return STEP_DONE;
    SetItems items = db_all(c, SetItem, "select i.seq, i.bill_id as bill, b.bill_no, b.status from bill_set_item i "
                                        "join bill b on b.id = i.bill_id where i.set_id = ? and i.state = 'waiting' "
                                        "order by i.seq limit ?", s->id, (int)SET_STEP);
    if (!items.n) return set_finish(c, s);
    for (size_t i = 0; i < items.n; i++) {
        const char *refusal = refusal_of_item(c, s, &items.v[i]);
        db_run(c, "update bill_set_item set state = ?, reason = left(?, 300) where set_id = ? and seq = ?",
               refusal ? "refused" : "done", refusal, s->id, items.v[i].seq);
        s->done_n += !refusal, s->refused_n += refusal != NULL;
    }
    db_run(c, "update bill_set set state = 'working', done_n = ?, refused_n = ?, updated_at = ? where id = ?",
           s->done_n, s->refused_n, c->now, s->id);
    job_progress(c, text(c, "%lld", (long long)(s->done_n + s->refused_n)), s->done_n + s->refused_n, s->bills,
                 s->refused_n);
    return STEP_AGAIN;
}

JobStep bill_set_expire(Ctx *c, const JobRow *job) {
    (void)job;
    SetRows old = db_all(c, SetRow, SET_SELECT "where utility_id = ? and state in ('ready', 'failed') "
                                               "and expires_at <= ? order by id limit 100", c->utility, c->now);
    for (size_t i = 0; i < old.n; i++) {
        if (old.v[i].document_id.id) document_erase(c, old.v[i].document_id);
        db_run(c, "update bill_set set state = 'expired', document_id = null where id = ?", old.v[i].id);
    }
    return old.n == 100 ? STEP_AGAIN : STEP_DONE;
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

/* One's own; those of others are not found. */
static SetRow *set_of_path(Req *r) {
    SetRow *s = db_find(r, SetRow, SET_SELECT "where public_id = ? and owner_id = ? and utility_id = ?",
                        path_text(r, "key"), r->c.user, r->c.utility);
    if (!s) fail(r, NOT_FOUND, "There is no such set of bills.");
    return s;
}

static void show_refused(Req *r, const SetRow *s) {
    if (!s->refused_n) return;
    show_text(r, "job.sections.0.title", msg_plural(r, r->c.language, "billing.set.refused", s->refused_n, NULL));
    TableView *t = table_start(r, "job.sections.0.table", word(r, "billing.set.refused_table"));
    table_column(t, word(r, "billing.run.bill"), "code", "id");
    table_column(t, word(r, "billing.run.why"), "text", "name");
    table_rows_of(t, "/bx/bills/", "select b.bill_no, i.reason from bill_set_item i join bill b on b.id = i.bill_id "
                                   "where i.set_id = ? and i.state = 'refused' order by i.seq", s->id);
}

void bill_set_page(Req *r) {
    Ctx *c = &r->c;
    SetRow *s = set_of_path(r);
    bool under_way = is_under_way(s);
    show_text(r, "page.title", title_of(c, s));
    show_text(r, "page.crumbs.0.text", word(r, "billing.bill.bills"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/bx/bills"));
    show_text(r, "page.crumbs.1.text", title_of(c, s));
    show_text(r, "job.state_text", state_label(r, s->state));
    show_text(r, "job.tone", state_tone(r, s->state));
    if (under_way) {
        show_int(r, "job.value", s->done_n + s->refused_n);
        show_int(r, "job.max", s->bills);
        show_text(r, "job.poll_url", link_path(r, "/bx/bill-sets/%s", s->public_id));
    }
    show_text(r, "job.percent_text", msg_format(r, c->language, "billing.set.progress",
                                                { "done", run_count(r, s->done_n + s->refused_n) },
                                                { "bills", run_count(r, s->bills) }));
    show_text(r, "job.started", msg_format(r, c->language, "billing.set.asked",
                                           { "time", locale_time_words(&c->mem, c->locale, s->created_at) }));
    if (s->document_id.id) {
        show_text(r, "job.result.text", word(r, text(r, "billing.set.fetch_%s", s->what)));
        show_text(r, "job.result.url", link_path(r, "/bx/bill-sets/%s/file", s->public_id));
        show_text(r, "job.note", msg_format(r, c->language, "billing.set.kept",
                                            { "time", locale_time_words(&c->mem, c->locale, s->expires_at) }));
    }
    if (s->problem) {
        show_text(r, "job.failed.text", s->problem);
        show_text(r, "job.failed.url", link_path(r, "/bx/bills"));
    }
    show_refused(r, s);
    page(r, "layout/job");
}

void bill_set_file(Req *r) {
    SetRow *s = set_of_path(r);
    if (!s->document_id.id || s->expires_at.us <= r->c.now.us) fail(r, NOT_FOUND, "There is no such file any more.");
    const Document *d = document_open(&r->c, s->document_id);
    audit_note(&r->c, "download", "bill_set", s->id, NULL, d->file_name);
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}
