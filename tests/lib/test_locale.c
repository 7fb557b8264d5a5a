/* lib/locale: the formats of ux.md section 7 in the four number formats, English and Spanish. */
#include "lib/locale.h"

#include "lib/messages.h"
#include "tests/suite.h"

static Arena mem;

static Locale *of(const char *language, const char *currency, const char *number, const char *date, const char *clock,
                  const char *zone) {
    return locale_new(&mem, (LocaleSettings){ language, currency, number, date, clock, zone, 0 });
}

static Locale *us(void) { return of("en", "USD", "1,234.56", "MM/DD/YYYY", "12h", "America/Los_Angeles"); }

static void shows_money(void) {
    static const struct { const char *currency, *number; int64_t minor; const char *is; } cases[] = {
        { "USD", "1,234.56", 284750, "$2,847.50" },             { "USD", "1,234.56", -1200, "−$12.00" },
        { "INR", "1,23,456.78", 11260400, "₹\u00a01,12,604.00" }, { "EUR", "1.234,56", 123456, "1.234,56\u00a0€" },
        { "EUR", "1 234,56", -123456, "−1\u00a0234,56\u00a0€" }, { "GBP", "1,234.56", 5, "£0.05" },
        { "JPY", "1,234.56", 1234, "¥1,234" },                  { "KWD", "1,234.56", 1234567, "KWD\u00a01,234.567" },
        { "BRL", "1.234,56", 123456, "R$\u00a01.234,56" },      { "CHF", "1,234.56", 100, "CHF\u00a01.00" },
        { "USD", "1,234.56", 0, "$0.00" },                      { "MXN", "1,234.56", 8460, "$84.60" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_TEXT(locale_money(&mem, of("en", cases[i].currency, cases[i].number, NULL, NULL, NULL),
                               (Money){ cases[i].minor }), cases[i].is);
    SAME_TEXT(locale_money(&mem, locale_in(&mem, us(), "es"), (Money){ 8460 }), "$84.60");
    SAME_TEXT(locale_money_plain(&mem, us(), (Money){ -284750 }), "-2,847.50");
    SAME_TEXT(locale_balance(&mem, us(), (Money){ 8460 }), "$84.60");
    SAME_TEXT(locale_balance(&mem, us(), (Money){ -50000 }), "$500.00 in credit");
    SAME_TEXT(locale_balance(&mem, locale_in(&mem, us(), "es"), (Money){ -50000 }), "$500.00 a favor");
    SAME_TEXT(locale_money_short(&mem, us(), (Money){ 284750000 }), "$2.8M");
    SAME_TEXT(locale_money_short(&mem, us(), (Money){ 1240000 }), "$12.4k");
    SAME_TEXT(locale_money_short(&mem, us(), (Money){ 99950 }), "$1,000");
    SAME_TEXT(locale_money_short(&mem, us(), (Money){ -45600000 }), "−$456k");
    SAME_TEXT(locale_money_short(&mem, of("en", "INR", "1,23,456.78", NULL, NULL, NULL), (Money){ 12345678900 }),
              "₹\u00a012.3\u00a0Cr");
}

static void shows_numbers(void) {
    Locale *l = us(), *de = of("en", "EUR", "1.234,56", "DD.MM.YYYY", "24h", "Europe/Berlin");
    SAME_TEXT(locale_count(&mem, l, 214000), "214,000");
    SAME_TEXT(locale_quantity(&mem, l, quantity_of(236), "kWh"), "236\u00a0kWh");
    SAME_TEXT(locale_quantity(&mem, l, (Quantity){ 12500000 }, NULL), "12.5");
    SAME_TEXT(locale_quantity_to(&mem, de, (Quantity){ 1234565000 }, 2, "m³"), "1.234,57\u00a0m³");
    SAME_TEXT(locale_reading(&mem, l, (Reading){ 48127000 }), "48,127");
    SAME_TEXT(locale_reading(&mem, l, (Reading){ 48127500 }), "48,127.5");
    SAME_TEXT(locale_reading_to(&mem, l, (Reading){ 48127000 }, 2), "48,127.00");
    SAME_TEXT(locale_price_per(&mem, l, (Price){ 3208300 }, "CCF"), "$3.2083\u00a0/\u00a0CCF");
    SAME_TEXT(locale_price(&mem, l, (Price){ 3000000 }), "$3.00");
    SAME_TEXT(locale_percent(&mem, l, 82500), "8.25\u00a0%");
    SAME_TEXT(locale_bytes(&mem, l, 12400000), "12.4\u00a0MB");
    SAME_TEXT(locale_digits(&mem, "1044782109"), "1044\u00a07821\u00a009");
}

static void shows_dates(void) {
    Locale *l = us(), *es = locale_in(&mem, l, "es"), *de = of("de", "EUR", "1.234,56", "DD.MM.YYYY", "24h",
        "Europe/Berlin");
    Date d = date_of(2026, 3, 20);
    Time t;
    CU_ASSERT(time_parse_iso("2026-03-21T01:25:00Z", &t));
    SAME_TEXT(locale_date(&mem, l, d), "03/20/2026");
    SAME_TEXT(locale_date_words(&mem, l, d), "20 Mar 2026");
    SAME_TEXT(locale_date_full(&mem, l, d), "Friday 20 March 2026");
    SAME_TEXT(locale_day_month(&mem, l, d), "20 Mar");
    SAME_TEXT(locale_month(&mem, l, month_of(d)), "March 2026");
    SAME_TEXT(locale_clock(&mem, l, t), "6:25\u00a0PM");
    SAME_TEXT(locale_time(&mem, l, t), "03/20/2026 6:25\u00a0PM");
    SAME_TEXT(locale_time_words(&mem, l, t), "20 Mar 2026, 6:25\u00a0PM");
    SAME_TEXT(locale_minutes(&mem, l, 5), "12:05\u00a0AM");
    SAME_TEXT(locale_period(&mem, l, date_of(2026, 3, 1), date_of(2026, 3, 31)), "1 Mar – 31 Mar 2026");
    SAME_TEXT(locale_period(&mem, l, date_of(2025, 12, 15), date_of(2026, 1, 14)), "15 Dec 2025 – 14 Jan 2026");
    SAME_TEXT(locale_date_words(&mem, es, d), "20 mar 2026");
    SAME_TEXT(locale_date_full(&mem, es, d), "viernes, 20 de marzo de 2026");
    SAME_TEXT(locale_month(&mem, es, month_of(d)), "marzo de 2026");
    SAME_TEXT(locale_date(&mem, de, d), "20.03.2026");
    SAME_TEXT(locale_clock(&mem, de, t), "02:25");
    SAME_TEXT(locale_date_full(&mem, de, d), "Freitag, 20. März 2026");
    SAME_TEXT(locale_date(&mem, l, DATE_NONE), "");
    SAME_TEXT(locale_date_words(&mem, l, DATE_NONE), "");
    SAME_TEXT(locale_time(&mem, l, TIME_NONE), "");
    SAME_TEXT(locale_clock(&mem, l, TIME_NONE), "");
    Locale *mmm = of("es", "USD", NULL, "DD-MMM-YYYY", NULL, NULL);
    SAME_TEXT(locale_date(&mem, mmm, d), "20-mar-2026");
    Date back = DATE_NONE;
    SAME_INT(read_date(mmm, "5-ene-2026", &back), DATE_OK);
    SAME_INT(back.day, date_of(2026, 1, 5).day);
    SAME_INT(read_date(mmm, "5-Jan-2026", &back), DATE_OK);
    SAME_INT(read_date(mmm, "5-xyz-2026", &back), DATE_MALFORMED);
    SAME_INT(read_date(mmm, "31-Dec-2999", &back), DATE_OK);
    /* what is added to it would leave the calendar */
    SAME_INT(read_date(mmm, "1-Jan-3000", &back), DATE_NO_DAY);
    SAME_INT(read_date(mmm, "31-Dec-9999", &back), DATE_NO_DAY);
    SAME_INT(read_date(mmm, "31-Dec-1799", &back), DATE_NO_DAY);
    SAME_TEXT(weekday_name(l, 0), "Sunday");
    SAME_TEXT(month_name(es, 12), "diciembre");
}

static void shows_durations(void) {
    Locale *l = us();
    SAME_TEXT(locale_duration(&mem, l, 5 * DAY_US), "5 days");
    SAME_TEXT(locale_duration(&mem, l, 36 * HOUR_US), "1 day");
    SAME_TEXT(locale_duration(&mem, l, 59 * DAY_US), "59 days");
    SAME_TEXT(locale_duration(&mem, l, 100 * DAY_US), "3 months");
    SAME_TEXT(locale_duration(&mem, l, 800 * DAY_US), "2 years");
    SAME_TEXT(locale_duration(&mem, l, -61 * SECOND_US), "1 minute");
    SAME_TEXT(locale_duration(&mem, l, 59 * SECOND_US), "less than a minute");
    SAME_TEXT(locale_days(&mem, locale_in(&mem, l, "es"), 1), "1 día");
    SAME_TEXT(locale_days(&mem, l, 2140), "2,140 days");
}

static void falls_back(void) {
    Locale *l = locale_new(&mem, (LocaleSettings){ "xx", "usd", "?", "?", "?", "Mars/Base", 9 });
    SAME_TEXT(l->currency, "USD");
    SAME_TEXT(zone_name(l->zone), "UTC");
    SAME_TEXT(locale_money(&mem, l, (Money){ 100 }), "$1.00");
    SAME_TEXT(locale_date(&mem, l, date_of(2026, 1, 2)), "01/02/2026");
    CU_ASSERT(*locale_date_full(&mem, l, date_of(2026, 1, 2)));
}

static void count_each(void *arg, const char *code, const char *name) {
    if (strlen(code) == 3 && *name) ++*(int *)arg;
}

static void count_zone(void *arg, const char *iana) {
    if (zone_find(iana)) ++*(int *)arg;
}

static void lists_choices(void) {
    int n = 0, zones = 0;
    currencies_each(&mem, "en", count_each, &n);
    CU_ASSERT(n > 140 && n < 200);
    zones_each(&mem, count_zone, &zones);
    CU_ASSERT(zones > 300);
    CU_ASSERT(currency_is_known("USD"));
    CU_ASSERT_FALSE(currency_is_known("DEM"));
    CU_ASSERT_FALSE(currency_is_known("XAU"));
    CU_ASSERT_FALSE(currency_is_known(NULL));
}

int main(void) {
    if (messages_load(&mem, VIEWS_DIR "/messages")) return 2;
    int status = suite_run("locale", (SuiteTest[]){
        { "shows money", shows_money }, { "shows numbers", shows_numbers }, { "shows dates", shows_dates },
        { "shows durations", shows_durations },
        { "falls back", falls_back }, { "lists choices", lists_choices }, { 0 } });
    arena_end(&mem);
    return status;
}
