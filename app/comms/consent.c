/*
 * Consents: what a consumer agreed to, by channel and topic (UX05US05). Rows are only added: the newest counts.
 */
#include "app/comms/comms.h"
#include "app/core/core.h"
#include "lib/db.h"

void consent_set(Ctx *c, const Consent *n) {
    const char *was = db_text(c, "select state from consent where consumer_id=? and channel=? and topic_or_class=? "
                                 "order by id desc limit 1", n->consumer, n->channel, n->topic_or_class);
    if (was && (*was == 'i') == n->is_in) return;
    db_run(c, "insert into consent (utility_id, consumer_id, channel, topic_or_class, state, "
              "source, evidence, at, by_id) "
              "values (?,?,?,?,?,?,?,?,?)", c->utility, n->consumer, n->channel, n->topic_or_class,
           n->is_in ? "in" : "out",
           n->source, n->evidence, c->now, c->realm == REALM_STAFF ? c->user : (Id){ 0 });
    event_emit(c, &(Event){ .name = "consent.changed", .entity = "consumer", .id = n->consumer, .consumer = n->consumer,
                            .payload = json_pairs(c, "channel", n->channel, "keyword", n->topic_or_class, NULL) });
}

void comm_forget(Ctx *c, const char *consumers) {
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join consent x on "
              "x.consumer_id=j.id", consumers);
}
