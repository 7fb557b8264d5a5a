/*
 * What is decided about a printed bill: see paper_rules.h.
 */
#include "app/billing/paper_rules.h"

#include <ctype.h>
#include <string.h>

#include "lib/json.h"
#include "lib/utf8.h"

enum { YEAR_SLACK = 20, TEMPLATE_MAX = 256 * 1024 };

/* --- figures that fit together ------------------------------------------------------------------------------------ */

static bool is(const char *a, const char *b) { return a && !strcmp(a, b); }

static const char *bad_text(const BillPaper *p) {
    const char *const all[] = { p->bill_no, p->account_no, p->consumer_name, p->premise, p->issuer.name };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && !utf8_is_valid(all[i], strlen(all[i]))) return all[i];
    for (size_t i = 0; i < p->line_n; i++)
        if (!utf8_is_valid(p->line[i].description, strlen(p->line[i].description))) return p->line[i].description;
    return NULL;
}

const char *paper_refusal(Arena *a, const BillPaper *p) {
    if (!p->bill_no || !*p->bill_no) return "it has no number";
    if (!p->line_n) return "it has no lines";
    if (!p->address_n) return "it has no address";
    if (bad_text(p)) return "a text of it is damaged";
    __int128 total = 0;
    for (size_t i = 0; i < p->line_n; i++)
        if (p->line[i].posts) total += p->line[i].amount.minor;
    if (total != p->total.minor)
        return text(a, "its lines sum to %s, not to %s", money_decimal(a, (Money){ (int64_t)total }, p->exponent),
                    money_decimal(a, p->total, p->exponent));
    __int128 since = (__int128)p->previous.minor + p->payments.minor + p->adjustments.minor + p->posted.minor;
    bool told = p->previous.minor || p->payments.minor || p->adjustments.minor || p->posted.minor;
    if (told && since != p->forward.minor) return "its balance before does not sum up";
    if ((__int128)p->forward.minor + p->total.minor != (__int128)p->due.minor - p->carried.minor)
        return "its amount due is not balance and charges";
    if (p->days != date_days_inclusive(p->period_start, p->period_end)) return "its days are not those of its period";
    return NULL;
}

/* --- readings ----------------------------------------------------------------------------------------------------- */

/* As much of it as is printed. */
static Reading reading_at(Arena *a, Json j, const char *name) {
    const char *s = json_rounded(a, j, name, 3);
    if (!s) s = json_text(j, name);
    Reading v = { 0 };
    if (s) number_parse(s, NUMBER_PLAIN, (NumberRule){ .places = 3, .digits_max = 15, .negative = true }, &v.e3);
    return v;
}

size_t paper_readings(Arena *a, const char *json, const char *unit, PaperReading *to, size_t most) {
    Json list = json ? json_read(a, json, strlen(json), TEMPLATE_MAX, NULL) : (Json){ 0 };
    size_t n = 0;
    for (size_t i = 0; i < json_size(list) && n < most; i++) {
        Json j = json_item(list, i);
        const char *from = json_text(j, "from_on"), *until = json_text(j, "to_on");
        PaperReading r = { .meter_no = json_text(j, "meter_no"), .unit = unit, .from = DATE_NONE, .to = DATE_NONE,
                           .from_value = reading_at(a, j, "from"), .to_value = reading_at(a, j, "to"),
                           .use = reading_at(a, j, "quantity"), .is_estimated = json_text(j, "estimated") != NULL };
        if (from && date_parse_iso(from, &r.from)) r.from = date_add_days(r.from, 1);
        if (until) date_parse_iso(until, &r.to);
        size_t k = n++;
        for (; k && date_compare(to[k - 1].from, r.from) > 0; k--) to[k] = to[k - 1];
        to[k] = r;
    }
    return n;
}

/* --- the template ------------------------------------------------------------------------------------------------- */

