/*
 * Readings within the module: facts, storing, and the use between them.
 */
#ifndef APP_METERS_READING_H
#define APP_METERS_READING_H

#include "app/core/core.h"
#include "app/meters/meters.h"
#include "app/meters/reading_rules.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/money.h"

/* One register's value on its way into meter_reading. */
typedef struct {
    size_t         row;             /* of the set */
    const char    *field, *at_field;/* of the form, for value and time; NULL: value, read_at */
    const char    *type;            /* regular, initial ... */
    Time           at;
    Date           on;
    Id             meter, register_id, installation, connection, before_id;
    const char    *read_type, *service_code, *category_code, *unit, *billing_unit;
    Time           before_at;
    int            registers;       /* of the meter */
    bool           is_total, is_tou, is_billed;
    Id             same;            /* the very same reading is stored already */
    bool           is_second_today; /* of a consumer */
    ReadingFacts   facts;
    ReadingPolicy  policy;
    Id             group; int group_version;
    ReadingVerdict verdict;
    Id             supersedes;      /* set by edits and corrections: it is out of the way already */
    const char    *alarm;           /* raised by the reason's effect */
    bool           wants_estimate;
    Id             id;
} Entry;
typedef struct { Entry *v; size_t n; } Entries;

/* The set as entries with facts and verdicts; every reading's meter must come once at most. */
Entries entries_read(Ctx *c, const NewReading *v, const size_t *rows, size_t n);
/* Stores entries whose row has no fault: readings, exceptions, use of those that passed, alarms, events. */
void    entries_store(Ctx *c, const NewReading *v, Entries all, const Faults *faults, Submitted *to);
/* Rules that held it, in words, with a space between; NULL: none. */
const char *verdict_words(Ctx *c, const ReadingVerdict *v);

/* The use around a reading that passed, or no longer counts, is as its neighbours say: active segments that are no
   longer right are reversed, missing ones written. CONFLICT when one of those is on a bill or a draft. */
void    use_refresh(Ctx *c, Id reading);
/* The use up to readings that follow on their predecessor; they have passed. */
void    use_append(Ctx *c, const Id *readings, size_t n);

/* The end of a local day, but not later than now. */
Time    day_end(Ctx *c, Date day);
Date    local_day(Ctx *c, Time at);

/* An alarm, once while it is open; emits meter.alarm. */
void    meter_alarm(Ctx *c, Id meter, Id connection, const char *kind, const char *severity, const char *facts);

#endif
