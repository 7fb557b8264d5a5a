/* The quote document, which comes as JSON from outside: read, computed and answered, or refused with one line and a
   path. An answer is JSON, its total is the sum of its lines (I4), and the same document gives the same bytes. */
#include <jansson.h>

#include "app/billing/quote.h"
#include "tests/fuzz/fuzz.h"

/* Amount text of a currency into minor units; its form is checked on the way. */
static Wide minor(const char *s, int exponent) {
    Wide value = 0;
    bool negative = *s == '-';
    int places = -1;
    for (s += negative; *s; s++) {
        if (*s == '.') { MUST(places < 0); places = 0; continue; }
        MUST(*s >= '0' && *s <= '9');
        value = value * 10 + (*s - '0');
        if (places >= 0) places++;
    }
    MUST(places == (exponent ? exponent : -1));
    MUST(value || !negative);
    return negative ? -value : value;
}

static void check_answer(const char *answer) {
    json_t *v = json_loads(answer, JSON_REJECT_DUPLICATES, NULL), *line;
    MUST(v);
    int exponent = currency_exponent(json_string_value(json_object_get(v, "currency")));
    MUST(exponent >= 0);
    Wide sum = 0, limit = (Wide)1000000000000 * power_of_ten(exponent);
    size_t i;
    json_array_foreach(json_object_get(v, "lines"), i, line) {
        const char *type = json_string_value(json_object_get(line, "charge_type"));
        Wide amount = minor(json_string_value(json_object_get(line, "amount")), exponent);
        MUST(type && charge_type_is_valid(type));
        MUST(amount < limit && amount > -limit);
        MUST(!tariff_is_deduction(type) || (amount <= 0 && -amount <= (sum > 0 ? sum : 0)));
        MUST(json_string_length(json_object_get(line, "explain")) > 0);
        sum += amount;
    }
    MUST(sum == minor(json_string_value(json_object_get(v, "total")), exponent) && sum < limit && sum > -limit);
    json_decref(v);
}

static void check_problem(const char *problem) {
    MUST(strstr(problem, ": ") && problem[0] != ':');
    for (const char *s = problem; *s; s++) MUST((unsigned char)*s >= 0x20 && *s != 0x7F);
}

FUZZ(bytes, n) {
    char *exact = malloc(n + 1);            /* of its own, so that a sanitizer sees every byte read beyond */
    MUST(exact);
    if (n) memcpy(exact, bytes, n);
    const char *answer = NULL, *again = NULL;
    bool right = quote_run(&mem, exact, n, &answer);
    MUST(answer && *answer);
    if (right) check_answer(answer);
    else check_problem(answer);
    MUST(quote_run(&mem, exact, n, &again) == right && !strcmp(answer, again));
    free(exact);
}
