/*
 * The convenience fee by method (ONB03US01 "paying", CSS01US03 "amounts"): what is charged, what is not, and when
 * people must say first how they pay.
 */
#include "app/hub/fee_rules.h"
#include "tests/suite.h"

static void words(void) {
    CU_ASSERT_TRUE(words_have("card,bank_transfer", "card"));
    CU_ASSERT_TRUE(words_have("[\"card\", \"bank_transfer\"]", "bank_transfer"));
    CU_ASSERT_TRUE(words_have("USD,EUR", "EUR"));
    CU_ASSERT_FALSE(words_have("bank_transfer", "bank"));
    CU_ASSERT_FALSE(words_have("bank_transfer", "transfer"));
    CU_ASSERT_FALSE(words_have("[]", "card"));
    CU_ASSERT_FALSE(words_have(NULL, "card"));
    CU_ASSERT_FALSE(words_have("card", ""));
}

typedef struct {
    const char *what, *methods, *charged;
    int64_t     fixed, ppm, amount;
    const char *method;
    int64_t     fee;
    bool        differs;
} Case;

static const Case cases[] = {
    { "2.5 % of 84.60 is 2.12", "card", NULL, 0, 25000, 8460, NULL, 212, false },
    { "half a cent goes up", "card", "card", 0, 25000, 20, "card", 1, false },
    { "less than half a cent does not", "card", "card", 0, 25000, 19, "card", 0, false },
    { "fixed and share", "card", "card", 30, 25000, 10000, "card", 280, false },
    { "fixed alone", "card,wallet", NULL, 95, 0, 100000, "wallet", 95, false },
    { "for all of them, whichever comes", "card,wallet", "card,wallet", 30, 0, 100, NULL, 30, false },
    { "for the card", "[\"card\",\"bank_transfer\"]", "[\"card\"]", 30, 25000, 10000, "card", 280, true },
    { "not for the bank", "[\"card\",\"bank_transfer\"]", "[\"card\"]", 30, 25000, 10000, "bank_transfer", 0, true },
    { "nobody knows by what: not taken", "card,bank_transfer", "card", 30, 25000, 10000, NULL, 0, true },
    { "for one that is not taken any more", "bank_transfer", "card", 30, 0, 10000, NULL, 0, false },
    { "for none", "card", "[]", 30, 25000, 10000, "card", 0, false },
    { "no fee: nothing to choose", "card,bank_transfer", "card", 0, 0, 10000, NULL, 0, false },
    { "no fee of no methods", "", NULL, 30, 0, 10000, NULL, 0, false },
};

static void fees(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *k = &cases[i];
        FeeTerms t = { { k->fixed }, k->ppm, k->methods, k->charged };
        int64_t got = fee_for(&t, k->method, (Money){ k->amount }).minor;
        if (got != k->fee || fee_differs(&t) != k->differs) fprintf(stderr, "\n%s\n", k->what);
        SAME_INT(got, k->fee);
        SAME_INT(fee_differs(&t), k->differs);
    }
}

int main(void) {
    return suite_run("fee_rules", (SuiteTest[]){ { "lists of words", words }, { "fees by method", fees }, { 0 } });
}
