/*
 * Sending a published bill again (BX04US01, BX06US01): by the channel that is chosen, by mail also to another address.
 * Each sending is a delivery of its own, so that nobody gets a bill twice by one channel by accident; it is audited.
 */
#include <string.h>

#include "app/billing/bill_paper.h"
#include "app/billing/bill_set.h"
#include "app/billing/billing.h"
#include "app/billing/pages.h"
#include "app/billing/run_page.h"
#include "app/core/core.h"

/* AGAIN_MINUTES: a second sending within so many asks to confirm. */
enum { AGAIN_MINUTES = 10 };

static const Choice channels[] = { { "email", "billing.channels.email" }, { "sms", "billing.channels.sms" },
                                   { "paper", "billing.channels.paper" }, { 0 } };
static const Form send_form = { .name = "bill_send", .fields = FIELDS {
    { "channel", CHOICE(channels), .flags = REQUIRED },
    { "email",   EMAIL },
    { "confirm", BOOL },
    { 0 } } };

#define SENDING_ROW(F, T) F(T, Id, id) F(T, const char *, bill_no) F(T, const char *, status) \
    F(T, const char *, email) F(T, const char *, phone) F(T, int64_t, sent) F(T, Time, last_at)
ROW(Sending, SENDING_ROW)

/* The bill as it is now, locked, with what was sent of it by this channel before. */
static Sending *sending_of(Ctx *c, Id bill, const char *channel) {
    return db_one(c, Sending,
        "select b.id, b.bill_no, b.status, n.email, n.primary_phone as phone, (select count(*) from bill_delivery d "
        "where d.bill_id = b.id and d.channel = ?) as sent, (select max(coalesce(d.sent_at, d.created_at)) "
        "from bill_delivery d where d.bill_id = b.id and d.channel = ? and d.state <> 'cancelled') as last_at "
        "from bill b join consumer n on n.id = b.consumer_id where b.id = ? and b.utility_id = ? for update",
        channel, channel, bill, c->utility);
}

/* NULL, or why it cannot go this way. */
static const char *refusal_of(Ctx *c, const Sending *s, const char *channel, const char *address) {
    if (strcmp(s->status, "published")) return text(c, "Bill %s is %s.", s->bill_no, s->status);
    if (!strcmp(channel, "email") && !address) return "No e-mail address. Choose paper or SMS.";
    if (!strcmp(channel, "sms") && !address) return "No mobile number. Choose paper or e-mail.";
    return NULL;
}

static bool is_recent(Ctx *c, const Sending *s) {
    return time_is_set(s->last_at) && s->last_at.us > c->now.us - (int64_t)AGAIN_MINUTES * 60 * SECOND_US;
}

static void send_by(Ctx *c, const Sending *s, const char *channel, const char *address) {
    db_run(c, "insert into bill_delivery (utility_id, bill_id, channel, address, reason_key, state, created_at) "
              "values (?,?,?,?,?,'queued',?)", c->utility, s->id, channel, address,
           text(c, "again:%lld", (long long)s->sent), c->now);
    if (strcmp(channel, "paper")) bill_papers_wish(c, &s->id, 1);
    audit_write(c, &(Audit){ .action = "send", .entity = "bill", .id = s->id, .number = s->bill_no,
                             .after = json_pairs(c, "channel", channel, "address", address, NULL) });
}

const char *bill_send_again(Ctx *c, Id bill) {
    Sending *s = sending_of(c, bill, "email");
    const char *channel = s->email ? "email" : "paper";
    if (!s->email) s = sending_of(c, bill, channel);
    const char *refusal = refusal_of(c, s, channel, s->email);
    if (refusal) return refusal;
    if (is_recent(c, s)) return text(c, "It was sent within the last %d minutes.", AGAIN_MINUTES);
    send_by(c, s, channel, s->email);
    return NULL;
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

void bill_send_page(Req *r) {
    Id bill = bill_head(r, "");
    const char *path = text(r, "/bx/bills/%s", url_part(r, path_text(r, "no")));
    const Sending *s = db_one(r, Sending,
        "select b.id, b.bill_no, b.status, n.email, n.primary_phone as phone, 0 as sent, "
        "cast(null as datetime(6)) as last_at from bill b join consumer n on n.id = b.consumer_id where b.id = ?",
        bill);
    show_text(r, "page.title", msg_format(r, r->c.language, "billing.bill.send_ask", { "no", s->bill_no }));
    show_text(r, "page.width", "narrow");
    FormView *v = form_show(r, "form", &send_form, text(r, "%s/sending", path));
    form_text(v, "channel", s->email ? "email" : "paper");
    const char *none = word(r, "billing.bill.none");
    form_set(v, "channel", "hint", msg_format(r, r->c.language, "billing.bill.known", { "email", s->email ? s->email
                                              : none }, { "phone", s->phone ? s->phone : none }));
    if (!perm_may(&r->c, "bx.bill", EDIT)) form_set(v, "email", "kind", "hidden");
    show_text(r, "form.intro", word(r, "billing.bill.send_how"));
    show_text(r, "form.cancel_url", link_path(r, "%s", path));
    page(r, "layout/form");
}

void bill_send_post(Req *r) {
    Input *in = form_read(r, &send_form);
    const char *channel = in_text(in, "channel"), *other = in_text(in, "email");
    bool by_mail = channel && !strcmp(channel, "email");
    if (other && channel && !by_mail) problem(r, "email", "Another address is for e-mail only.");
    if (other) perm_check(&r->c, "bx.bill", EDIT);
    problems_end(r);
    Sending *s = sending_of(&r->c, bill_head(r, ""), channel);
    const char *address = by_mail ? other ? other : s->email : !strcmp(channel, "sms") ? s->phone : NULL;
    const char *refusal = refusal_of(&r->c, s, channel, address);
    if (refusal && strcmp(s->status, "published")) fail(r, CONFLICT, "%s", refusal);
    if (refusal) fail_field(r, INVALID, "channel", "%s", refusal);
    if (is_recent(&r->c, s) && !in_bool(in, "confirm"))
        fail_field(r, INVALID, "confirm", "It was sent this way within the last %d minutes. Tick to send it again.",
                   AGAIN_MINUTES);
    send_by(&r->c, s, channel, address);
    note(r, "%s", msg_format(r, r->c.language, "billing.bill.is_sent_again", { "no", s->bill_no }));
    go(r, "/bx/bills/%s/delivery", url_part(r, s->bill_no));
}
