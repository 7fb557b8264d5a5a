/*
 * The convenience fee by method: see fee_rules.h.
 */
#include "app/hub/fee_rules.h"

#include <string.h>

#include "lib/money.h"

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static size_t word_length(const char *s) {
    size_t n = 0;
    while (is_letter(s[n])) n++;
    return n;
}

bool words_have(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *s = words ? words : ""; *s;) {
        size_t length = word_length(s);
        if (length && length == n && !memcmp(s, word, n)) return true;
        s += length ? length : 1;
    }
    return false;
}

static bool has_fee(const FeeTerms *t) { return t->fixed.minor > 0 || t->ppm > 0; }

/* Of the methods taken: how many are charged, how many are not. */
static void count(const FeeTerms *t, int *charged, int *free) {
    *charged = *free = 0;
    for (const char *s = t->methods ? t->methods : ""; *s;) {
        char word[40];
        size_t n = word_length(s);
        if (n && n < sizeof word) {
            memcpy(word, s, n);
            word[n] = '\0';
            if (!t->charged || words_have(t->charged, word)) ++*charged;
            else ++*free;
        }
        s += n ? n : 1;
    }
}

bool fee_differs(const FeeTerms *t) {
    int charged, free;
    count(t, &charged, &free);
    return has_fee(t) && charged && free;
}

Money fee_for(const FeeTerms *t, const char *method, Money amount) {
    int charged, free;
    count(t, &charged, &free);
    bool is_charged = method ? !t->charged || words_have(t->charged, method) : charged && !free;
    if (!is_charged || !has_fee(t)) return (Money){ 0 };
    return money_add(t->fixed, money_ppm(amount, t->ppm, ROUND_HALF_UP));
}
