/*
 * Cells of foreign files: see import_rules.h.
 */
#include "app/setup/import_rules.h"

#include <string.h>

#include "lib/utf8.h"

const char *const cell_changes[] = { "upper", "first_word", "other_words", "digits", "mdy", "dmy", "iso", "comma",
                                     NULL };

/* --- words -------------------------------------------------------------------------------------------------------- */

static bool is_change(const CellMap *map, const char *change) { return map->change && !strcmp(map->change, change); }

static bool is_sign(char c) { return c == ' ' || c == '-' || c == '_' || c == '.' || c == '/'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Compared up to `end` or the end of both, signs left out. */
static bool same_name(const char *a, size_t a_n, const char *b, size_t b_n) {
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a_n && is_sign(a[i])) i++;
        while (k < b_n && is_sign(b[k])) k++;
        if (i == a_n || k == b_n) return i == a_n && k == b_n;
        if (lower(a[i++]) != lower(b[k++])) return false;
    }
}

int header_find(const char *const *header, size_t n, const char *name, const char *also) {
    for (size_t i = 0; i < n; i++)
        if (same_name(header[i], strlen(header[i]), name, strlen(name))) return (int)i;
    for (const char *word = also; word && *word;) {
        size_t length = strcspn(word, " ");
        for (size_t i = 0; i < n; i++)
            if (same_name(header[i], strlen(header[i]), word, length)) return (int)i;
        word += length + strspn(word + length, " ");
    }
    return -1;
}

/* One of the words, as the list writes it. */
static const char *word_of(Arena *a, const char *words, const char *s) {
    for (const char *word = words; *word;) {
        size_t n = strcspn(word, " ");
        if (same_name(word, n, s, strlen(s))) return text_copy_n(a, word, n);
        word += n + strspn(word + n, " ");
    }
    return NULL;
}

/* "R=RES; C=COM": what stands for s; s itself where nothing does. */
static const char *mapped(Arena *a, const char *values, const char *s) {
    for (const char *at = values; at && *at;) {
        at += strspn(at, " ;");
        size_t n = strcspn(at, ";"), name = strcspn(at, "=;");
        size_t end = n, begin = name + 1;
        size_t bare = name;
        while (bare && at[bare - 1] == ' ') bare--;
        if (name < n && bare == strlen(s) && !strncmp(at, s, bare)) {
            while (begin < end && at[begin] == ' ') begin++;
            while (end > begin && at[end - 1] == ' ') end--;
            return text_copy_n(a, at + begin, end - begin);
        }
        at += n;
    }
    return s;
}

/* Without control characters; runs of blanks become one. */
static const char *squeezed(Arena *a, const char *s, bool *did) {
    char *to = text_copy(a, s);
    size_t n = 0;
    bool blank = false;
    for (const char *p = s; *p; p++) {
        bool is = (unsigned char)*p <= ' ' || *p == 0x7f;
        if (is && (blank || !n)) { *did = true; continue; }
        if (is && *p != ' ') *did = true;
        to[n++] = is ? ' ' : *p;
        blank = is;
    }
    while (n && to[n - 1] == ' ') n--, *did = true;
    to[n] = 0;
    return to;
}

