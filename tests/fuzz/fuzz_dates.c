/* Dates and times as people and machines write them. */
#include "lib/date.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    if (!n) return;
    char *s = as_text(bytes + 1, n - 1);
    static const char *const months[12] = { "January", "February", "March", "April", "May", "June", "July", "August",
                                            "September", "October", "November", "December" };
    Date d;
    Month m;
    Time t;
    Local l;
    int minutes;
    month_parse(s, &m);
    date_parse_iso(s, &d);
    time_parse_iso(s, &t);
    time_parse_mysql(s, &t);
    local_parse(s, &l);
    if (clock_parse(s, &minutes)) MUST(minutes >= 0 && minutes <= 24 * 60);
    date_parse(s, (DateFormat)(bytes[0] % 3), months, &d);
}
