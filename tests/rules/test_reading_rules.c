/*
 * Rules of readings, by the table reading_rules.case (MX02US04, MX03US01).
 */
#include "app/meters/reading_rules.h"
#include "lib/date.h"
#include "lib/money.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;
static Cases cases;

static void expect(const char *got, const char *wanted) {
    if (strcmp(got, wanted)) fprintf(stderr, "line %d: %s: got %s, wanted %s\n", cases.line, cases.fields[1], got,
                                     wanted);
    CU_ASSERT_STRING_EQUAL(got, wanted);
}

/* The word "name=..." of the facts: what stands behind =, "" for the bare word, NULL without it. */
static const char *fact(const char *facts, const char *name) {
    size_t n = strlen(name);
    for (const char *s = facts; s; s = strchr(s, ' ')) {
        while (*s == ' ') s++;
        if (strncmp(s, name, n) || (s[n] && s[n] != '=' && s[n] != ' ')) continue;
        return s[n] == '=' ? arena_copy_n(&mem, s + n + 1, strcspn(s + n + 1, " ")) : "";
    }
    return NULL;
}

static int64_t thousandths(const char *s) {
    if (!s || !*s) return 0;
    bool negative = *s == '-';
    Reading r = { 0 };
    CU_ASSERT_EQUAL(reading_parse(s + negative, NUMBER_PLAIN, &r), NUMBER_OK);
    return negative ? -r.e3 : r.e3;
}

static int number(const char *facts, const char *name, int otherwise) {
    const char *s = fact(facts, name);
    return s && *s ? (int)strtol(s, NULL, 10) : otherwise;
}

static int64_t millionths(const char *facts, const char *name) {
    const char *s = fact(facts, name);
    Quantity q = { 1000000 };
    if (s) CU_ASSERT_EQUAL(quantity_parse(s, NUMBER_PLAIN, false, &q), NUMBER_OK);
    return q.micro;
}

static ReadingFacts facts_of(const char *s) {
    Date on = date_of(2025, 6, 29);
    ReadingFacts f = {
        .kind = fact(s, "kind") ? fact(s, "kind") : "regular", .source = fact(s, "source") ? fact(s, "source")
        : "manual",
        .has_value = fact(s, "value") != NULL, .value = { thousandths(fact(s, "value")) }, .on = on,
        .now = { 1751220000000000 },
        .meter_no = "M100001", .register_code = "R1", .digits = number(s, "digits", 6),
        .decimals = number(s, "decimals", 0),
        .multiplier_e6 = millionths(s, "mult"), .place_multiplier_e6 = millionths(s, "place"),
        .is_installed = !fact(s, "nowhere"),
        .is_account_active = !fact(s, "vacant"), .installed_on = DATE_NONE,
        .before_on = date_add_days(on, -number(s, "days", 30)),
        .has_before = fact(s, "before") != NULL, .before = { thousandths(fact(s, "before")) },
        .before_is_estimated = fact(s, "est") != NULL,
        .has_after = fact(s, "after") != NULL, .zeros_before = number(s, "zeros", 0), .q_max_e3 = number(s, "qmax", 0),
        .effect = fact(s, "effect"), .has_task = fact(s, "task") != NULL,
        .nominal_on = date_add_days(on, number(s, "task", 0)),
        .has_siblings_sum = fact(s, "tou") != NULL, .siblings_use_e3 = number(s, "tou", 0),
        .is_before_billed = fact(s, "billed") != NULL };
    f.at = (Time){ f.now.us + number(s, "ahead", 0) * MINUTE_US };
    if (fact(s, "installed")) f.installed_on = date_add_days(on, number(s, "installed", 0));
    const char *base = fact(s, "base");
    if (base) f.base = (UseBase){ strtoll(base, NULL, 10) * 1000, (int)strtol(strchr(base, '/') + 1, NULL, 10) };
    f.has_status = f.knows_status = fact(s, "status") != NULL;
    f.needs_value = f.has_status && !*fact(s, "status");
    f.has_reason = f.knows_reason = f.reason_fits = fact(s, "reason") != NULL;
    f.needs_note = fact(s, "needsnote") != NULL;
    return f;
}

static void judge(char **f) {
    ReadingPolicy p = reading_policy_seed();
    if (fact(f[2], "com")) p.zero_first_is_info = false, p.high_pct = 75,
        p.high_absolute_e3 = p.low_absolute_e3 = 50000;
    p.auto_pass = number(f[2], "autopass", 1) != 0;
    ReadingFacts facts = facts_of(f[2]);
    ReadingVerdict v = reading_judge(&p, &facts);
    Text t = { .arena = &mem };
    for (int i = 0; i < v.n; i++)
        text_addf(&t, "%s%s%s", t.n ? " " : "", v.found[i].code, v.found[i].severity == SEVERITY_HOLD ? "h" : "i");
    expect(v.status, f[3]);
    expect(t.n ? t.s : "-", f[4]);
    expect(v.has_use ? arena_text(&mem, "%lld", (long long)v.use_e3) : "-", f[5]);
}

static void capture(char **f) {
    ReadingFacts facts = facts_of(f[2]);
    Faults all = { .mem = &mem };
    reading_faults(&all, 0, &facts);
    expect(all.n ? arena_text(&mem, "%s: %s", all.v[0].field, all.v[0].key) : "-", f[3]);
}

static Date day(const char *s) { return date_add_days(date_of(2025, 1, 1), (int)strtol(s, NULL, 10)); }

static void base(char **f) {
    PastUse past[10];
    size_t n = 0;
    for (char *s = strtok(f[2], " "); s && *s != '.'; s = strtok(NULL, " ")) {
        Date from = day(s), to = day(strstr(s, "..") + 2);
        past[n++] = (PastUse){ from, to, strtoll(strchr(s, '=') + 1, NULL, 10), date_days_between(from, to),
                               s[strlen(s) - 1] == 'e' };
    }
    UseBase b = use_base(past, n, day(f[3]), day(strstr(f[3], "..") + 2));
    expect(arena_text(&mem, "%lld/%d", (long long)b.use_e3, b.days), f[4]);
}

static void unit(char **f) {
    int64_t to;
    bool fits = unit_convert(strtoll(f[1], NULL, 10), f[2], f[3], &to);
    expect(fits ? arena_text(&mem, "%lld", (long long)to) : "-", f[4]);
}

static void table(const char *kind, void (*run)(char **), int most) {
    int seen = 0;
    cases = (Cases){ .in = source_open("tests/rules/reading_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases))
        if (!strcmp(cases.fields[0], kind)) run(cases.fields), seen++;
    fclose(cases.in);
    CU_ASSERT_TRUE(seen >= most);
}

static void test_judge(void)   { table("judge", judge, 30); }
static void test_capture(void) { table("capture", capture, 15); }
static void test_base(void)    { table("base", base, 6); }
static void test_unit(void)    { table("unit", unit, 10); }

int main(void) {
    return suite_run("reading_rules", (SuiteTest[]){ { "MX03US01 V02 to V16", test_judge },
        { "MX02US04 what no reading can be", test_capture },
                                                     { "MX03US01 what is usual", test_base }, { "units", test_unit },
                                                     { 0 } });
}
