/* Amounts, quantities, prices, readings, percentages and counts
 * as people type them. The first byte chooses the format. */
#include "lib/money.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    static const NumberFormat formats[] = { { .decimal = '.', .group = ',' }, { .decimal = ',', .group = '.' },
                                            { .decimal = ',', .group = ' ' }, { .decimal = '.', .group = ',',
        .indian = true } };
    if (!n) return;
    NumberFormat f = formats[bytes[0] & 3];
    char *s = as_text(bytes + 1, n - 1);
    Money m;
    Quantity q;
    Price p;
    Reading r;
    int64_t i;
    for (int exponent = 0; exponent <= 3; exponent++) {
        if (!money_parse(s, f, exponent, false, &m)) MUST(m.minor >= 0);
        money_parse(s, f, exponent, true, &m);
    }
    if (!quantity_parse(s, f, false, &q)) MUST(q.micro >= 0);
    if (!price_parse(s, f, false, &p)) MUST(p.micro >= 0);
    if (!reading_parse(s, f, &r)) MUST(r.e3 >= 0);
    percent_parse(s, f, true, &i);
    if (!count_parse(s, 1000000, &i)) MUST(i >= 0 && i <= 1000000);
}
