/*
 * Numbers people quote: see number_rules.h.
 */
#include "app/core/number_rules.h"

#include <stdio.h>
#include <string.h>

/* --- words -------------------------------------------------------------------------------------------------------- */

static bool word_find(const char *word, const char *const *words, int *to) {
    for (int i = 0; word && words[i]; i++)
        if (!strcmp(word, words[i])) return *to = i, true;
    return false;
}

#define WORDS(function, type, ...)                                          \
    bool function(const char *word, type *to) {                             \
        int n;                                                              \
        if (!word_find(word, (const char *const[]){ __VA_ARGS__, NULL }, &n)) return false; \
        *to = (type)n;                                                      \
        return true;                                                        \
    }

WORDS(id_part_kind, IdPartKind, "service", "prefix", "area", "category", "date", "sequence", "check", "literal")
WORDS(id_date_format, IdDateFormat, "YYYY", "YY", "YYYYMM", "YYMM", "YYYYMMDD", "FY")
WORDS(id_reset, IdReset, "never", "yearly", "monthly", "daily")
WORDS(id_check, IdCheck, "none", "luhn", "mod97")

/* --- check digits ------------------------------------------------------------------------------------------------- */

char id_luhn(const char *digits) {
    int sum = 0;
    bool twice = true;
    for (size_t i = strlen(digits); i-- > 0; twice = !twice) {
        int n = digits[i] - '0';
        if (twice) n = n * 2 > 9 ? n * 2 - 9 : n * 2;
        sum += n;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

int id_mod97(const char *digits) {
    int rest = 0;
    for (; *digits; digits++) rest = (rest * 10 + (*digits - '0')) % 97;
    return 98 - rest * 100 % 97;
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static int fiscal_year(const IdRecord *r) {
    Ymd start = r->fiscal_start.month ? r->fiscal_start : (Ymd){ 1, 1, 1 };
    return date_ymd(fiscal_year_end(r->date, start)).year;      /* named by the year in which it ends */
}

static void date_put(Text *t, IdDateFormat f, const IdRecord *r) {
    Ymd d = date_ymd(r->date);
    switch (f) {
    case ID_YYYY:     text_addf(t, "%04d", d.year); break;
    case ID_YY:       text_addf(t, "%02d", d.year % 100); break;
    case ID_YYYYMM:   text_addf(t, "%04d%02d", d.year, d.month); break;
    case ID_YYMM:     text_addf(t, "%02d%02d", d.year % 100, d.month); break;
    case ID_YYYYMMDD: text_addf(t, "%04d%02d%02d", d.year, d.month, d.day); break;
    case ID_FISCAL:   text_addf(t, "FY%04d", fiscal_year(r)); break;
    }
}

static bool has_part(const IdFormat *f, IdPartKind kind) {
    for (int i = 0; i < f->parts; i++)
        if (f->part[i].kind == kind) return true;
    return false;
}

static void check_put(Text *t, IdCheck check, const char *sequence) {
    if (check == CHECK_LUHN) text_addf(t, "%c", id_luhn(sequence));
    if (check == CHECK_MOD97) text_addf(t, "%02d", id_mod97(sequence));
}

static void part_put(Text *t, const IdFormat *f, const IdPart *p, const IdRecord *r, const char *sequence) {
    switch (p->kind) {
    case ID_SERVICE:  if (r->service) text_add(t, r->service); break;
    case ID_AREA:     if (r->area) text_add(t, r->area); break;
    case ID_CATEGORY: if (r->category) text_add(t, r->category); break;
    case ID_PREFIX:
    case ID_LITERAL:  if (p->value) text_add(t, p->value); break;
    case ID_DATE:     date_put(t, p->date, r); break;
    case ID_CHECK:    check_put(t, f->check, sequence); break;
    case ID_SEQUENCE:
        text_add(t, sequence);
        if (!has_part(f, ID_CHECK)) check_put(t, f->check, sequence);
        break;
    }
}

char *id_text(Arena *a, const IdFormat *f, const IdRecord *r, int64_t value) {
    char sequence[24];
    snprintf(sequence, sizeof sequence, "%0*lld", f->seq_length, (long long)value);
    Text t = text_start(a);
    text_add(&t, "");
    for (int i = 0; i < f->parts; i++) {
        Text part = text_start(a);
        text_add(&part, "");
        part_put(&part, f, &f->part[i], r, sequence);
        if (!part.n) continue;
        bool joined = !t.n || (f->part[i].kind == ID_CHECK && i && f->part[i - 1].kind == ID_SEQUENCE);
        if (!joined) text_add(&t, f->separator);
        text_add(&t, part.s);
    }
    return t.s;
}

bool id_is_wide(const IdFormat *f, int64_t value) {
    int digits = 1;
    for (; value >= 10; value /= 10) digits++;
    return digits > f->seq_length;
}

static bool is_fiscal(const IdFormat *f) {
    for (int i = 0; i < f->parts; i++)
        if (f->part[i].kind == ID_DATE && f->part[i].date == ID_FISCAL) return true;
    return false;
}

char *id_period(Arena *a, const IdFormat *f, const IdRecord *r) {
    if (f->reset == RESET_NEVER) return text_copy(a, "-");
    Text t = text_start(a);
    bool fiscal = f->reset == RESET_YEARLY && is_fiscal(f);
    date_put(&t, f->reset == RESET_MONTHLY ? ID_YYYYMM : f->reset == RESET_DAILY ? ID_YYYYMMDD : fiscal
             ? ID_FISCAL : ID_YYYY, r);
    return t.s;
}

/* --- what a format may be ----------------------------------------------------------------------------------------- */

static bool names_period(const IdFormat *f) {
    for (int i = 0; i < f->parts; i++) {
        if (f->part[i].kind != ID_DATE) continue;
        IdDateFormat d = f->part[i].date;
        if (f->reset == RESET_YEARLY || d == ID_YYYYMMDD) return true;
        if (f->reset == RESET_MONTHLY && (d == ID_YYYYMM || d == ID_YYMM)) return true;
    }
    return false;
}

static bool prefix_is_good(const char *s) {
    size_t n = s ? strlen(s) : 0;
    return n >= 1 && n <= 6 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n;
}

/* Longest value of each part: service 4, area and category 10 and 10 characters. */
int id_longest(const IdFormat *f) {
    static const int date_length[] = { 4, 2, 6, 4, 8, 6 };
    int n = 0, shown = 0, check = f->check == CHECK_LUHN ? 1 : f->check == CHECK_MOD97 ? 2 : 0;
    for (int i = 0; i < f->parts; i++) {
        const IdPart *p = &f->part[i];
        shown++;
        switch (p->kind) {
        case ID_SERVICE:  n += 4; break;
        case ID_AREA:
        case ID_CATEGORY: n += 10; break;
        case ID_PREFIX:
        case ID_LITERAL:  n += p->value ? (int)strlen(p->value) : 0; break;
        case ID_DATE:     n += date_length[p->date]; break;
        case ID_SEQUENCE: n += f->seq_length; break;
        case ID_CHECK:    shown -= i && f->part[i - 1].kind == ID_SEQUENCE; break;
        }
    }
    return n + check + (shown > 1 ? (shown - 1) * (int)strlen(f->separator) : 0);
}

const char *id_format_refusal(Arena *a, const IdFormat *f) {
    int sequences = 0;
    for (int i = 0; i < f->parts; i++) {
        if (f->part[i].kind == ID_SEQUENCE) sequences++;
        if (f->part[i].kind == ID_PREFIX && !prefix_is_good(f->part[i].value))
            return "A prefix has 1 to 6 of A-Z and 0-9.";
        if (f->part[i].kind == ID_LITERAL && (!f->part[i].value || !*f->part[i].value))
            return "A literal needs its text.";
    }
    if (sequences != 1) return "A number has exactly one sequence.";
    if (f->seq_length < 1 || f->seq_length > 10) return "The sequence has 1 to 10 digits.";
    if (f->seq_increment < 1 || f->seq_increment > 10) return "The increment is 1 to 10.";
    if (has_part(f, ID_CHECK) && f->check == CHECK_NONE) return "Choose how the check digit is computed.";
    if (f->reset != RESET_NEVER && !names_period(f))
        return f->reset == RESET_MONTHLY ? "Add a month to the date part or choose another reset."
             : f->reset == RESET_DAILY ? "Add a day to the date part or choose another reset."
                 : "Add a year to the date part or choose another reset.";
    if (id_longest(f) > ID_LENGTH_MAX)
        return text(a, "The longest number has %d characters; at most %d.", id_longest(f), ID_LENGTH_MAX);
    return NULL;
}

bool id_same_pattern(const IdFormat *a, const IdFormat *b) {
    if (a->parts != b->parts || strcmp(a->separator, b->separator) || a->check != b->check) return false;
    for (int i = 0; i < a->parts; i++) {
        const IdPart *p = &a->part[i], *q = &b->part[i];
        if (p->kind != q->kind || (p->kind == ID_DATE && p->date != q->date)) return false;
        if ((p->kind == ID_PREFIX || p->kind == ID_LITERAL) && strcmp(p->value ? p->value : "",
            q->value ? q->value : "")) return false;
    }
    return true;
}

bool id_same_numbers(Arena *mem, const IdFormat *a, const IdFormat *b, const char *service) {
    IdFormat other = *b;
    other.seq_length = a->seq_length;           /* the longer sequence is reached by counting on */
    IdRecord facts = { .service = service, .area = "<area>", .category = "<category>", .date = date_of(2031, 7, 29) };
    return !strcmp(id_text(mem, a, &facts, 1), id_text(mem, &other, &facts, 1));
}

/* --- series without a format -------------------------------------------------------------------------------------- */

char *series_pattern(Arena *a, const char *pattern, Date d, int *digits) {
    Text t = text_start(a);
    IdRecord r = { .date = d };
    *digits = 0;
    text_add(&t, "");
    for (const char *s = pattern; *s;) {
        const char *end = *s == '{' ? strchr(s, '}') : NULL;
        char name[12] = "";
        if (end && end - s - 1 < (int)sizeof name) memcpy(name, s + 1, (size_t)(end - s - 1));
        IdDateFormat format;
        if (end && id_date_format(name, &format)) date_put(&t, format, &r), s = end + 1;
        else if (end && *name == '#') *digits = (int)strlen(name), text_add_n(&t, s, (size_t)(end - s + 1)),
            s = end + 1;
        else text_add_n(&t, s++, 1);
    }
    return t.s;
}

char *series_text(Arena *a, const char *filled, int64_t n) {
    const char *from = strstr(filled, "{#"), *to = from ? strchr(from, '}') : NULL;
    if (!to) return text(a, "%s%lld", filled, (long long)n);
    return text(a, "%.*s%0*lld%s", (int)(from - filled), filled, (int)(to - from - 1), (long long)n, to + 1);
}
