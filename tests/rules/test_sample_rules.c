/*
 * The invented utility of the sample: the same by seed, no address and no code twice, use that can be believed.
 */
#include <stdlib.h>

#include "app/billing/sample_rules.h"
#include "tests/suite.h"

enum { HOMES = 6000, MONTHS = 14 };

static void same_by_seed(void) {
    Arena a = { 0 };
    for (int64_t i = 0; i < 500; i++) {
        SampleHome x = sample_home(&a, 7, i, MONTHS), y = sample_home(&a, 7, i, MONTHS),
            z = sample_home(&a, 8, i, MONTHS);
        SAME_TEXT(x.line1, y.line1);
        SAME_TEXT(x.last_name, y.last_name);
        SAME_TEXT(x.portal_code, y.portal_code);
        SAME_INT(sample_use_e3(&x, 7, i, 3, 7, 31), sample_use_e3(&y, 7, i, 3, 7, 31));
        CU_ASSERT_TRUE(strcmp(x.portal_code, z.portal_code) != 0);
    }
    arena_end(&a);
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void differ(const char **v, int n) {
    qsort(v, (size_t)n, sizeof *v, by_text);
    int same = 0;
    for (int i = 1; i < n; i++) same += !strcmp(v[i - 1], v[i]);
    SAME_INT(same, 0);
}

static void nothing_twice(void) {
    Arena a = { 0 };
    const char **addresses = take_n(&a, const char *, HOMES), **codes = take_n(&a, const char *, HOMES);
    for (int64_t i = 0; i < HOMES; i++) {
        SampleHome h = sample_home(&a, 1, i, MONTHS);
        addresses[i] = text(&a, "%s|%s|%s", h.line1, h.unit ? h.unit : "", sample_areas[h.area].postal_code);
        codes[i] = text(&a, "%s", h.portal_code);
    }
    differ(addresses, HOMES);
    differ(codes, HOMES);
    arena_end(&a);
}

static void areas_differ(void) {
    const char *codes[SAMPLE_AREAS], *places[SAMPLE_AREAS];
    Arena a = { 0 };
    for (int i = 0; i < SAMPLE_AREAS; i++) {
        codes[i] = sample_areas[i].code;
        places[i] = text(&a, "%s/%s", sample_areas[i].parent, sample_areas[i].name);
    }
    differ(codes, SAMPLE_AREAS);
    differ(places, SAMPLE_AREAS);
    arena_end(&a);
}

/* A household takes some 3 to 15 CCF a month; gardens drink in summer; a vacant home takes nothing. */
static void use_is_believable(void) {
    Arena a = { 0 };
    int64_t homes = 0, winter = 0, summer = 0;
    for (int64_t i = 0; i < HOMES; i++) {
        SampleHome h = sample_home(&a, 1, i, MONTHS);
        if (h.vacant_month >= 0) SAME_INT(sample_use_e3(&h, 1, i, h.vacant_month, 7, 31), 0);
        if (h.is_commercial || h.leak_month >= 0 || h.vacant_month >= 0) continue;
        homes++;
        winter += sample_use_e3(&h, 1, i, 3, 1, 31);
        summer += sample_use_e3(&h, 1, i, 9, 7, 31);
    }
    CU_ASSERT_TRUE(winter / homes > 3000 && winter / homes < 7000);
    CU_ASSERT_TRUE(summer > winter && summer < 3 * winter);
    arena_end(&a);
}

static void readings(void) {
    Arena a = { 0 };
    int without = 0;
    for (int64_t i = 0; i < HOMES; i++) {
        SampleHome h = sample_home(&a, 1, i, MONTHS);
        bool before = false;
        for (int m = 0; m < MONTHS; m++) {
            bool none = sample_reading(&h, 1, i, m, MONTHS) == SAMPLE_NO_ACCESS;
            CU_ASSERT_FALSE(none && before);
            CU_ASSERT_FALSE(none && (m == 0 || m == MONTHS - 1));
            without += none;
            before = none;
        }
    }
    CU_ASSERT_TRUE(without > HOMES * MONTHS / 200 && without < HOMES * MONTHS / 25);
    arena_end(&a);
}

static void payments(void) {
    Arena a = { 0 };
    int kinds[PAYS_NEVER + 1] = { 0 };
    for (int64_t i = 0; i < HOMES; i++) {
        SampleHome h = sample_home(&a, 1, i, MONTHS);
        kinds[h.payer]++;
        SamplePayment p[2];
        int n = sample_payments(&h, 1, i, 2, (Money){ 12345 }, 21, p);
        int64_t sum = 0;
        for (int k = 0; k < n; k++) {
            CU_ASSERT_TRUE(p[k].amount.minor > 0 && p[k].days >= 0 && p[k].channel && p[k].mode);
            sum += p[k].amount.minor;
        }
        CU_ASSERT_TRUE(h.payer == PAYS_NEVER || h.payer == PAYS_IN_PART ? sum < 12345 : sum == 12345);
        SAME_INT(sample_payments(&h, 1, i, 2, (Money){ -5 }, 21, p), 0);
    }
    for (int k = 0; k <= PAYS_NEVER; k++) CU_ASSERT_TRUE(kinds[k] > HOMES / 200);
    CU_ASSERT_TRUE(kinds[PAYS_ON_TIME] > HOMES / 4);
    arena_end(&a);
}

int main(void) {
    return suite_run("sample_rules", (SuiteTest[]){ { "same by seed", same_by_seed },
                                                    { "nothing twice", nothing_twice },
                                                    { "areas differ", areas_differ },
                                                    { "use is believable", use_is_believable },
                                                    { "readings", readings }, { "payments", payments }, { 0 } });
}
