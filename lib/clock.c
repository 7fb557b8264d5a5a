/*
 * Clock: see clock.h.
 */
#include "lib/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/date.h"

static const char *offset_file;
static int64_t offset_us;
static bool held;

void clock_use_file(const char *file) { offset_file = file; }

/* Read each time: it is moved more often than the time of its change can tell apart. Empty it is just being written. */
static void read_offset(void) {
    FILE *f = fopen(offset_file, "re");
    char line[64] = "";
    if (!f) offset_us = 0, held = false;
    else if (fgets(line, sizeof line, f)) offset_us = strtoll(line, NULL, 10), held = strstr(line, " held");
    if (f) fclose(f);
}

int64_t clock_offset_us(void) {
    if (offset_file) read_offset();
    return offset_us;
}

bool clock_is_held(void) {
    if (offset_file) read_offset();
    return held;
}

Time clock_now(void) { return time_add_us(time_now(), clock_offset_us()); }
