/*
 * What consumers ask staff for from their pages: a bill on paper (CSS01US02), and access to an account by somebody
 * without its proofs (CSS01US01, service request PT-ACCS-001). The answer to the latter tells nothing about the
 * account.
 */
#include <string.h>

#include "app/core/login_rules.h"
#include "app/portal/bills.h"
#include "app/portal/files.h"
#include "lib/date.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

enum { ASKS_AN_HOUR = 5 };

/* --- a bill on paper ---------------------------------------------------------------------------------------------- */

void paper_page(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = portal_bill_to_manage(r);
    Money fee = service_request_fee(c, "BL-DUPL-001");
    show_text(r, "confirm.text.0",
              msg_format(c, c->language, "portal.paper.what", { "bill", b->bill_no },
                         { "address", mine_by_id(c, b->account)->address }));
    show_text(r, "confirm.text.1",
              fee.minor
                  ? msg_format(c, c->language, "portal.paper.fee", { "amount", locale_money(&c->mem, c->locale, fee) })
                  : msg(c->language, "portal.paper.free"));
    show_text(r, "confirm.action", link_path(r, "/bills/%s/paper", b->bill_no));
    show_text(r, "confirm.submit", msg(c->language, "portal.paper.send"));
    show_text(r, "confirm.tone", "primary");
    show_text(r, "confirm.back_url", link_path(r, "/bills/%s", b->bill_no));
    portal_page(r, "portal.paper.title", "layout/confirm");
}

void paper_post(Req *r) {
    Ctx *c = &r->c;
    const BillHead *b = portal_bill_to_manage(r);
    const char *open = service_request_open(c, b->account, "BL-DUPL-001");
    if (open) fail(c, CONFLICT, "%s", msg_format(c, c->language, "portal.paper.open", { "no", open }));
    Id id = service_request_create(c, &(NewRequest){ .account = b->account,
                                                     .type_code = "BL-DUPL-001",
                                                     .channel = "portal",
                                                     .answers = json_pairs(c, "bill_no", b->bill_no, NULL) });
    note(r, "%s",
         msg_format(c, c->language, "portal.paper.done",
                    { "no", db_text(c, "select request_no from service_request where id = ?", id) }));
    go(r, "/bills/%s", b->bill_no);
}

/* --- access to an account ----------------------------------------------------------------------------------------- */

static const Choice relations[] = { { "owner", NULL }, { "authorised", NULL }, { "tenant", NULL }, { 0 } };

static const Form access_form = {
    .name = "portal.ask",
    .fields =
        FIELDS{
            { "account_no", NULL, TEXT(3, 30), .flags = REQUIRED, .width = "20", .autocomplete = "off" },
            { "name", NULL, TEXT(2, 120), .flags = REQUIRED, .autocomplete = "name" },
            { "email", NULL, EMAIL, .flags = REQUIRED, .autocomplete = "email" },
            { "relation", NULL, CHOICE(relations), .flags = REQUIRED },
            { "words", NULL, LONG_TEXT(0, 1000) },
            { "files", NULL, FILE_FIELD },
            { 0 } }
};

void access_page(Req *r) {
    Ctx *c = &r->c;
    FormView *v = form_show(r, "form", &access_form, "/access");
    form_set(v, "files", "multiple", "1");
    form_set(v, "files", "accept", "image/*,application/pdf");
    form_set(v, "relation", "kind", "radio");
    if (c->user.id) form_text(v, "email", portal_user_by_id(c, c->user)->email);
    show_text(r, "form.submit", msg(c->language, "portal.ask.send"));
    show_text(r, "form.intro", msg(c->language, "portal.ask.how"));
    show_text(r, "form.multipart", "1");
    show_text(r, "form.cancel_url", link_path(r, c->user.id ? "/accounts" : "/register"));
    portal_page(r, "portal.ask.title", "portal/ask");
}

void access_post(Req *r) {
    Ctx *c = &r->c;
    Input *in = form_read(r, &access_form);
    files_check(r, "files");
    problems_end(r);
    int64_t before = db_int(
        c,
        "select count(*) from otp_challenge where ip = inet6_aton(?) and purpose = 'guest' and channel = 'ask' and "
        "created_at > ?",
        c->address, time_add_seconds(c->now, -3600));
    if (before >= ASKS_AN_HOUR) fail_busy(c, 3600, "%s", msg(c->language, "portal.ask.many"));
    const char *account_no = typed_code(&c->mem, in_text(in, "account_no")),
               *email = email_lower(&c->mem, in_text(in, "email"));
    Bytes subject = lookup_hash(c, account_no);
    db_run(
        c,
        "insert into otp_challenge (utility_id, purpose, subject_hash, channel, code_hash, expires_at, used_at, ip, "
        "created_at) values (?,'guest',?,'ask',?,?,?,inet6_aton(?),?)",
        c->utility, subject, subject, c->now, c->now, c->address, c->now);
    const Account *a = account_find(c, account_no);
    const char *answers = json_pairs(c, "account_no", account_no, "name", in_text(in, "name"), "email", email,
                                     "relation", in_text(in, "relation"), NULL);
    Id id = service_request_create(c, &(NewRequest){ .account = a ? a->id : (Id){ 0 },
                                                     .type_code = "PT-ACCS-001",
                                                     .channel = "portal",
                                                     .answers = answers,
                                                     .instructions = in_text(in, "words"),
                                                     .contact_name = in_text(in, "name"),
                                                     .email = email,
                                                     .may_repeat = true });
    files_keep(r, "files", "service_request", id);
    note(r, "%s",
         msg_format(c, c->language, "portal.ask.done",
                    { "no", db_text(c, "select request_no from service_request where id = ?", id) }));
    go(r, c->user.id ? "/accounts" : "/signin");
}
