/*
 * Limits of codes, proofs and passwords of the portal: see code_rules.h.
 */
#include "app/portal/code_rules.h"

#include <string.h>

static Time later_of(Time a, Time b) { return time_compare(a, b) > 0 ? a : b; }

Time code_wait(const Time *sent, size_t n, Time now, bool wait_between) {
    Time until = TIME_NONE;
    size_t hour = 0, day = 0;
    for (size_t i = 0; i < n; i++) {
        if (time_add_seconds(sent[i], 3600).us > now.us && ++hour == CODES_AN_HOUR)
            until = later_of(until, time_add_seconds(sent[i], 3600));
        if (time_add_seconds(sent[i], 86400).us > now.us && ++day == CODES_A_DAY)
            until = later_of(until, time_add_seconds(sent[i], 86400));
    }
    if (wait_between && n && time_add_seconds(sent[0], CODE_WAIT_S).us > now.us)
        until = later_of(until, time_add_seconds(sent[0], CODE_WAIT_S));
    return until;
}

Time proof_pause(const Time *wrong, size_t n, int most) {
    Time until = TIME_NONE;
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        while (wrong[i].us - wrong[first].us > PROOFS_WINDOW_S * SECOND_US) first++;
        if ((int)(i - first) + 1 < most) continue;
        until = time_add_seconds(wrong[i], PROOFS_PAUSE_S);
        first = i + 1;
    }
    return until;
}

int password_pause_minutes(int wrong) {
    if (wrong < PASSWORDS_WRONG) return 0;
    int minutes = PAUSE_FIRST_MINUTES;
    for (int i = PASSWORDS_WRONG; i < wrong && minutes < PAUSE_MOST_MINUTES; i++) minutes *= 2;
    return minutes < PAUSE_MOST_MINUTES ? minutes : PAUSE_MOST_MINUTES;
}

char *typed_code(Arena *a, const char *s) {
    Text t = text_start(a);
    text_add(&t, "");
    for (; *s; s++)
        if (*s != ' ') text_addf(&t, "%c", *s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
    return t.s;
}
