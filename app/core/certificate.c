/*
 * Certificates that are about to end (ONB0502 "alerts: expiring certificates"): the files the web server reads
 * (configuration tls_certificates) are looked at each day for the hosts of each tenant. Of several that cover a host
 * the one that lasts longest counts.
 */
#include <string.h>

#include "app/core/core.h"
#include "app/core/installation.h"
#include "app/core/job.h"
#include "lib/certificate.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/log.h"
#include "lib/messages.h"

/* Worst last; a host has one of these alerts at most. */
static const struct { const char *level, *severity; int days; } levels[] = {
    { "30", "info", 30 }, { "14", "warning", 14 }, { "3", "critical", 3 } };
enum { LEVELS = sizeof levels / sizeof *levels };

static const char *key_of(Ctx *c, size_t i, const char *host) {
    return text(c, "certificate:%s:%s", levels[i].level, host);
}

static Time until_of(Ctx *c, const char *host) {
    Time until = TIME_NONE;
    for (const char *const *f = installation()->tls_certificates; f && *f; f++) {
        const char *problem = NULL;
        Certificate *k = certificate_read(&c->mem, *f, &problem);
        if (!k) log_warn("certificate.unread", LOG_TEXT("problem", problem));
        if (!k || !certificate_is_of(k, host)) continue;
        Time t = certificate_until(k);
        if (!time_is_set(until) || t.us > until.us) until = t;
    }
    return until;
}

static void watch_host(Ctx *c, const char *host) {
    Time until = until_of(c, host);
    size_t now = LEVELS;
    int64_t left_s = time_is_set(until) ? (until.us - c->now.us) / 1000000 : 0;
    for (size_t i = 0; i < LEVELS; i++)
        if (left_s < (int64_t)levels[i].days * 86400) now = i;
    for (size_t i = 0; i < LEVELS; i++)
        if (i != now) alert_clear(c, key_of(c, i, host));
    if (now == LEVELS) return;
    const char *words = !time_is_set(until) ? "core.certificate_none" : left_s < 0 ? "core.certificate_over"
        : "core.certificate_ends";
    alert_raise(c, "certificate", levels[now].severity, key_of(c, now, host),
                msg_format(c, c->language, words, { "host", host },
                           { "at", time_is_set(until) ? locale_time_words(&c->mem, c->locale, until) : "" }),
                "/org/dashboard");
}

#define PORTAL_NAME(F, T) F(T, const char *, host)
ROW(PortalName, PORTAL_NAME)

/* The host of the tenant's pages, and those of its utilities' portals. */
JobStep certificates_watch(Ctx *c, const JobRow *job) {
    (void)job;
    if (!installation()->tls_certificates || !installation()->tls_certificates[0]) return STEP_DONE;
    const char *url = public_url(c, "", false), *host = strstr(url, "://") + 3;
    watch_host(c, text_copy_n(c, host, strcspn(host, ":/")));
    PortalNames all = db_all(c, PortalName, "select host from smart360.portal_host where tenant_id = ? limit 100",
                             c->tenant);
    for (size_t i = 0; i < all.n; i++) watch_host(c, all.v[i].host);
    return STEP_DONE;
}