static const char *ascii_upper(Arena *a, const char *s) {
    char *to = text_copy(a, s);
    for (char *p = to; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
    return to;
}

static const char *changed(Arena *a, const CellMap *map, const char *s) {
    size_t word = strcspn(s, " ");
    if (is_change(map, "upper")) return ascii_upper(a, s);
    if (is_change(map, "first_word")) return text_copy_n(a, s, word);
    if (is_change(map, "other_words")) return text_copy(a, s + word + (s[word] == ' '));
    if (!is_change(map, "digits")) return s;
    char *to = text_copy(a, s);
    size_t n = 0;
    for (const char *p = s; *p; p++)
        if (*p >= '0' && *p <= '9') to[n++] = *p;
    to[n] = 0;
    return to;
}

/* --- kinds -------------------------------------------------------------------------------------------------------- */

static bool day_of(const CellRule *rule, const CellMap *map, const char *s, Date *to) {
    DateFormat f = is_change(map, "mdy") ? DATE_MDY : is_change(map, "dmy") ? DATE_DMY : is_change(map, "iso")
        ? DATE_ISO
        : rule->dates;
    return date_parse(s, f, NULL, to) == DATE_OK || date_parse_iso(s, to);
}

static const char *as_date(Arena *a, const CellRule *rule, const CellMap *map, const char *s) {
    Date d;
    return day_of(rule, map, s, &d) ? date_iso(a, d) : NULL;
}

/* A date, or a date and a time of day after a blank or T, without a zone: the utility's clock. */
static const char *as_time(Arena *a, const CellRule *rule, const CellMap *map, const char *s) {
    size_t n = strcspn(s, " T");
    Date d;
    int minutes;
    if (!day_of(rule, map, text_copy_n(a, s, n), &d)) return NULL;
    if (!s[n]) return date_iso(a, d);
    char *clock = text_copy(a, s + n + 1);
    if (strlen(clock) > 5 && clock[5] == ':') clock[5] = 0;         /* seconds say nothing here */
    return clock_parse(clock, &minutes) ? arena_text(a, "%sT%02d:%02d", date_iso(a, d), minutes / 60, minutes % 60)
        : NULL;
}

static NumberFormat numbers(const CellMap *map) {
    return is_change(map, "comma") ? (NumberFormat){ .decimal = ',', .group = '.' }
                                   : (NumberFormat){ .decimal = '.', .group = ',' };
}

static const char *as_number(Arena *a, const CellRule *rule, const CellMap *map, const char *s) {
    int64_t v;
    bool money = rule->kind == CELL_MONEY;
    int places = money ? rule->exponent : rule->kind == CELL_INT ? 0 : 6;
    if (number_parse(s, numbers(map), (NumberRule){ places, money ? 11 : 12, true }, &v) != NUMBER_OK) return NULL;
    return money ? money_decimal(a, (Money){ v }, rule->exponent) : places ? quantity_decimal(a, (Quantity){ v })
        : arena_text(a, "%lld", (long long)v);
}

static const char *as_bool(const char *s) {
    static const char *const yes[] = { "1", "yes", "y", "true", "t", "x", NULL },
        *const no[] = { "0", "no", "n", "false", "f", NULL };
    for (const char *const *w = yes; *w; w++)
        if (same_name(*w, strlen(*w), s, strlen(s))) return "1";
    for (const char *const *w = no; *w; w++)
        if (same_name(*w, strlen(*w), s, strlen(s))) return "0";
    return NULL;
}

static const char *canonical(Arena *a, const CellRule *rule, const CellMap *map, const char *s) {
    switch (rule->kind) {
    case CELL_DATE:    return as_date(a, rule, map, s);
    case CELL_TIME:    return as_time(a, rule, map, s);
    case CELL_INT:
    case CELL_DECIMAL:
    case CELL_MONEY:   return as_number(a, rule, map, s);
    case CELL_BOOL:    return as_bool(s);
    case CELL_PHONE:   return phone_e164(a, s, rule->dial);
    default:           return s;
    }
}

Cell cell_read(Arena *a, const CellRule *rule, const CellMap *map, const char *const *fields, size_t n) {
    Cell c = { .raw = map->from >= 0 && (size_t)map->from < n ? fields[map->from] : "" };
    const char *s = squeezed(a, c.raw, &c.squeezed);
    s = changed(a, map, mapped(a, map->values, s));
    if (!*s && map->constant) s = map->constant;
    if (!*s) {
        c.fault = rule->required ? CELL_MISSING : CELL_GOOD;
        return c;
    }
    if (rule->values) {
        c.text = word_of(a, rule->values, s);
        c.fault = c.text ? CELL_GOOD : CELL_NO_VALUE;
        return c;
    }
    c.text = canonical(a, rule, map, s);
    if (!c.text) c.fault = CELL_WRONG;
    else if (rule->kind == CELL_TEXT && utf8_length(c.text) > (size_t)rule->max) c.fault = CELL_LONG, c.text = NULL;
    else if (rule->upper) c.text = ascii_upper(a, c.text);
    return c;
}

static const char *next_word(const char *s, size_t *n) {
    s += strspn(s, " ,;");
    *n = strcspn(s, " ,;");
    return s;
}

static bool same_words(const char *a, const char *b) {
    for (size_t x, y;; a += x, b += y) {
        a = next_word(a, &x), b = next_word(b, &y);
        if (x != y || memcmp(a, b, x) != 0) return false;
        if (!x) return true;
    }
}

static bool same_number(const char *a, const char *b) {
    NumberRule any = { 6, 12, true };
    int64_t x, y;
    return number_parse(a, NUMBER_PLAIN, any, &x) == NUMBER_OK && number_parse(b, NUMBER_PLAIN, any, &y) == NUMBER_OK
        && x == y;
}

static bool same_time(const char *a, const char *b) {
    size_t day = strcspn(a, "T"), minute = day + sizeof "T09:15" - 1;
    return strncmp(a, b, a[day] && b[strcspn(b, "T")] ? minute : day) == 0;
}

bool cell_same(CellKind kind, bool is_words, const char *a, const char *b) {
    if (!a || !b) return a == b;
    if (is_words) return same_words(a, b);
    if (kind == CELL_INT || kind == CELL_DECIMAL || kind == CELL_MONEY) return same_number(a, b);
    return kind == CELL_TIME ? same_time(a, b) : !strcmp(a, b);
}

const char *dial_code(const char *country) {
    static const char *const codes[][2] = { { "US", "1" }, { "CA", "1" }, { "IN", "91" }, { "GB", "44" },
                                            { "NG", "234" },
        { "ID", "62" }, { "KE", "254" }, { "ZA", "27" }, { "GH", "233" }, { "MX", "52" }, { "ES", "34" },
        { "DE", "49" },
        { "AU", "61" }, { "NZ", "64" }, { "PH", "63" }, { "BR", "55" } };
    for (size_t i = 0; country && i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(codes[i][0], country)) return codes[i][1];
    return NULL;
}
