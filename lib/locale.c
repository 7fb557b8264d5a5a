/*
 * How numbers, money and dates are shown: see locale.h. Names are kept per language for the life of the process; a
 * Locale itself is a few fields in the arena of whoever needs it.
 */
#include "lib/locale.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ucurr.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uenum.h>
#include <unicode/ustring.h>

#include "lib/messages.h"

#define NBSP  "\u00a0"
#define MINUS "\u2212"

enum { NAME_MAX_BYTES = 40, PATTERN_MAX = 64, LANGUAGES_KEPT = 16, SIGNS_KEPT = 200 };

struct LanguageNames {
    char language[12];
    char months[12][NAME_MAX_BYTES], months_short[12][NAME_MAX_BYTES], days[7][NAME_MAX_BYTES];
    char nominative[12][NAME_MAX_BYTES];                /* for a month alone; languages with cases differ */
    const char *short_table[12];                        /* months_short as Locale.months has them */
    char words[PATTERN_MAX], full[PATTERN_MAX], day_month[PATTERN_MAX], month[PATTERN_MAX], month_short[PATTERN_MAX];
    char am[NAME_MAX_BYTES], pm[NAME_MAX_BYTES];
};

/* ---- names from ICU ---- */

static void to_utf8(char *to, int32_t room, const UChar *s, int32_t n) {
    UErrorCode status = U_ZERO_ERROR;
    u_strToUTF8(to, room, NULL, s, n, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING) to[0] = 0;
}

static void symbol(char to[NAME_MAX_BYTES], const UDateFormat *f, UDateFormatSymbolType type, int32_t index) {
    UChar wide[NAME_MAX_BYTES];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = udat_getSymbols(f, type, index, wide, NAME_MAX_BYTES, &status);
    to[0] = 0;
    if (U_SUCCESS(status)) to_utf8(to, NAME_MAX_BYTES, wide, n);
}

static void pattern(char to[PATTERN_MAX], UDateTimePatternGenerator *g, const char *skeleton) {
    UChar wide[16], best[PATTERN_MAX];
    UErrorCode status = U_ZERO_ERROR;
    u_uastrcpy(wide, skeleton);
    int32_t n = udatpg_getBestPattern(g, wide, -1, best, PATTERN_MAX, &status);
    to[0] = 0;
    if (U_SUCCESS(status)) to_utf8(to, PATTERN_MAX, best, n);
}

/* ux.md wants the day before the month in English too. */
static void english_patterns(LanguageNames *l) {
    snprintf(l->words, PATTERN_MAX, "d MMM y");
    snprintf(l->full, PATTERN_MAX, "EEEE d MMMM y");
    snprintf(l->day_month, PATTERN_MAX, "d MMM");
    snprintf(l->month, PATTERN_MAX, "LLLL y");
    snprintf(l->month_short, PATTERN_MAX, "MMM y");
}

static void patterns(LanguageNames *l) {
    UErrorCode status = U_ZERO_ERROR;
    UDateTimePatternGenerator *g = strcmp(l->language, "en") ? udatpg_open(l->language, &status) : NULL;
    english_patterns(l);
    if (!g || U_FAILURE(status)) return;
    pattern(l->words, g, "yMMMd");
    pattern(l->full, g, "yMMMMEEEEd");
    pattern(l->day_month, g, "MMMd");
    pattern(l->month, g, "yMMMM");
    pattern(l->month_short, g, "yMMM");
    udatpg_close(g);
}

static void names(LanguageNames *l) {
    UErrorCode status = U_ZERO_ERROR;
    UDateFormat *f = udat_open(UDAT_LONG, UDAT_LONG, l->language, NULL, 0, NULL, 0, &status);
    if (U_FAILURE(status)) return;
    for (int i = 0; i < 12; i++) {
        symbol(l->months[i], f, UDAT_MONTHS, i);
        symbol(l->nominative[i], f, UDAT_STANDALONE_MONTHS, i);
        symbol(l->months_short[i], f, UDAT_SHORT_MONTHS, i);
        l->short_table[i] = l->months_short[i];
    }
    for (int i = 0; i < 7; i++) symbol(l->days[i], f, UDAT_WEEKDAYS, i + 1);
    symbol(l->am, f, UDAT_AM_PMS, 0);
    symbol(l->pm, f, UDAT_AM_PMS, 1);
    udat_close(f);
}

