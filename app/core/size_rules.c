/*
 * Meter sizes: see size_rules.h.
 */
#include "app/core/size_rules.h"

#include <string.h>

int64_t meter_size_rank(const char *size) {
    static const struct { const char *size; int64_t rank; } inches[] = {
        { "none", 0 }, { "5/8", 15875 }, { "3/4", 19050 }, { "1", 25400 }, { "1-1/2", 38100 }, { "2", 50800 },
        { "3", 76200 }, { "4", 101600 }, { "6", 152400 }, { "8", 203200 }, { "10", 254000 } };
    for (size_t i = 0; size && i < sizeof inches / sizeof *inches; i++)
        if (!strcmp(size, inches[i].size)) return inches[i].rank;
    int64_t mm = 0;
    const char *s = size ? size : "";
    for (int digits = 0; *s >= '0' && *s <= '9' && digits < 3; s++, digits++) mm = mm * 10 + (*s - '0');
    bool ends = !*s || !strcmp(s, "mm") || !strcmp(s, " mm");
    return ends && mm >= 15 && mm <= 300 ? mm * 1000 : -1;
}

bool meter_size_within(const char *size, const char *least, const char *most) {
    int64_t rank = size ? meter_size_rank(size) : -1;
    if (rank < 0) return true;
    return !(least && rank < meter_size_rank(least)) && !(most && rank > meter_size_rank(most));
}
