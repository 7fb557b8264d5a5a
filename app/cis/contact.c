/*
 * Contact points of a consumer: mail and phones, the primary ones copied to the consumer (CIS01US02.6).
 */
#include <string.h>

#include "app/cis/entry.h"
#include "lib/messages.h"
#include "lib/utf8.h"

#define OWNER(F, T) F(T, Id, id) F(T, const char *, consumer_no) F(T, const char *, status) F(T, const char *, email) \
    F(T, const char *, primary_phone) F(T, int, row_version)
ROW(Owner, OWNER)

static void must_be_good(Ctx *c, bool mail, const char *value) {
    if (mail ? email_is_valid(value) : phone_is_valid(value)) return;
    fail_field(c, INVALID, mail ? "email" : "phone", "%s",
               msg(c->language, mail ? "cis.entry.email" : "cis.entry.phone"));
}

/* Mail and mobile have one primary point each; `phone` is a
 * further one. The copy and the words of the search follow. */
static void make_primary(Ctx *c, const Owner *o, Id point, const char *kind, const char *value, bool is_verified) {
    bool mail = !strcmp(kind, "email");
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    const char *was = mail ? o->email : o->primary_phone;
    db_run(c, "update contact_point set is_primary=(id=?) where consumer_id=? and kind=?", point, o->id, kind);
    if (mail)
        db_run(c, "update consumer set email=?, email_verified_at=if(?, ?, null), updated_at=?, updated_by=?, "
                  "row_version=row_version+1 "
                  "where id=?", value, is_verified, c->now, c->now, by, o->id);
    else
        db_run(c, "update consumer set primary_phone=?, phone_verified_at=if(?, ?, null), updated_at=?, updated_by=?, "
                  "row_version=row_version+1 where id=?", value, is_verified, c->now, c->now, by, o->id);
    audit_write(c, &(Audit){ .action = "edit", .entity = "consumer", .id = o->id, .number = o->consumer_no,
                             .version = o->row_version + 1,
                             .before = json_pairs(c, mail ? "email" : "phone", was, NULL),
                             .after = json_pairs(c, mail ? "email" : "phone", value, NULL) });
    db_run(c, "delete from consumer_search where consumer_id=? and kind=?", o->id, mail ? "email" : "phone");
    SearchWords *w = search_words(c);
    if (mail) search_number(w, "email", o->id, (Id){ 0 }, value);
    else search_phone(w, o->id, value);
    search_end(w);
}

Id contact_set(Ctx *c, Id consumer, const char *kind, const char *value, bool is_verified) {
    bool mail = !strcmp(kind, "email");
    must_be_good(c, mail, value);
    Owner *o = db_find(c, Owner, "select id, consumer_no, status, email, primary_phone, row_version from consumer "
                                 "where id=? and utility_id=? for update", consumer, c->utility);
    if (!o) fail(c, NOT_FOUND, "There is no such consumer.");
    if (strcmp(o->status, "active") != 0) fail(c, CONFLICT, "%s", msg(c->language, "cis.entry.consumer_archived"));
    Id by = c->realm == REALM_STAFF ? c->user : (Id){ 0 };
    db_run(c,
        "insert into contact_point (utility_id, consumer_id, kind, value, verified_at, created_by, "
        "updated_by) values (?,?,?,?,?,?,?) on duplicate key update verified_at=coalesce(values(verified_at), "
        "verified_at), invalid_at=null, invalid_reason=null",
        c->utility, consumer, kind, value, is_verified ? c->now : TIME_NONE, by, by);
    Id point = db_id(c, "select id from contact_point where consumer_id=? and kind=? and value=?", consumer, kind,
                     value);
    const char *was = mail ? o->email : o->primary_phone;
    bool is_primary = strcmp(kind, "phone") != 0, changed = is_primary && (!was || strcmp(was, value) != 0);
    if (changed || (is_primary && is_verified)) make_primary(c, o, point, kind, value, is_verified);
    event_emit(c, &(Event){ .name = "contact.changed", .entity = "consumer", .id = consumer, .number = o->consumer_no,
                            .consumer = consumer,
                            .payload = json_pairs(c, "kind", kind, NULL) });
    return point;
}

void contact_forget(Ctx *c, Id consumer, const char *kind) {
    bool mail = !strcmp(kind, "email");
    Owner *o = db_one(c, Owner, "select id, consumer_no, status, email, primary_phone, row_version from consumer "
                                "where id=? and utility_id=? for update", consumer, c->utility);
    db_run(c, "delete from contact_point where consumer_id=? and kind=? and is_primary=1", consumer, kind);
    if (mail)
        db_run(c, "update consumer set email=null, email_verified_at=null, updated_at=?, updated_by=?, "
                  "row_version=row_version+1 where id=?", c->now, c->user, consumer);
    else
        db_run(c, "update consumer set primary_phone=null, phone_verified_at=null, updated_at=?, updated_by=?, "
                  "row_version=row_version+1 where id=?", c->now, c->user, consumer);
    db_run(c, "delete from consumer_search where consumer_id=? and kind=?", consumer, mail ? "email" : "phone");
    audit_write(c, &(Audit){ .action = "edit", .entity = "consumer", .id = o->id, .number = o->consumer_no,
                             .version = o->row_version + 1,
                             .before = json_pairs(c, mail ? "email" : "phone",
                                                  mail ? o->email : o->primary_phone, NULL),
                             .after = json_pairs(c, mail ? "email" : "phone", NULL, NULL) });
}

void contact_invalid(Ctx *c, const char *kind, const char *value, const char *reason) {
    db_run(c, "update contact_point set invalid_at=?, invalid_reason=left(?, 60) "
              "where utility_id=? and kind=? and value=? "
              "and invalid_at is null", c->now, reason, c->utility, kind, value);
}