static const LanguageNames *language_names(const char *language) {
    static LanguageNames *kept[LANGUAGES_KEPT];
    static int n;
    for (int i = 0; i < n; i++)
        if (!strcmp(kept[i]->language, language)) return kept[i];
    if (n == LANGUAGES_KEPT) return kept[0];
    LanguageNames *l = calloc(1, sizeof *l);
    if (!l) abort();
    snprintf(l->language, sizeof l->language, "%s", language);
    names(l);
    patterns(l);
    return kept[n++] = l;
}

/* ---- a Locale ---- */

/* The short sign of a currency: an organization has one currency, so "$" is clear. */
static const char *currency_sign(const char *currency) {
    static struct { char currency[4], sign[16]; } kept[SIGNS_KEPT];
    static int n;
    for (int i = 0; i < n; i++)
        if (!strcmp(kept[i].currency, currency)) return kept[i].sign;
    if (n == SIGNS_KEPT) return kept[0].sign;
    UChar wide[4];
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = 0;
    u_uastrcpy(wide, currency);
    const UChar *s = ucurr_getName(wide, "en", UCURR_NARROW_SYMBOL_NAME, NULL, &length, &status);
    snprintf(kept[n].currency, sizeof kept[n].currency, "%s", currency);
    if (U_SUCCESS(status)) to_utf8(kept[n].sign, sizeof kept[n].sign, s, length);
    if (!kept[n].sign[0]) snprintf(kept[n].sign, sizeof kept[n].sign, "%s", currency);
    return kept[n++].sign;
}

static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/* With a decimal comma the sign stands behind, but for dollars, reals and pesos; before a number it touches it only
   where that is the custom. */
static void place_sign(Locale *l) {
    bool dollar = strchr(l->symbol, '$') != NULL, comma = l->number.decimal == ',';
    l->symbol_behind = comma && !dollar;
    size_t n = strlen(l->symbol);
    l->symbol_space = comma || !strcmp(l->symbol, "₹") || (n && is_letter(l->symbol[n - 1]));
}

Locale *locale_new(Arena *a, LocaleSettings s) {
    Locale *l = take(a, sizeof *l);
    *l = (Locale){
        .language = arena_copy(a, s.language && *s.language && strlen(s.language) < 12 ? s.language : "en"),
        .currency = arena_copy(a, currency_exponent(s.currency) >= 0 ? s.currency : "USD"),
        .number = { .decimal = '.', .group = ',' },
        .date = DATE_MDY,
        .clock_24h = s.time_format && !strcmp(s.time_format, "24h"),
        .first_weekday = s.first_weekday >= 0 && s.first_weekday <= 6 ? s.first_weekday : 0,
    };
    l->exponent = currency_exponent(l->currency);
    l->symbol = currency_sign(l->currency);
    number_format_find(s.number_format, &l->number);
    date_format_find(s.date_format, &l->date);
    l->zone = zone_find(s.time_zone);
    if (!l->zone) l->zone = zone_utc();
    l->names = language_names(l->language);
    l->months = l->names->short_table;
    place_sign(l);
    return l;
}

Locale *locale_in(Arena *a, const Locale *from, const char *language) {
    Locale *l = take(a, sizeof *l);
    *l = *from;
    if (!language || !*language || strlen(language) >= 12) return l;
    l->language = arena_copy(a, language);
    l->names = language_names(l->language);
    l->months = l->names->short_table;
    return l;
}

/* ---- money and numbers ---- */

static char *number(Arena *a, const Locale *l, int64_t value, int places, int places_min) {
    return number_text(a, value, l->number, (NumberStyle){ places, places_min, MINUS });
}

/* The sign of the currency around a number that is already written without its minus. */
static char *with_sign(Arena *a, const Locale *l, bool negative, const char *shown) {
    const char *minus = negative ? MINUS : "", *space = l->symbol_space ? NBSP : "";
    if (l->symbol_behind) return arena_text(a, "%s%s%s%s", minus, shown, space, l->symbol);
    return arena_text(a, "%s%s%s%s", minus, l->symbol, space, shown);
}

static int64_t size_of(int64_t n) { return n < 0 ? -n : n; }

char *locale_money(Arena *a, const Locale *l, Money m) {
    return with_sign(a, l, m.minor < 0, number(a, l, size_of(m.minor), l->exponent, l->exponent));
}

char *locale_money_plain(Arena *a, const Locale *l, Money m) {
    return number_text(a, m.minor, l->number, (NumberStyle){ l->exponent, l->exponent, NULL });
}

