/*
 * Statements of a bank: see bank_rules.h.
 */
#include "app/hub/bank_rules.h"

#include <string.h>

#include "lib/date.h"
#include "lib/money.h"

/* --- MT940: fields ":61:", ":86:"; a field goes on until the next tag --------------------------------------------- */

typedef struct { const char *p; size_t n; int line_no; } Row;
typedef struct { const char *at, *end; int line_no; } Rows;

static bool next_row(Rows *r, Row *to) {
    if (r->at >= r->end) return false;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t n = stop ? (size_t)(stop - r->at) : (size_t)(r->end - r->at);
    *to = (Row){ r->at, n, ++r->line_no };
    r->at = stop ? stop + 1 : r->end;
    if (to->n && to->p[to->n - 1] == '\r') to->n--;
    return true;
}

static bool has_tag(const Row *r, const char *tag) { return r->n >= strlen(tag) && !memcmp(r->p, tag, strlen(tag)); }

/* ":20:", ":60F:", "-}", "{1:" */
static bool begins_field(const Row *r) {
    if (r->n && (r->p[0] == '{' || (r->p[0] == '-' && r->n <= 2))) return true;
    if (r->n < 4 || r->p[0] != ':') return false;
    for (size_t i = 1; i < r->n && i < 5; i++)
        if (r->p[i] == ':') return i >= 3;
    return false;
}

bool mt940_is(const char *bytes, size_t n) {
    Rows rows = { bytes, bytes + n, 0 };
    Row r;
    bool head = false;
    while (next_row(&rows, &r)) {
        head |= has_tag(&r, ":20:");
        if (head && has_tag(&r, ":61:")) return true;
    }
    return false;
}

static bool digits(const char *s, size_t n, int *to) {
    *to = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return false;
        *to = *to * 10 + (s[i] - '0');
    }
    return true;
}

/* "1234,5" or "1234," with at most `exponent` places. Returns what was read, 0: it is no amount. */
static size_t read_amount(const char *s, size_t n, int exponent, Money *to) {
    int64_t whole = 0;
    size_t i = 0;
    int places = -1;
    for (; i < n && i < 18; i++) {
        if (s[i] == ',') {
            if (places >= 0 || !i) return 0;
            places = 0;
        } else if (s[i] >= '0' && s[i] <= '9') {
            if (places >= exponent) return 0;
            whole = whole * 10 + (s[i] - '0');
            if (places >= 0) places++;
        } else {
            break;
        }
    }
    if (places < 0 || i >= 18) return 0;
    for (; places < exponent; places++) {
        if (whole > INT64_MAX / 10) return 0;
        whole *= 10;
    }
    *to = (Money){ whole };
    return i;
}

/* 6!n value date, [4!n] booking date, 2a mark, [1!a], 15d amount, 1!a3!c kind, 16x reference [//16x]. */
static bool read_61(Arena *a, const Row *r, int exponent, BankLine *to) {
    const char *s = r->p + 4, *end = r->p + r->n;
    int year, month, day;
    if (end - s < 12 || !digits(s, 2, &year) || !digits(s + 2, 2, &month) || !digits(s + 4, 2, &day)) return false;
    if (!date_is_valid((Ymd){ 2000 + year, month, day })) return false;
    s += 6;
    if (*s >= '0' && *s <= '9') s += 4;
    if (s >= end) return false;
    bool is_back = *s == 'R';
    if (is_back) s++;
    if (s >= end || (*s != 'C' && *s != 'D')) return false;
    bool comes_in = (*s == 'C') != is_back;
    s++;
    if (s < end && *s >= 'A' && *s <= 'Z') s++;             /* third letter of the currency */
    Money amount;
    size_t n = s < end ? read_amount(s, (size_t)(end - s), exponent, &amount) : 0;
    if (!n) return false;
    s += n;
    s += end - s >= 4 ? 4 : end - s;                        /* kind of transaction */
    size_t left = (size_t)(end - s), own = left;
    const char *bank = memmem(s, left, "//", 2);
    if (bank) own = (size_t)(bank - s);
    if (own > BANK_REFERENCE_MAX) own = BANK_REFERENCE_MAX;
    *to = (BankLine){ .line_no = r->line_no, .on = date_of(2000 + year, month, day),
                      .amount = comes_in ? amount : money_neg(amount),
                      .reference = own && memcmp(s, "NONREF", own < 6 ? own : 6) ? text_copy_n(a, s, own) : NULL };
    return true;
}

const char *mt940_read(Arena *a, const char *bytes, size_t n, int exponent, BankLines *to) {
    Rows rows = { bytes, bytes + n, 0 };
    Row r;
    size_t room = 0;
    Text more = text_start(a);
    bool in_text = false;
    *to = (BankLines){ 0 };
    while (next_row(&rows, &r)) {
        if (has_tag(&r, ":61:")) {
            if (to->n == BANK_LINES_MAX) return text(a, "More than %d lines.", BANK_LINES_MAX);
            to->v = take_room(a, BankLine, to->v, to->n, &room);
            if (!read_61(a, &r, exponent, &to->v[to->n])) return text(a, "Line %d cannot be read.", r.line_no);
            to->n++;
            in_text = false;
        } else if (has_tag(&r, ":86:") && to->n) {
            more = text_start(a);
            text_add_n(&more, r.p + 4, r.n - 4);
            to->v[to->n - 1].text = more.s;
            in_text = true;
        } else if (begins_field(&r)) {
            in_text = false;
        } else if (in_text && to->n && more.n + r.n < BANK_TEXT_MAX) {
            text_add(&more, " ");
            text_add_n(&more, r.p, r.n);
            to->v[to->n - 1].text = more.s;
        }
    }
    return to->n ? NULL : "The file has no lines.";
}

/* --- which payout ------------------------------------------------------------------------------------------------- */

static bool names(const char *where, const char *payout) { return where && payout && *payout && strstr(where, payout); }

BankMatch bank_match(const BankLine *line, const BankPayout *v, size_t n) {
    BankMatch m = { 0 };
    size_t like = 0;
    for (size_t i = 0; i < n; i++) {
        int days = date_days_between(v[i].on, line->on);
        if (v[i].net.minor != line->amount.minor || days > BANK_NEAR_DAYS || days < -BANK_NEAR_DAYS) continue;
        if (names(line->reference, v[i].payout) || names(line->text, v[i].payout))
            return (BankMatch){ v[i].settlement, true };
        if (!like++) m.settlement = v[i].settlement;
    }
    if (like > 1) m.settlement = (Id){ 0 };
    return m;
}
