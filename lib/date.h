/*
 * Dates, times and time zones (spec/README section 2 rule 8: stored UTC with microseconds, shown in the utility's
 * zone).
 *
 * Date is a day of the Gregorian calendar without a zone, Time an instant. Years run from 1 to 9999; arithmetic that
 * leaves them ends the process. DATE_NONE and TIME_NONE go through output as "" and may not be calculated with.
 * Zones come from ICU once and are then kept as tables of their transitions (1970 to 2150): a conversion costs a binary
 * search and takes no memory.
 */
#ifndef LIB_DATE_H
#define LIB_DATE_H

#include "lib/arena.h"
#include "lib/types.h"

#define SECOND_US ((int64_t)1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

typedef struct { int year, month, day; } Ymd;           /* month 1 to 12, day 1 to 31 */

/* Years that people may type: far enough from the ends that whatever is then added leaves them alone. */
enum { TYPED_YEAR_MIN = 1800, TYPED_YEAR_MAX = 2999 };

/* The calendar. */
bool date_is_valid(Ymd ymd);
Date date_of(int year, int month, int day);              /* DATE_NONE when there is no such day */
Ymd  date_ymd(Date d);
Date date_add_days(Date d, int days);
/* The same day some months on; the 31st becomes the last day of a shorter month (31 Jan + 1 = 28 or 29 Feb). */
Date date_add_months(Date d, int months);
Date date_month_start(Date d);
Date date_month_end(Date d);
int  date_days_between(Date from, Date to);              /* to - from; half-open: 1 for today to tomorrow */
int  date_days_inclusive(Date first, Date last);         /* days of a period with both ends: 30 for April */
int  date_weekday(Date d);                               /* 0 Sunday to 6 Saturday */
bool year_is_leap(int year);
int  month_days(int year, int month);
int  date_compare(Date a, Date b);                       /* -1, 0, 1; DATE_NONE is before all others */
static inline Date date_min(Date a, Date b) { return a.day < b.day ? a : b; }
static inline Date date_max(Date a, Date b) { return a.day > b.day ? a : b; }
/* The 1st of a fiscal year that begins each year at `start` (its month and day), in which d lies. A start of 29
   February counts as the 28th in other years. The year's last day is the day before the next one's first. */
Date fiscal_year_start(Date d, Ymd start);
Date fiscal_year_end  (Date d, Ymd start);

/* A calendar month as one number: year x 12 + month - 1. Text "2026-04". */
typedef struct { int32_t no; } Month;
Month month_of(Date d);
Month month_add(Month m, int months);
Date  month_first(Month m);
Date  month_last(Month m);
bool  month_parse(const char *s, Month *to);             /* "2026-04", as typed */
char *month_text(Arena *a, Month m);

/* Text of files, databases and addresses. Parsing is strict: full width, real days, nothing around. */
bool  date_parse_iso(const char *s, Date *to);           /* 2026-03-20 */
char *date_iso(Arena *a, Date d);                        /* "" for DATE_NONE */
/* 2026-03-20T18:25:00[.123456](Z|+05:30): a zone is required; digits beyond microseconds are cut. 24:00 and second 60
   are refused. */
bool  time_parse_iso(const char *s, Time *to);
char *time_iso(Arena *a, Time t);                        /* 2026-03-20T18:25:00Z, with .123456 when there are any */
/* DATETIME(6) in UTC: 2026-03-20 18:25:00.123456. Reading takes 0 to 6 digits after the second. */
bool  time_parse_mysql(const char *s, Time *to);
char *time_mysql(Arena *a, Time t);
void  time_mysql_into(char room[27], Time t);            /* without memory; "" for TIME_NONE */
void  date_iso_into(char room[11], Date d);

/* The clock of the machine. Business code asks its Ctx, which knows an instance's set clock. */
Time    time_now(void);
int64_t time_ticking_us(void);                           /* monotonic: for durations and time-outs, never for dates */
Time    time_add_us(Time t, int64_t us);
Time    time_of_unix(int64_t seconds);
/* The same of what somebody else tells: `otherwise` for what lies outside the years 1970 to 9998. */
Time    time_told(int64_t seconds, Time otherwise);
int64_t time_unix(Time t);                               /* whole seconds, rounded down */
int     time_compare(Time a, Time b);
static inline Time time_add_seconds(Time t, int64_t seconds) { return time_add_us(t, seconds * SECOND_US); }

/* Zones. A Zone lives as long as the process. */
typedef struct Zone Zone;
const Zone *zone_find(const char *iana);
/* "America/Los_Angeles"; NULL when ICU does not know the name */
const Zone *zone_utc(void);
const char *zone_name(const Zone *z);
int32_t     zone_offset_s(const Zone *z, Time t);        /* seconds east of Greenwich at that instant */

typedef struct { Date date; int hour, minute, second, micro; } Local;
Local time_local(const Zone *z, Time t);
Date  time_date(const Zone *z, Time t);                  /* the local date of an instant */
/* The instant of a local clock reading. In the hour that a change to summer time skips: as long after the change as the
   reading is after its beginning (02:30 is 03:30). In the hour that comes twice: the first. */
Time  time_of_local(const Zone *z, Local l);
/* the first instant of a local day: midnight, or what follows it */
Time  date_start(const Zone *z, Date d);
int64_t date_length_us(const Zone *z, Date d);           /* 23, 24 or 25 hours as a rule */

/* Input by people. */
typedef enum { DATE_MDY, DATE_DMY, DATE_DMY_DOTS, DATE_ISO, DATE_DMONY, DATE_FORMATS } DateFormat;
/* "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "YYYY-MM-DD", "DD-MMM-YYYY". */
bool        date_format_find(const char *name, DateFormat *to);
const char *date_format_name(DateFormat f);

typedef enum {
    DATE_OK,
    DATE_EMPTY,
    DATE_MALFORMED,         /* not written in the format */
    DATE_NO_DAY,            /* 02/30/2026 */
} DateProblem;
/* A date in the organization's format (one-digit days and months are taken, years have four digits) or, always,
   YYYY-MM-DD as native date inputs send it. Months of DD-MMM-YYYY are compared without case with `months` (12 short
   names; NULL: English). */
DateProblem date_parse(const char *s, DateFormat f, const char *const months[12], Date *to);
char       *date_text(Arena *a, Date d, DateFormat f, const char *const months[12]);
extern const char *const english_months[12];             /* Jan to Dec */

/* A time of day in minutes: "18:25", "6:25 PM", "6 pm", "6:25pm"; 12 AM is 0. */
bool clock_parse(const char *s, int *minutes);
/* The native input datetime-local: 2026-03-20T18:25, with or without seconds. */
bool local_parse(const char *s, Local *to);

#endif