PaperSections paper_sections(Arena *a, const char *json) {
    PaperSections s = { true, true, true, true, true, true, true, false, true };
    const struct { const char *key; bool *on; } keys[] = {
        { "readings", &s.readings }, { "usage_graph", &s.usage_graph }, { "comparison", &s.comparison },
        { "messages", &s.messages }, { "agreement", &s.agreement }, { "payment_slip", &s.payment_slip },
        { "how_to_pay", &s.how_to_pay }, { "terms", &s.terms }, { "trail", &s.trail } };
    Json list = json ? json_read(a, json, strlen(json), TEMPLATE_MAX, NULL) : (Json){ 0 };
    for (size_t i = 0; i < json_size(list); i++) {
        const char *key = json_text(json_item(list, i), "key");
        bool on = true;
        json_bool(json_item(list, i), "on", &on);
        for (size_t k = 0; key && k < sizeof keys / sizeof *keys; k++)
            if (!strcmp(keys[k].key, key)) *keys[k].on = on;
    }
    return s;
}

const char *paper_text(Arena *a, const char *json, const char *language, const char *key) {
    Json all = json ? json_read(a, json, strlen(json), TEMPLATE_MAX, NULL) : (Json){ 0 };
    const char *one = json_text(json_member(all, language ? language : "en"), key);
    if (!one) one = json_text(json_member(all, "en"), key);
    return one && *one ? text_copy(a, one) : NULL;
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static const char *joined(Arena *a, const char *first, const char *between, const char *second) {
    bool has1 = first && *first, has2 = second && *second;
    if (has1 && has2) return text(a, "%s%s%s", first, between, second);
    return has1 ? first : has2 ? second : NULL;
}

/* "Portland, OR 97221". */
static const char *city_line(Arena *a, const PaperAddress *f) {
    return joined(a, joined(a, f->city, ", ", f->state), " ", f->postal_code);
}

static const char *street_line(Arena *a, const PaperAddress *f) {
    return joined(a, f->line1, ", ",
                  f->unit && *f->unit ? text(a, "%s%s", isdigit((unsigned char)*f->unit) ? "# " : "", f->unit) : NULL);
}

int paper_address(Arena *a, const PaperAddress *f, const char *to[PAPER_ADDRESS_MAX + 1]) {
    const char *country = f->country && !is(f->home_country, f->country) ? f->country : NULL;
    const char *const all[] = { f->name, street_line(a, f), f->line2, city_line(a, f), country };
    int n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && *all[i]) to[n++] = all[i];
    to[n] = NULL;
    return n;
}

const char *paper_address_line(Arena *a, const PaperAddress *f) {
    return joined(a, joined(a, street_line(a, f), ", ", f->line2), ", ", city_line(a, f));
}

/* --- sums --------------------------------------------------------------------------------------------------------- */

static bool is_own_group(const PaperLine *l) { return is(l->charge_type, "TAX") || is(l->charge_type, "ROUNDING"); }

static bool fits(const PaperSum *s, const PaperLine *l) {
    if (is_own_group(l) || s->charge_type) return is(s->charge_type, l->charge_type);
    return l->service ? is(s->service, l->service) : !s->service;
}

int paper_sum_of(const BillPaper *p, const PaperSum *sums, int n, const PaperLine *l) {
    (void)p;
    if (!is(l->section, "current")) return -1;
    for (int i = 0; i < n; i++)
        if (fits(&sums[i], l)) return i;
    return n ? n - 1 : -1;
}

int paper_sums(const BillPaper *p, PaperSum to[PAPER_SERVICES_MAX]) {
    int n = 0;
    for (int round = 0; round < 2; round++)                 /* services first */
        for (size_t i = 0; i < p->line_n; i++) {
            const PaperLine *l = &p->line[i];
            if (!is(l->section, "current") || is_own_group(l) != (round == 1)) continue;
            int at = 0;
            while (at < n && !fits(&to[at], l)) at++;
            if (at == PAPER_SERVICES_MAX) at--; /* more services than there is room for: with the last one */
            if (at == n) to[n++] = (PaperSum){ .service = is_own_group(l) ? NULL : l->service,
                                               .charge_type = is_own_group(l) ? l->charge_type : NULL };
            to[at].amount = money_add(to[at].amount, l->amount);
            to[at].lines++;
        }
    return n;
}

