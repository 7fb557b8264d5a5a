/*
 * Luhn and card numbers: see card.h. Groups of digits are tried in every run of whole groups, so that a date or a code
 * typed beside the number does not hide it, while pieces of longer numbers are left alone.
 */
#include "lib/card.h"

#include <string.h>

enum { DIGITS_LEAST = 13, DIGITS_MOST = 19 };

static bool is_digit(char c)     { return c >= '0' && c <= '9'; }
static bool is_separator(char c) { return c == ' ' || c == '-' || c == '.'; }

/* Sum over the digits from the right; `twice` says whether the last one counts double. */
static int luhn_sum(const char *digits, size_t n, bool twice) {
    int sum = 0;
    for (size_t i = n; i--; twice = !twice) {
        int d = digits[i] - '0';
        sum += twice ? d * 2 - (d > 4 ? 9 : 0) : d;
    }
    return sum % 10;
}

char luhn_digit(const char *digits, size_t n) {
    return (char)('0' + (10 - luhn_sum(digits, n, true)) % 10);
}

bool luhn_valid(const char *digits, size_t n) {
    return n > 1 && luhn_sum(digits, n, false) == 0;
}

/* Whether digits in these groups are how a card number is written: unbroken, in fours (the last may be shorter), 4-6-4,
 * 4-6-5, 6-13. Dates, telephone numbers and lists of our own numbers are not. */
static bool is_written_so(const size_t *group, size_t groups) {
    if (groups == 1) return true;
    if (groups == 2) return group[0] == 6 && group[1] == 13;
    if (groups == 3 && group[0] == 4 && group[1] == 6) return group[2] == 4 || group[2] == 5;
    for (size_t i = 0; i + 1 < groups; i++)
        if (group[i] != 4) return false;
    return group[groups - 1] <= 4;
}

/* The longest run of whole groups from s that is a card number: its length in bytes, or 0. */
static size_t card_at(const char *s) {
    char digits[DIGITS_MOST];
    size_t group[DIGITS_MOST], groups = 0, n = 0, found = 0;
    for (const char *p = s;;) {
        size_t before = n;
        while (is_digit(*p)) {
            if (n == DIGITS_MOST) return found;
            digits[n++] = *p++;
        }
        group[groups++] = n - before;
        if (n >= DIGITS_LEAST && digits[0] != '0' && luhn_valid(digits, n) && is_written_so(group, groups))
            found = (size_t)(p - s);
        if (!is_separator(p[0]) || !is_digit(p[1])) return found;
        if (n == DIGITS_MOST) return found;
        p++;
    }
}

bool card_number_find(const char *s, size_t *start, size_t *length) {
    for (const char *p = s; *p; p++) {
        if (!is_digit(*p) || (p > s && is_digit(p[-1]))) continue;         /* only where a group begins */
        if ((*length = card_at(p))) return *start = (size_t)(p - s), true;
    }
    return false;
}

const char *card_numbers_masked(Arena *a, const char *s) {
    size_t start, length;
    if (!card_number_find(s, &start, &length)) return s;
    char *masked = text_copy(a, s);
    /* from the start: what stays of one may go well with what follows */
    do {
        int kept = 0;
        for (char *p = masked + start + length; p-- > masked + start;)
            if (is_digit(*p) && ++kept > 4) *p = '*';
    } while (card_number_find(masked, &start, &length));
    return masked;
}
