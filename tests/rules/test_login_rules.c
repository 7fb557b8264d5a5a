/*
 * Decisions of sign-in and of roles, by tables: login_rules.case, role_rules.case (ONB-LOGIN, AU01US02).
 */
#include "app/core/login_rules.h"
#include "app/core/role_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;
static Cases cases;

static void wrong(const char *got) {
    fprintf(stderr, "line %d: %s: got %s\n", cases.line, cases.fields[0], got);
    CU_FAIL("a case");
}

static void expect(const char *got, const char *wanted) {
    if (strcmp(got, wanted)) wrong(got);
}

static Time at_second(long s) { return (Time){ s * SECOND_US }; }

/* --- login_rules.case --------------------------------------------------------------------------------------------- */

static void case_lock(char **f) {
    LockPolicy policy = { .failures = (int)strtol(f[1], NULL, 10), .minutes = (int)strtol(strchr(f[1], ',') + 1, NULL,
        10) };
    Time failed[40];
    size_t n = 0;
    for (char *s = f[2], *end; n < 40; s = end) {
        long second = strtol(s, &end, 10);
        if (end == s) break;
        failed[n++] = at_second(second);
    }
    Time until = lock_until(failed, n, policy);
    expect(time_is_set(until) ? text(&mem, "%lld", (long long)(until.us / SECOND_US)) : "-", f[3]);
}

static void case_try(char **f) {
    static const char *const words[] = { "allowed", "locked", "address" };
    TryFacts facts = { .now = at_second(atol(f[1])), .locked_until = *f[2] == '-' ? TIME_NONE : at_second(atol(f[2])),
                       .address_failures = atoi(f[3]) };
    int seconds;
    TryVerdict v = try_verdict(&facts, &seconds);
    expect(text(&mem, "%s %d", words[v], seconds), f[4]);
}

static void case_next(char **f) {
    static const char *const words[] = { "session", "code", "enrol", "password", "refused" };
    int active, has, required, passed, must, days, age;
    sscanf(f[1], "%d %d %d %d %d %d %d", &active, &has, &required, &passed, &must, &days, &age);
    Time now = at_second(1000L * 86400);
    NextStep s = next_step(&(NextFacts){ .now = now, .is_active = active, .has_factor = has,
                                         .factor_required = required, .factor_passed = passed, .must_change = must,
                                         .password_changed_at = time_add_seconds(now, -days * 86400L),
                                         .password_age_days = age });
    expect(words[s], f[2]);
}

static void login_case(char **f) {
    if (!strcmp(f[0], "lock")) case_lock(f);
    else if (!strcmp(f[0], "try")) case_try(f);
    else if (!strcmp(f[0], "next")) case_next(f);
    else if (!strcmp(f[0], "minutes")) expect(text(&mem, "%d", wait_minutes(atoi(f[1]))), f[2]);
    else if (!strcmp(f[0], "resets")) {
        int email, address;
        sscanf(f[1], "%d %d", &email, &address);
        expect(text(&mem, "%d %d", may_send_reset(email), too_many_resets(address)), f[2]);
    } else if (!strcmp(f[0], "email")) expect(email_lower(&mem, f[1]), f[2]);
    else if (!strcmp(f[0], "device")) expect(device_name(&mem, f[1]), f[2]);
    else wrong("an unknown kind of case");
}

/* --- role_rules.case ---------------------------------------------------------------------------------------------- */

static const char letters[] = "VCEDAX";

static unsigned bits_read(const char *s) {
    unsigned bits = 0;
    for (; *s && *s != ' ' && *s != '-'; s++) bits |= 1u << (strchr(letters, *s) - letters);
    return bits;
}

static const char *bits_text(unsigned bits) {
    Text t = text_start(&mem);
    for (int a = 0; a < RIGHT_ACTIONS; a++)
        if (bits & 1u << a) text_add_n(&t, &letters[a], 1);
    return t.n ? t.s : "-";
}

static size_t rows_read(char *s, RightRow *to) {
    size_t n = 0;
    for (char *save = NULL, *word = strtok_r(s, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *cut = strchr(word, ':');
        if (!cut) continue;                     /* "." stands for nothing */
        *cut = 0;
        to[n++] = (RightRow){ word, bits_read(cut + 1) };
    }
    return n;
}

static void case_row(char **f) {
    static const char *const words[] = { "as_ticked", "view_added", "cleared" };
    RowOutcome outcome;
    unsigned bits = row_after(bits_read(f[1]), bits_read(f[2]), &outcome);
    expect(text(&mem, "%s %s", bits_text(bits), words[outcome]), f[3]);
}

static void case_grant(char **f) {
    RightRow stored[8], wanted[8], held[8];
    size_t s = rows_read(f[1], stored), w = rows_read(f[2], wanted), h = rows_read(f[3], held);
    RightRow refused = grant_refused(stored, s, wanted, w, held, h);
    expect(refused.key ? text(&mem, "%s:%s", refused.key, bits_text(refused.bits)) : "-", f[4]);
}

static void case_duty(char **f) {
    RightRow rows[8];
    size_t n = rows_read(f[1], rows);
    Text t = text_start(&mem);
    for (const DutyPair *p = duty_pairs; p->what; p++)
        if (duty_conflict(p, rows, n)) text_addf(&t, "%s%s", t.n ? " " : "", p->what);
    expect(t.n ? t.s : "-", f[2]);
}

static void role_case(char **f) {
    if (!strcmp(f[0], "row")) case_row(f);
    else if (!strcmp(f[0], "grant")) case_grant(f);
    else if (!strcmp(f[0], "duty")) case_duty(f);
    else wrong("an unknown kind of case");
}

static void run(const char *file, void (*one)(char **)) {
    cases = (Cases){ .in = source_open(file) };
    CU_ASSERT_PTR_NOT_NULL_FATAL(cases.in);
    while (cases_next(&cases)) one(cases.fields);
    fclose(cases.in);
}

static void test_login(void) { run("tests/rules/login_rules.case", login_case); }
static void test_role(void)  { run("tests/rules/role_rules.case", role_case); }

int main(void) {
    return suite_run("login_rules", (SuiteTest[]){ { "ONB-LOGIN what sign-in decides", test_login },
                                                   { "AU01US02 rights of a role", test_role }, { 0 } });
}
