/*
 * Settlements: what lines add up to and what they post (ONB03US01 "settlement", scenario 6; README section 8; I18).
 */
#include "app/hub/settlement_rules.h"
#include "lib/money.h"
#include "tests/suite.h"

static Arena mem;

#define M(minor_) ((Money){ (minor_) })
#define LINE(type_, gross_, fee_) { type_, M(gross_), M(fee_), M((gross_) - (fee_)), M(0) }

/* Scenario 6 of the story: 3.61 + 5.75 + 21.07. */
static void fees(void) {
    SAME_INT(sandbox_fee(M(11425)).minor, 361);
    SAME_INT(sandbox_fee(M(18782)).minor, 575);
    SAME_INT(sandbox_fee(M(71605)).minor, 2107);
}

typedef struct {
    const char   *what;
    SettledAmount line[5];
    int           n;
    int64_t       paid_out;
    int64_t       bank, fees, clearing, suspense;       /* what is posted; debits above zero */
    const char   *wrong;
} Case;

static const Case cases[] = {
    { "three payments",
      { LINE("charge", 11425, 361), LINE("charge", 18782, 575), LINE("charge", 71605, 2107) },
      3,
      98769,
      98769,
      3043,
      -101812,
      0,
      NULL },
    { "refunds alone take from the bank", { LINE("refund", -8030, 0) }, 1, -8030, -8030, 0, 8030, 0, NULL },
    { "a fee of its own", { LINE("charge", 1000, 59), LINE("fee", 0, 250) }, 2, 691, 691, 309, -1000, 0, NULL },
    { "a dispute whose fee is posted",
      { LINE("charge", 10000, 300), { "dispute", M(-10000), M(1500), M(-11500), M(1500) } },
      2,
      -1800,
      -1800,
      300,
      1500,
      0,
      NULL },
    { "a dispute whose fee is not",
      { { "dispute", M(-10000), M(1500), M(-11500), M(0) } },
      1,
      -11500,
      -11500,
      1500,
      10000,
      0,
      NULL },
    { "an adjustment is nobody's yet",
      { LINE("charge", 1000, 0), LINE("adjustment", 77, 0) },
      2,
      1077,
      1077,
      0,
      -1000,
      -77,
      NULL },
    { "gross less fee is not net",
      { { "charge", M(1000), M(59), M(942), M(0) } },
      1,
      942,
      0,
      0,
      0,
      0,
      "Line 1: gross less fee is not net." },
    { "less was paid out",
      { LINE("charge", 1000, 59) },
      1,
      940,
      0,
      0,
      0,
      0,
      "The lines do not add up to what was paid out." },
    { "nothing", { LINE("charge", 0, 0) }, 0, 0, 0, 0, 0, 0, NULL },
};

static void sums_and_postings(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *k = &cases[i];
        SettlementSum sum;
        const char *wrong = settlement_sum(&mem, k->line, (size_t)k->n, M(k->paid_out), &sum);
        if (!wrong != !k->wrong) fprintf(stderr, "\n%s: %s\n", k->what, wrong ? wrong : "adds up");
        CU_ASSERT_EQUAL(!wrong, !k->wrong);
        if (wrong && k->wrong) CU_ASSERT_STRING_EQUAL(wrong, k->wrong);
        if (wrong) continue;
        SettlementPosting p = settlement_posting(&sum);
        SAME_INT(p.bank.minor, k->bank);
        SAME_INT(p.fees.minor, k->fees);
        SAME_INT(p.clearing.minor, k->clearing);
        SAME_INT(p.suspense.minor, k->suspense);
        SAME_INT(p.bank.minor + p.fees.minor + p.clearing.minor + p.suspense.minor, 0);
        SAME_INT(sum.gross.minor - sum.fee.minor - sum.refund.minor - sum.dispute.minor + sum.adjustment.minor,
                 sum.net.minor);
    }
    arena_end(&mem);
}

int main(void) {
    return suite_run("settlement_rules", (SuiteTest[]){ { "fees of the sandbox", fees },
                                                        { "sums and what they post", sums_and_postings }, { 0 } });
}
