/*
 * How the numbers people quote are built (ONB02US07): parts in order, a separator, a sequence that starts again with
 * each period, a check digit. Pure.
 */
#ifndef APP_CORE_NUMBER_RULES_H
#define APP_CORE_NUMBER_RULES_H

#include "lib/arena.h"
#include "lib/date.h"

enum { ID_PARTS_MAX = 10, ID_LENGTH_MAX = 30 };

typedef enum { ID_SERVICE, ID_PREFIX, ID_AREA, ID_CATEGORY, ID_DATE, ID_SEQUENCE, ID_CHECK, ID_LITERAL } IdPartKind;
typedef enum { ID_YYYY, ID_YY, ID_YYYYMM, ID_YYMM, ID_YYYYMMDD, ID_FISCAL } IdDateFormat;
typedef enum { RESET_NEVER, RESET_YEARLY, RESET_MONTHLY, RESET_DAILY } IdReset;
typedef enum { CHECK_NONE, CHECK_LUHN, CHECK_MOD97 } IdCheck;

/* value: of prefix and literal */
typedef struct { IdPartKind kind; const char *value; IdDateFormat date; } IdPart;
typedef struct {
    IdPart  part[ID_PARTS_MAX];
    int     parts;
    const char *separator;          /* "-", "/", "." or "" */
    int     seq_length, seq_increment;
    int64_t seq_start;
    IdReset reset;
    IdCheck check;
} IdFormat;

/* What depends on the record: NULL and "" leave the part and its
 * separator out. fiscal_start: month and day (year is ignored). */
typedef struct { const char *service, *area, *category; Date date; Ymd fiscal_start; } IdRecord;

/* The number with this sequence value; longer sequences widen it. A check digit stands right behind the sequence unless
   a part of its own says where. */
char *id_text  (Arena *a, const IdFormat *f, const IdRecord *r, int64_t sequence);
/* The period whose sequence counts: "-", "2027", "202701", "20270131" or "FY2027". */
char *id_period(Arena *a, const IdFormat *f, const IdRecord *r);
/* True when the value has more digits than seq_length: the number was widened. */
bool  id_is_wide(const IdFormat *f, int64_t sequence);

/* Why the format may not be used, in the user's words; NULL when it may. */
const char *id_format_refusal(Arena *a, const IdFormat *f);
/* Characters of the longest number. */
int   id_longest(const IdFormat *f);
/* Whether two formats are built of the same parts. */
bool  id_same_pattern(const IdFormat *a, const IdFormat *b);
/* Whether they give the same numbers, be their parts the same or not: a prefix BILL and a literal BILL, the service
 * code WA and a prefix WA. service: code of the utility's main service. */
bool  id_same_numbers(Arena *mem, const IdFormat *a, const IdFormat *b, const char *service);

/* Luhn's digit, or the two digits of ISO 7064 mod 97-10, of a text of digits. */
char  id_luhn  (const char *digits);
int   id_mod97(const char *digits);

bool id_part_kind (const char *word, IdPartKind *to);
bool id_date_format(const char *word, IdDateFormat *to);        /* "YYYYMM"; "FY" is the fiscal year */
bool id_reset     (const char *word, IdReset *to);
bool id_check     (const char *word, IdCheck *to);

/* "RUN-{YYYY}-{####}" with its date filled in ("RUN-2026-{####}");
 * *digits is the width of {###}, 0 when it has none. */
char *series_pattern(Arena *a, const char *pattern, Date d, int *digits);
char *series_text   (Arena *a, const char *filled, int64_t n);

#endif