Money paper_section_sum(const BillPaper *p, const char *section) {
    Money sum = { 0 };
    for (size_t i = 0; i < p->line_n; i++)
        if (p->line[i].posts && is(p->line[i].section, section)) sum = money_add(sum, p->line[i].amount);
    return sum;
}

/* --- words of the engine ------------------------------------------------------------------------------------------ */

static void add_separator(Text *t, char c) {
    if (c == ' ') text_add(t, "\xC2\xA0");
    else if (c) text_add_n(t, &c, 1);
}

/* A comma between digits with three digits behind it groups them; a point between digits is the decimal one. */
const char *paper_how(Arena *a, const char *how, NumberFormat f) {
    Text t = text_start(a);
    text_add(&t, "");
    for (const char *s = how; s && *s; s++) {
        bool in_number = s > how && isdigit((unsigned char)s[-1]) && isdigit((unsigned char)s[1]);
        bool alone = s > how && s[-1] == ' ' && s[1] == ' ';
        if (*s == ',' && in_number && isdigit((unsigned char)s[2]) && isdigit((unsigned char)s[3]))
            add_separator(&t, f.group);
        else if (*s == '.' && in_number) add_separator(&t, f.decimal);
        else if (*s == 'x' && alone) text_add(&t, "×");
        else if (*s == '-' && (alone || isdigit((unsigned char)s[1])) && (s == how || s[-1] == ' ')) text_add(&t, "−");
        else text_add_n(&t, s, 1);
    }
    return t.s;
}

const char *paper_scan_line(Arena *a, const char *bill_no, Money due) {
    Text t = text_start(a);
    for (const char *s = bill_no; *s; s++)
        if (isdigit((unsigned char)*s)) text_add_n(&t, s, 1);
    text_addf(&t, "%010lld", (long long)(due.minor > 0 ? due.minor : 0));
    int sum = 0;
    for (size_t i = 0; i < t.n; i++) {
        int digit = t.s[t.n - 1 - i] - '0';
        if (i % 2 == 0) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    size_t number = t.n - 10;
    return text(a, "%.*s %s %d", (int)number, t.s, t.s + number, (10 - sum % 10) % 10);
}

/* --- messages, telephones ----------------------------------------------------------------------------------------- */

static bool fulfilled(const char *key, Json value, const PaperMessageFacts *f) {
    const struct { const char *key; bool is; } flags[] = {
        { "estimated", f->is_estimated }, { "overdue", f->is_overdue }, { "first_bill", f->is_first } };
    const char *word = json_text(value, "");
    if (!strcmp(key, "category")) return word && is(f->category, word);
    bool wanted;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (!strcmp(flags[i].key, key)) return json_bool(value, "", &wanted) && wanted == flags[i].is;
    return false;
}

bool paper_message_fits(Arena *a, const char *condition, const PaperMessageFacts *f) {
    if (!condition || !*condition) return true;
    const char *problem = NULL;
    Json all = json_read(a, condition, strlen(condition), TEMPLATE_MAX, &problem);
    JsonMember *members = json_members(a, all);
    if (problem) return false;
    for (size_t i = 0; i < json_size(all); i++)
        if (!fulfilled(members[i].name, members[i].value, f)) return false;
    return true;
}

const char *paper_phone(Arena *a, const char *e164) {
    if (!e164 || strncmp(e164, "+1", 2) || strlen(e164) != 12) return e164;
    return text(a, "+1 %.3s %.3s %s", e164 + 2, e164 + 5, e164 + 8);
}

/* --- use ---------------------------------------------------------------------------------------------------------- */

int64_t paper_daily_micro(const PaperMonth *m) {
    int64_t daily = 0;
    if (m->days > 0) wide_fits(wide_divide(m->use.micro, m->days, ROUND_HALF_UP), &daily);
    return daily;
}

const PaperMonth *paper_year_before(const BillPaper *p) {
    if (p->month_n < 2) return NULL;
    Date then = date_add_months(p->month[p->month_n - 1].end, -12);
    for (int i = 0; i < p->month_n - 1; i++) {
        int apart = date_days_between(p->month[i].end, then);
        if (apart >= -YEAR_SLACK && apart <= YEAR_SLACK) return &p->month[i];
    }
    return NULL;
}
