/*
 * Decisions of sign-in: see login_rules.h.
 */
#include "app/core/login_rules.h"

#include <assert.h>
#include <string.h>

Time lock_until(const Time *failed, size_t n, LockPolicy policy) {
    assert(policy.failures > 0 && policy.minutes > 0);
    Time until = TIME_NONE;
    size_t first = 0;                           /* of those that still count */
    for (size_t i = 0; i < n; i++) {
        while (failed[i].us - failed[first].us > FAILURE_WINDOW_S * SECOND_US) first++;
        if ((int)(i - first) + 1 < policy.failures) continue;
        until = time_add_seconds(failed[i], policy.minutes * 60);
        first = i + 1;
    }
    return until;
}

static int seconds_between(Time from, Time to) {
    return (int)((to.us - from.us + SECOND_US - 1) / SECOND_US);
}

TryVerdict try_verdict(const TryFacts *f, int *seconds) {
    *seconds = 0;
    if (f->address_failures >= ADDRESS_FAILURES) {
        *seconds = ADDRESS_WINDOW_S;
        return TRY_ADDRESS;
    }
    if (time_is_set(f->locked_until) && f->now.us < f->locked_until.us) {
        *seconds = seconds_between(f->now, f->locked_until);
        return TRY_LOCKED;
    }
    return TRY_ALLOWED;
}

int wait_minutes(int seconds) {
    return seconds <= 60 ? 1 : (seconds + 59) / 60;
}

static bool password_is_old(const NextFacts *f) {
    if (f->must_change) return true;
    return f->password_age_days && time_is_set(f->password_changed_at)
        && f->now.us - f->password_changed_at.us > f->password_age_days * DAY_US;
}

NextStep next_step(const NextFacts *f) {
    if (!f->is_active) return NEXT_REFUSED;
    if (f->has_factor && !f->factor_passed) return NEXT_CODE;
    if (!f->has_factor && f->factor_required) return NEXT_ENROL;
    return password_is_old(f) ? NEXT_PASSWORD : NEXT_SESSION;
}

bool may_send_reset(int asked_for_email) { return asked_for_email < RESETS_PER_EMAIL; }

bool too_many_resets(int asked_by_address) { return asked_by_address >= RESETS_PER_ADDRESS; }

char *email_lower(Arena *a, const char *email) {
    char *low = text_copy(a, email);
    for (char *s = low; s && *s; s++)
        if (*s >= 'A' && *s <= 'Z') *s = (char)(*s + 32);
    return low;
}

typedef struct { const char *sign, *word; } Known;

/* The first that occurs decides: Edge says Chrome too, Chrome says Safari too. */
static const Known browsers[] = { { "Edg", "Edge" }, { "OPR/", "Opera" }, { "Firefox/", "Firefox" },
                                  { "FxiOS/", "Firefox" }, { "CriOS/", "Chrome" },
                                  { "Chrome/", "Chrome" }, { "Safari/", "Safari" }, { "curl/", "curl" },
                                  { NULL, "A browser" } };
static const Known systems[] = { { "Android", "Android" }, { "iPhone", "iPhone" }, { "iPad", "iPad" },
                                 { "Windows", "Windows" }, { "Mac OS X", "Mac" },
                                 { "CrOS", "ChromeOS" }, { "Linux", "Linux" }, { NULL, NULL } };

static const char *known(const Known *list, const char *agent) {
    while (list->sign && !strstr(agent, list->sign)) list++;
    return list->word;
}

const char *device_name(Arena *a, const char *agent) {
    if (!agent) return "Unknown device";
    const char *system = known(systems, agent);
    return system ? text(a, "%s on %s", known(browsers, agent), system) : known(browsers, agent);
}
