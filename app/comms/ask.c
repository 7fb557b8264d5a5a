/*
 * Messages whose end nobody reported (ONB03US01; assurance section 4: callbacks may never come): ten minutes after one
 * went out its provider is asked, then after an hour, six and twenty-four. Providers that cannot be asked are left out.
 */
#include "app/comms/comms.h"
#include "app/comms/module.h"
#include "app/core/core.h"
#include "app/hub/hub.h"
#include "lib/date.h"
#include "lib/db.h"

/* A provider that hangs takes no more of a worker than this; the rest is asked the next time. */
enum { AT_ONCE = 200, ASKING_S = 60 };
static const int64_t ask_after_s[] = { MESSAGE_ASK_S, 3600, 6 * 3600, 24 * 3600 };

#define TO_ASK(F, T) F(T, Id, id) F(T, Id, provider) F(T, const char *, no) F(T, Time, sent_at)
ROW(ToAsk, TO_ASK)

typedef struct Asking { const ToAsk *m; ProviderTold said; } Asking;

static Time next_ask(Ctx *c, Time sent_at) {
    for (size_t i = 0; i < sizeof ask_after_s / sizeof *ask_after_s; i++) {
        Time at = time_add_seconds(sent_at, ask_after_s[i]);
        if (at.us > c->now.us) return at;
    }
    return TIME_NONE;
}

static void ask_end(Ctx *c, void *arg) {
    Asking *a = arg;
    Time next = a->said.can_tell ? next_ask(c, a->m->sent_at) : TIME_NONE;
    db_run(c, "update message set status_check_at=? where id=? and status='sent'", next, a->m->id);
    if (a->said.status)
        message_reported(c, &(MessageStatus){ .provider = a->m->provider, .provider_message_id = a->m->no,
                                              .status = a->said.status, .code = a->said.code });
}

JobStep messages_ask(Ctx *c, const JobRow *job) {
    (void)job;
    ToAsks due = db_all(c, ToAsk, "select id, message_provider_id as provider, provider_message_id as no, sent_at from "
                                  "message where status='sent' and status_check_at <= ? and utility_id = ? and "
                                  "message_provider_id is not null and provider_message_id is not null and sent_at is "
                                  "not null order by status_check_at limit ?", c->now, c->utility, (int)AT_ONCE);
    int64_t until = time_ticking_us() + ASKING_S * SECOND_US;
    for (size_t i = 0; i < due.n && time_ticking_us() < until; i++) {
        Asking a = { .m = &due.v[i] };
        a.said = provider_ask(c, a.m->provider, a.m->no);
        db_tx(c, DB_WRITE, ask_end, &a, NULL);
    }
    return STEP_DONE;
}
