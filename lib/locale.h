/*
 * How numbers, money and dates are shown to one reader: a Locale is an organization's regional settings in one language
 * (ux.md section 7). Numbers and dates are written by code of our own; ICU gives names of months and days, the order of
 * dates in words and the sign of a currency, once per language and currency.
 *
 * Results stand in the arena, are plain UTF-8 and use a no-break space where a line may not break ("236 kWh", "6:25
 * PM"). Negative numbers have a true minus (U+2212). For SMS see utf8_plain_signs. The parsers are those of money.h and
 * date.h with the Locale's formats.
 */
#ifndef LIB_LOCALE_H
#define LIB_LOCALE_H

#include "lib/date.h"
#include "lib/money.h"

typedef struct LanguageNames LanguageNames;

typedef struct Locale {
    const char  *language;              /* "en", "es" */
    const char  *currency;              /* "USD" */
    int          exponent;              /* its digits after the point */
    const char  *symbol;                  /* "$", "₹", "KWD" */
    bool         symbol_behind, symbol_space;
    NumberFormat number;
    DateFormat   date;
    bool         clock_24h;
    int          first_weekday;         /* 0 Sunday to 6 */
    const Zone  *zone;
    const char *const   *months;        /* 12 short names, for date_parse and date_text */
    const LanguageNames *names;
} Locale;

/* As organization_setting and utility have them. NULL or unknown: en, USD, "1,234.56", "MM/DD/YYYY", 12 h, UTC. */
typedef struct {
    const char *language, *currency, *number_format, *date_format, *time_format, *time_zone;
    int first_weekday;
} LocaleSettings;

/* Cheap after the first time for a language and a currency; one per request is fine. */
Locale *locale_new(Arena *a, LocaleSettings s);
/* A Locale that differs in its language only (a recipient's). */
Locale *locale_in(Arena *a, const Locale *l, const char *language);

/* Money and numbers. */
char *locale_money      (Arena *a, const Locale *l, Money m);                  /* $2,847.50   ₹ 1,12,604.00   −$12.00 */
char *locale_money_plain(Arena *a, const Locale *l, Money m);                  /* 2,847.50, -2.00: inputs, tables */
/* Of any currency, with its decimals: 2,847.50 EUR; with_code false: 2,847.50. */
char *locale_money_in   (Arena *a, const Locale *l, Money m, const char *currency, bool with_code);
char *locale_balance    (Arena *a, const Locale *l, Money owed);
/* $84.60, or "$500.00 in credit" below zero */
char *locale_count      (Arena *a, const Locale *l, int64_t n);                /* 2,140 */
char *locale_quantity   (Arena *a, const Locale *l, Quantity q, const char *unit);  /* 236 kWh; unit NULL: the number */
/* Rounded half up to so many places, all of them shown. */
char *locale_quantity_to(Arena *a, const Locale *l, Quantity q, int places, const char *unit);
/* 48,127: no more decimals than there are */
char *locale_reading    (Arena *a, const Locale *l, Reading r);
char *locale_reading_to (Arena *a, const Locale *l, Reading r, int places);    /* at least the meter's decimals */
/* $3.2083: at least the currency's digits */
char *locale_price      (Arena *a, const Locale *l, Price p);
char *locale_price_per  (Arena *a, const Locale *l, Price p, const char *unit);/* $3.2083 / CCF */
char *locale_percent    (Arena *a, const Locale *l, int64_t ppm);              /* 8.25 % */
/* For KPIs and axes: $2.8M, $12.4k; lakh (L) and crore (Cr) where numbers are grouped that way. */
char *locale_money_short(Arena *a, const Locale *l, Money m);
char *locale_bytes      (Arena *a, const Locale *l, int64_t bytes);            /* 12.4 MB */
/* Long numbers of digits alone in groups of four from the left: 1044 7821 09. */
char *locale_digits     (Arena *a, const char *digits);

/* Dates; DATE_NONE and TIME_NONE give "". */
char *locale_date      (Arena *a, const Locale *l, Date d);                    /* 03/20/2026 */
char *locale_date_words(Arena *a, const Locale *l, Date d);                    /* 20 Mar 2026 */
char *locale_date_full (Arena *a, const Locale *l, Date d);                    /* Friday 20 March 2026 */
char *locale_day_month (Arena *a, const Locale *l, Date d);                    /* 20 Mar */
char *locale_month     (Arena *a, const Locale *l, Month m);                   /* March 2026 */
char *locale_month_short(Arena *a, const Locale *l, Month m);                  /* Mar 2026 */
/* 1 Mar – 31 Mar 2026, with both years when they differ. */
char *locale_period    (Arena *a, const Locale *l, Date first, Date last);
char *locale_clock     (Arena *a, const Locale *l, Time t);                    /* 6:25 PM or 18:25, local */
char *locale_minutes   (Arena *a, const Locale *l, int minutes_of_day);        /* the same from a time of day */
char *locale_time      (Arena *a, const Locale *l, Time t);                    /* 03/20/2026 6:25 PM */
char *locale_time_words(Arena *a, const Locale *l, Time t);                    /* 20 Mar 2026, 6:25 PM */
/* An age or a wait in its largest unit, rounded down: "5 days", "3 hours", "less than a minute". A minus is ignored. */
char *locale_duration  (Arena *a, const Locale *l, int64_t us);
char *locale_days      (Arena *a, const Locale *l, int64_t days);              /* 5 days */
const char *weekday_name(const Locale *l, int weekday);                      /* "Friday"; 0 Sunday */
const char *month_name  (const Locale *l, int month);                        /* "March"; 1 January */

/* Reading what people type, in the Locale's formats. */
NumberProblem read_money   (const Locale *l, const char *s, bool negative, Money *to);
NumberProblem read_quantity(const Locale *l, const char *s, bool negative, Quantity *to);
NumberProblem read_price   (const Locale *l, const char *s, bool negative, Price *to);
NumberProblem read_reading (const Locale *l, const char *s, Reading *to);
NumberProblem read_percent (const Locale *l, const char *s, bool negative, int64_t *ppm);
DateProblem   read_date    (const Locale *l, const char *s, Date *to);      /* 1800 to 2999 */

/* Choices of the set-up pages: ISO currencies in use with their names, IANA zones; sorted, from ICU. */
void currencies_each(Arena *a, const char *language, void (*each)(void *arg, const char *code, const char *name),
                     void *arg);
void zones_each     (Arena *a, void (*each)(void *arg, const char *iana), void *arg);
bool currency_is_known(const char *code);                                    /* an ISO currency in use today */

#endif