char *locale_money_in(Arena *a, const Locale *l, Money m, const char *currency, bool with_code) {
    Locale other = *l;
    other.exponent = currency_exponent(currency);
    char *number = locale_money_plain(a, &other, m);
    return with_code ? arena_text(a, "%s %s", number, currency) : number;
}

char *locale_balance(Arena *a, const Locale *l, Money owed) {
    if (owed.minor >= 0) return locale_money(a, l, owed);
    return msg_format(a, l->language, "lib.in_credit", { "amount", locale_money(a, l, money_neg(owed)) });
}

char *locale_count(Arena *a, const Locale *l, int64_t n) { return number(a, l, n, 0, 0); }

static char *with_unit(Arena *a, const char *shown, const char *unit) {
    return arena_text(a, "%s%s%s", shown, unit && *unit ? NBSP : "", unit ? unit : "");
}

char *locale_quantity(Arena *a, const Locale *l, Quantity q, const char *unit) {
    return with_unit(a, number(a, l, q.micro, 6, 0), unit);
}

char *locale_quantity_to(Arena *a, const Locale *l, Quantity q, int places, const char *unit) {
    assert(places >= 0 && places <= 6);
    int64_t rounded = (int64_t)wide_divide(q.micro, power_of_ten(6 - places), ROUND_HALF_UP);
    return with_unit(a, number(a, l, rounded, places, places), unit);
}

char *locale_reading(Arena *a, const Locale *l, Reading r) { return number(a, l, r.e3, 3, 0); }

char *locale_reading_to(Arena *a, const Locale *l, Reading r, int places) {
    return number(a, l, r.e3, 3, places < 0 ? 0 : places > 3 ? 3 : places);
}

char *locale_price(Arena *a, const Locale *l, Price p) {
    return with_sign(a, l, p.micro < 0, number(a, l, size_of(p.micro), 6, l->exponent));
}

char *locale_price_per(Arena *a, const Locale *l, Price p, const char *unit) {
    return arena_text(a, "%s" NBSP "/" NBSP "%s", locale_price(a, l, p), unit);
}

char *locale_percent(Arena *a, const Locale *l, int64_t ppm) {
    return arena_text(a, "%s" NBSP "%%", number(a, l, ppm, 4, 0));
}

typedef struct { Wide from; const char *word; } Step;
static const Step short_steps[]  = { { 1000000000, "bn" }, { 1000000, "M" }, { 1000, "k" }, { 1, "" } };
static const Step indian_steps[] = { { 10000000, NBSP "Cr" }, { 100000, NBSP "L" }, { 1000, "k" }, { 1, "" } };

/* value / unit with one decimal below 100, none above; so many units as the step has. */
static char *shortened(Arena *a, const Locale *l, Wide value, Wide unit, const Step *s) {
    for (; s->from > 1; s++)
        if (value >= s->from * unit) break;
    Wide tenths = wide_divide(value * 10, s->from * unit, ROUND_HALF_UP);
    int64_t shown = tenths >= 1000 ? (int64_t)wide_divide(value, s->from * unit, ROUND_HALF_UP) : (int64_t)tenths;
    return arena_text(a, "%s%s", tenths >= 1000 ? number(a, l, shown, 0, 0) : number(a, l, shown, 1, 0), s->word);
}

char *locale_money_short(Arena *a, const Locale *l, Money m) {
    Wide value = m.minor < 0 ? -(Wide)m.minor : m.minor;
    const Step *steps = l->number.indian ? indian_steps : short_steps;
    return with_sign(a, l, m.minor < 0, shortened(a, l, value, power_of_ten(l->exponent), steps));
}

char *locale_bytes(Arena *a, const Locale *l, int64_t bytes) {
    static const Step steps[] = { { 1000000000, NBSP "GB" }, { 1000000, NBSP "MB" }, { 1000, NBSP "kB" },
                                  { 1, NBSP "bytes" } };
    return shortened(a, l, bytes < 0 ? 0 : bytes, 1, steps);
}

char *locale_digits(Arena *a, const char *digits) {
    Text t = { .arena = a };
    text_add(&t, "");
    for (size_t i = 0; digits[i]; i++) {
        if (i && i % 4 == 0) text_add(&t, NBSP);
        text_add_n(&t, digits + i, 1);
    }
    return t.s;
}

/* ---- dates ---- */

