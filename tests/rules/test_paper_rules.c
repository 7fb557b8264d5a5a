/*
 * What is decided about printed bills, by a table of cases: paper_rules.case; sums of services and the use of a year
 * before.
 */
#include "app/billing/paper_rules.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

static const char *given(const char *s) { return strcmp(s, "-") ? s : NULL; }

static const char *how_of(char **f) {
    NumberFormat format = { .decimal = f[2][0], .group = f[2][1] == '_' ? ' ' : f[2][1] };
    const char *s = paper_how(&mem, f[1], format);
    Text t = text_start(&mem);
    for (; *s; s++) {
        if (!strncmp(s, "\xC2\xA0", 2)) text_add(&t, "~"), s++;
        else text_add_n(&t, s, 1);
    }
    return t.s;
}

static const char *address_of(char **f) {
    PaperAddress from = { .name = f[1], .line1 = f[2], .unit = given(f[3]), .city = f[4], .state = given(f[5]),
                          .postal_code = f[6], .country = f[7], .home_country = "US" };
    const char *lines[PAPER_ADDRESS_MAX + 1];
    int n = paper_address(&mem, &from, lines);
    Text t = text_start(&mem);
    for (int i = 0; i < n; i++) text_addf(&t, "%s%s", i ? " / " : "", lines[i]);
    return t.s;
}

static const char *outcome(char **f) {
    if (!strcmp(f[0], "how")) return how_of(f);
    if (!strcmp(f[0], "scan")) return paper_scan_line(&mem, f[1], (Money){ atoll(f[2]) });
    if (!strcmp(f[0], "address")) return address_of(f);
    if (!strcmp(f[0], "phone")) return paper_phone(&mem, f[1]);
    if (!strcmp(f[0], "message")) {
        PaperMessageFacts facts = { f[2], atoi(f[3]) != 0, atoi(f[4]) != 0, atoi(f[5]) != 0 };
        return paper_message_fits(&mem, given(f[1]), &facts) ? "yes" : "no";
    }
    if (!strcmp(f[0], "section")) {
        PaperSections s = paper_sections(&mem, given(f[1]));
        return (!strcmp(f[2], "terms") ? s.terms : s.readings) ? "yes" : "no";
    }
    const char *one = paper_text(&mem, given(f[1]), f[2], f[3]);
    return one ? one : "-";
}

static void cases(void) {
    static Cases k;
    k = (Cases){ .in = source_open("tests/rules/paper_rules.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(k.in);
    int n = 0;
    for (; cases_next(&k); n++) {
        const char *got = outcome(k.fields), *want = k.fields[k.n - 1];
        if (strcmp(got, want)) fprintf(stderr, "\npaper_rules.case:%d: got %s, expected %s\n", k.line, got, want);
        CU_ASSERT_STRING_EQUAL(got, want);
    }
    CU_ASSERT_TRUE(n > 30);
    fclose(k.in);
}

static void sums_by_service(void) {
    PaperLine lines[] = {
        { .section = "current", .charge_type = "USAGE", .service = "Water", .posts = true, .amount = { 700 } },
        { .section = "current", .charge_type = "TAX", .service = "Water", .posts = true, .amount = { 35 } },
        { .section = "current",
          .charge_type = "SEWER_USAGE",
          .service = "Wastewater",
          .posts = true,
          .amount = { 300 } },
        { .section = "current", .charge_type = "FIXED", .service = "Water", .posts = true, .amount = { 100 } },
        { .section = "current", .charge_type = "CONNECTION_FEE", .posts = true, .amount = { 50 } },
        { .section = "since_last_bill", .charge_type = "LATE_FEE", .posts = false, .amount = { 999 } },
        { .section = "instalment", .charge_type = "INSTALMENT", .posts = true, .amount = { 1000 } }
    };
    BillPaper p = { .line = lines, .line_n = 7 };
    PaperSum s[PAPER_SERVICES_MAX];
    SAME_INT(paper_sums(&p, s), 4);
    SAME_TEXT(s[0].service, "Water");
    SAME_INT(s[0].amount.minor, 800);
    SAME_TEXT(s[1].service, "Wastewater");
    CU_ASSERT_PTR_NULL(s[2].service);
    SAME_INT(s[2].amount.minor, 50);
    SAME_TEXT(s[3].charge_type, "TAX");
    SAME_INT(paper_section_sum(&p, "current").minor, 1185);
    SAME_INT(paper_section_sum(&p, "instalment").minor, 1000);
    SAME_INT(paper_section_sum(&p, "since_last_bill").minor, 0);
    SAME_INT(paper_sum_of(&p, s, 4, &lines[3]), 0);
    SAME_INT(paper_sum_of(&p, s, 4, &lines[6]), -1);
}

static void many_services_share_the_last_place(void) {
    PaperLine lines[20];
    for (int i = 0; i < 20; i++)
        lines[i] = (PaperLine){
            .section = "current", .charge_type = "FEE", .service = text(&mem, "S%d", i), .posts = true, .amount = { 1 }
        };
    BillPaper p = { .line = lines, .line_n = 20 };
    PaperSum s[PAPER_SERVICES_MAX];
    int n = paper_sums(&p, s);
    SAME_INT(n, PAPER_SERVICES_MAX);
    Money all = { 0 };
    for (int i = 0; i < n; i++) all = money_add(all, s[i].amount);
    SAME_INT(all.minor, 20);
}

static void the_year_before(void) {
    BillPaper p = { .month_n = 3 };
    p.month[0] = (PaperMonth){ date_of(2025, 4, 28), 28, { 14000000 }, false };
    p.month[1] = (PaperMonth){ date_of(2026, 3, 31), 31, { 31000000 }, false };
    p.month[2] = (PaperMonth){ date_of(2026, 4, 30), 30, { 12000000 }, false };
    CU_ASSERT_PTR_EQUAL(paper_year_before(&p), &p.month[0]);
    SAME_INT(paper_daily_micro(&p.month[0]), 500000);
    p.month[0].end = date_of(2025, 3, 31);
    CU_ASSERT_PTR_NULL(paper_year_before(&p));
}

int main(void) {
    int failed = suite_run("paper_rules",
                           (SuiteTest[]){ { "cases", cases },
                                          { "sums by service", sums_by_service },
                                          { "many services share the last place", many_services_share_the_last_place },
                                          { "the year before", the_year_before },
                                          { 0 } });
    arena_end(&mem);
    return failed;
}
