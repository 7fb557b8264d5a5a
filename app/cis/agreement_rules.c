/*
 * Instalments: see agreement_rules.h.
 */
#include "app/cis/agreement_rules.h"

#include <string.h>

#include "lib/money.h"

void agreement_amounts(Schedule *s, Money financed, int n) {
    int64_t each = financed.minor / n;
    s->n = n;
    for (int i = 0; i < n; i++) s->v[i] = (ScheduleItem){ .due = DATE_NONE, .amount = { each } };
    s->v[0].amount.minor += financed.minor - each * n;
}

void agreement_dates(Schedule *s, Date first, const char *frequency) {
    bool monthly = !strcmp(frequency, "monthly");
    int days = !strcmp(frequency, "weekly") ? 7 : 14, day = date_ymd(first).day;
    for (int i = 0; i < s->n; i++) {
        if (!monthly) { s->v[i].due = date_add_days(first, i * days); continue; }
        Ymd last = date_ymd(month_last(month_add(month_of(first), i)));
        s->v[i].due = date_of(last.year, last.month, day < last.day ? day : last.day);
    }
}

bool agreement_schedule_read(const char *text, int exponent, Schedule *to) {
    *to = (Schedule){ .n = 0 };
    for (const char *s = text + strspn(text, " ;"); *s; s += strspn(s, " ;")) {
        size_t n = strcspn(s, ";"), day = strcspn(s, "=;");
        char date[16], amount[32];
        if (day == n || to->n == INSTALMENTS_MAX) return false;
        size_t from = day + 1;
        while (day && s[day - 1] == ' ') day--;
        while (from < n && s[from] == ' ') from++;
        size_t end = n;
        while (end > from && s[end - 1] == ' ') end--;
        if (day >= sizeof date || end - from >= sizeof amount) return false;
        memcpy(date, s, day), date[day] = 0;
        memcpy(amount, s + from, end - from), amount[end - from] = 0;
        ScheduleItem *item = &to->v[to->n];
        *item = (ScheduleItem){ 0 };
        if (!date_parse_iso(date, &item->due)) return false;
        if (number_parse(amount, NUMBER_PLAIN, (NumberRule){ exponent, 11, false }, &item->amount.minor) != NUMBER_OK)
            return false;
        if (item->amount.minor <= 0 || (to->n && date_compare(to->v[to->n - 1].due, item->due) >= 0)) return false;
        to->n++;
        s += n;
    }
    return to->n > 0;
}

Money agreement_sum(const Schedule *s) {
    Money sum = { 0 };
    for (int i = 0; i < s->n; i++) sum = money_add(sum, s->v[i].amount);
    return sum;
}

Money agreement_settle(Schedule *s, Money paid) {
    for (int i = 0; i < s->n; i++) {
        ScheduleItem *item = &s->v[i];
        item->paid = paid.minor < item->amount.minor ? paid : item->amount;
        paid = money_sub(paid, item->paid);
    }
    return paid;
}

const char *instalment_state(const ScheduleItem *item) {
    return !item->paid.minor ? "due" : item->paid.minor < item->amount.minor ? "part_paid" : "paid";
}