/* The patterns that ICU gives for dates in words use these letters only; quoted text stays. */
static char *by_pattern(Arena *a, const LanguageNames *l, const char *p, Date d) {
    if (!date_is_set(d)) return arena_copy(a, "");
    Ymd ymd = date_ymd(d);
    Text t = { .arena = a };
    text_add(&t, "");
    while (*p) {
        size_t n = 1;
        while (p[n] == *p) n++;
        switch (*p) {
        case 'd': text_addf(&t, n > 1 ? "%02d" : "%d", ymd.day); break;
        case 'y': text_addf(&t, "%d", ymd.year); break;
        case 'E': text_add(&t, l->days[date_weekday(d)]); break;
        case 'M':
        case 'L':
            if (n <= 2) text_addf(&t, n > 1 ? "%02d" : "%d", ymd.month);
            else if (n == 3) text_add(&t, l->months_short[ymd.month - 1]);
            else text_add(&t, *p == 'L' ? l->nominative[ymd.month - 1] : l->months[ymd.month - 1]);
            break;
        case '\'':
            n = 1 + strcspn(p + 1, "'");
            text_add_n(&t, p + 1, n - 1);
            if (p[n]) n++;
            break;
        default: text_add_n(&t, p, n);
        }
        p += n;
    }
    return t.s;
}

char *locale_date      (Arena *a, const Locale *l, Date d) { return date_text(a, d, l->date, l->months); }
char *locale_date_words(Arena *a, const Locale *l, Date d) { return by_pattern(a, l->names, l->names->words, d); }
char *locale_date_full (Arena *a, const Locale *l, Date d) { return by_pattern(a, l->names, l->names->full, d); }
char *locale_day_month (Arena *a, const Locale *l, Date d) { return by_pattern(a, l->names, l->names->day_month, d); }

char *locale_month(Arena *a, const Locale *l, Month m) {
    return by_pattern(a, l->names, l->names->month, month_first(m));
}

char *locale_month_short(Arena *a, const Locale *l, Month m) {
    return by_pattern(a, l->names, l->names->month_short, month_first(m));
}

char *locale_period(Arena *a, const Locale *l, Date first, Date last) {
    if (!date_is_set(first) || !date_is_set(last)) return arena_copy(a, "");
    bool one_year = date_ymd(first).year == date_ymd(last).year;
    const char *from = one_year ? locale_day_month(a, l, first) : locale_date_words(a, l, first);
    return arena_text(a, "%s – %s", from, locale_date_words(a, l, last));
}

char *locale_minutes(Arena *a, const Locale *l, int minutes) {
    int hour = minutes / 60 % 24, minute = minutes % 60;
    if (l->clock_24h) return arena_text(a, "%02d:%02d", hour, minute);
    return arena_text(a, "%d:%02d" NBSP "%s", hour % 12 ? hour % 12 : 12, minute,
                      hour < 12 ? l->names->am : l->names->pm);
}

char *locale_clock(Arena *a, const Locale *l, Time t) {
    if (!time_is_set(t)) return arena_copy(a, "");
    Local local = time_local(l->zone, t);
    return locale_minutes(a, l, local.hour * 60 + local.minute);
}

char *locale_time(Arena *a, const Locale *l, Time t) {
    if (!time_is_set(t)) return arena_copy(a, "");
    return arena_text(a, "%s %s", locale_date(a, l, time_date(l->zone, t)), locale_clock(a, l, t));
}

char *locale_time_words(Arena *a, const Locale *l, Time t) {
    if (!time_is_set(t)) return arena_copy(a, "");
    return arena_text(a, "%s, %s", locale_date_words(a, l, time_date(l->zone, t)), locale_clock(a, l, t));
}

char *locale_days(Arena *a, const Locale *l, int64_t days) {
    return msg_plural(a, l->language, "lib.days", days, locale_count(a, l, days));
}

char *locale_duration(Arena *a, const Locale *l, int64_t us) {
    /* Months of 30 and years of 365 days: this is for ages, not for due dates. */
    static const struct { int64_t us; const char *key; int64_t from; } units[] = {
        { 365 * DAY_US, "lib.years", 2 }, { 30 * DAY_US, "lib.months", 3 }, { DAY_US, "lib.days", 1 },
            { HOUR_US, "lib.hours", 1 },
        { MINUTE_US, "lib.minutes", 1 },
    };
    if (us < 0) us = us == INT64_MIN ? INT64_MAX : -us;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        int64_t n = us / units[i].us;
        if (n >= units[i].from) return msg_plural(a, l->language, units[i].key, n, locale_count(a, l, n));
    }
    return arena_copy(a, msg(l->language, "lib.less_than_a_minute"));
}

