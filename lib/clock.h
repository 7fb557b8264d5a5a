/*
 * What time it is. In a test instance the clock of the program can be set and moved by a file (config clock_file);
 * leases and time-outs follow the real one (time_now() of lib/date.h). Production refuses the setting.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include "lib/types.h"

/* `file` holds either "+<microseconds>" / "-<microseconds>" (offset to the real clock) or nothing; " held" behind it
 * holds recurring jobs. NULL: the real clock. Read again when the file changes. */
void clock_use_file(const char *file);
Time clock_now(void);
/* How far the set clock is ahead of the real one; 0 where none is
 * set. Due times are compared with the database's clock plus this. */
int64_t clock_offset_us(void);
/* A test that moves the clock by days holds recurring jobs: the nights in between do not pass in the middle of it. */
bool clock_is_held(void);

#endif