const char *weekday_name(const Locale *l, int weekday) {
    assert(weekday >= 0 && weekday < 7);
    return l->names->days[weekday];
}

const char *month_name(const Locale *l, int month) {
    assert(month >= 1 && month <= 12);
    return l->names->nominative[month - 1];
}

/* ---- reading ---- */

NumberProblem read_money(const Locale *l, const char *s, bool negative, Money *to) {
    return money_parse(s, l->number, l->exponent, negative, to);
}

NumberProblem read_quantity(const Locale *l, const char *s, bool negative, Quantity *to) {
    return quantity_parse(s, l->number, negative, to);
}

NumberProblem read_price(const Locale *l, const char *s, bool negative, Price *to) {
    return price_parse(s, l->number, negative, to);
}

NumberProblem read_reading(const Locale *l, const char *s, Reading *to) {
    return reading_parse(s, l->number, to);
}

NumberProblem read_percent(const Locale *l, const char *s, bool negative, int64_t *ppm) {
    return percent_parse(s, l->number, negative, ppm);
}

DateProblem read_date(const Locale *l, const char *s, Date *to) {
    DateProblem problem = date_parse(s, l->date, l->months, to);
    if (problem == DATE_MALFORMED && l->date == DATE_DMONY) problem = date_parse(s, l->date, english_months, to);
    if (problem != DATE_OK) return problem;
    int year = date_ymd(*to).year;
    return year >= TYPED_YEAR_MIN && year <= TYPED_YEAR_MAX ? DATE_OK : DATE_NO_DAY;
}

/* ---- choices ---- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Currencies that ICU calls current, without funds codes and
 * metals (which have no minor unit that anybody pays with). */
static const char **currency_codes(Arena *a, size_t *n) {
    const char **codes = take_n(a, const char *, 400);
    UErrorCode status = U_ZERO_ERROR;
    UEnumeration *e = ucurr_openISOCurrencies(UCURR_COMMON | UCURR_NON_DEPRECATED, &status);
    *n = 0;
    for (const char *code; U_SUCCESS(status) && *n < 399 && (code = uenum_next(e, NULL, &status));)
        if (currency_exponent(code) >= 0 && (code[0] != 'X' || strstr("XAF XCD XOF XPF", code)))
            codes[(*n)++] = arena_copy(a, code);
    if (e) uenum_close(e);
    qsort(codes, *n, sizeof *codes, by_text);
    return codes;
}

bool currency_is_known(const char *code) {
    Arena a = { 0 };
    size_t n, i = 0;
    const char **codes = currency_codes(&a, &n);
    while (i < n && (!code || strcmp(codes[i], code))) i++;
    arena_end(&a);
    return i < n;
}

void currencies_each(Arena *a, const char *language, void (*each)(void *arg, const char *code, const char *name),
                     void *arg) {
    size_t n;
    const char **codes = currency_codes(a, &n);
    for (size_t i = 0; i < n; i++) {
        UChar wide[4];
        char name[120] = "";
        UErrorCode status = U_ZERO_ERROR;
        int32_t length = 0;
        u_uastrcpy(wide, codes[i]);
        const UChar *s = ucurr_getName(wide, language, UCURR_LONG_NAME, NULL, &length, &status);
        if (U_SUCCESS(status)) to_utf8(name, sizeof name, s, length);
        each(arg, codes[i], arena_copy(a, name));
    }
}

void zones_each(Arena *a, void (*each)(void *arg, const char *iana), void *arg) {
    const char **all = take_n(a, const char *, 800);
    size_t n = 0;
    UErrorCode status = U_ZERO_ERROR;
    UEnumeration *e = ucal_openTimeZoneIDEnumeration(UCAL_ZONE_TYPE_CANONICAL_LOCATION, NULL, NULL, &status);
    for (const char *id; U_SUCCESS(status) && n < 800 && (id = uenum_next(e, NULL, &status));)
        if (strchr(id, '/')) all[n++] = arena_copy(a, id);
    if (e) uenum_close(e);
    qsort(all, n, sizeof *all, by_text);
    for (size_t i = 0; i < n; i++) each(arg, all[i]);
}
