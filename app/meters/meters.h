/*
 * meters (mx): meters, readings, validation, use. Implemented in app/meters.
 *
 * Readings enter only by reading_submit. Billing takes use only through the segments: reserved by a stored draft,
 * billed by publishing, released by discarding and cancelling (I6). Writers run in the caller's transaction.
 */
#ifndef APP_METERS_METERS_H
#define APP_METERS_METERS_H

#include "app/meters/meter_rules.h"
#include "lib/arena.h"
#include "lib/fault.h"
#include "lib/types.h"

struct Ctx;

/* --- readings (MX02US04) ------------------------------------------------------------------------------------------ */

/* register_code NULL: the only one. field: of the form it was typed in, where a fault of it is said; NULL: "value" */
typedef struct { const char *register_code; bool has_value; Reading value; const char *field; } ReadingValue;
typedef struct {
    Id          meter;
    const char *kind;               /* regular, final, opening, special */
    /* manual, csv, photo, smart, consumer, order, import, edit; consumer: at least pending */
    const char *source;
    const ReadingValue *values; int n;
    Time        read_at;            /* all zero: now. A date alone: end of that local day */
    Date        read_on;            /* with read_at all zero: the day */
    const char *at_field;           /* of the form: where a fault of the time is said; NULL: "read_at" */
    const char *status_code, *reason_code, *note;
    Id          executive, read_task, service_order, document;
    bool        has_place; int32_t lat_e6, lng_e6;
    const char *submission_id;      /* idempotent */
    const char *serial_no;          /* as seen on the meter; NULL: not looked at */
    Id          import_batch;
} NewReading;
typedef struct {
    Id          reading;            /* of the first register */
    const char *status;             /* passed, pending, exempted; captured when nothing was decided */
    const char *problems;           /* rules that held it, in words; NULL: none */
    bool        was_there;
} Submitted;
/* Validates and stores; INVALID for what no reading can be (format, future date, no installation), CONFLICT for a
   consumer's second one on a day. A passed one makes its usage segment and emits meter_reading.accepted; one that waits
   emits meter_reading.captured. The same submission, or the same register, time, kind and value, again is the first
   one. */
Submitted reading_submit(struct Ctx *c, const NewReading *r);
/* The same for the rows of a file, in any order and several of one meter: what cannot be is left out and returned as
 * faults
   (its reading 0), the others are stored, in some ten statements for all of them; 500 at a time are best. */
Faults    readings_submit(struct Ctx *c, const NewReading *v, size_t n, Submitted *to);
/* What readings_submit would say, without storing; `to` (may be NULL) gets status and problems. */
Faults    readings_check(struct Ctx *c, const NewReading *v, size_t n, Submitted *to);

typedef struct {
    Id          reading;
    /* pass; rollover (pass: the register went round); edit (another value, which supersedes it and is validated again);
       revisit; reject; exempt (stays out of billing, decided); reestimate (the estimates since the last actual reading,
       then pass) */
    const char *decision;
    bool        has_value; Reading value;           /* of edit */
    /* reason: a code for decisions; required but for pass and rollover */
    const char *reason_code, *note;
    Date        due_on;                             /* of revisit; DATE_NONE or all zero: none */
} ReadingDecision;
/* A pending or exempted reading (a revisited one may still pass) is decided by another person than the one who captured
   it. Returns the reading that holds now: the new one after edit. CONFLICT when it is decided meanwhile or would change
   billed use. */
Id        reading_decide(struct Ctx *c, const ReadingDecision *d);
/* A passed reading was wrong: a new one supersedes it, its use is reversed and written anew, meter_reading.corrected.
   CONFLICT when the use is on a bill: that is corrected first. */
Id        reading_correct(struct Ctx *c, Id reading, Reading value, const char *reason_code, const char *note);

typedef struct {
    Id          id, meter, register_id, connection;
    const char *meter_no, *register_code, *type, *source, *status;
    Date        read_on;
    bool        has_value; Reading value;
    Id          document;
} ReadingRow;
typedef struct { ReadingRow *v; size_t n; } ReadingRows;
/* Passed readings of a connection near a date (days before and after), nearest first. */
ReadingRows readings_near(struct Ctx *c, Id connection, Date date, int days);

/* What a consumer is asked for (CSS01US07): the billed registers of a meter, the last passed value of each, and what a
   consumer sent on a day already. */
typedef struct { const char *code; int decimals; bool has_last; Reading last; Date last_on; bool is_sent; Reading sent;
               } AskedRegister;
typedef struct { AskedRegister *v; size_t n; } AskedRegisters;
AskedRegisters registers_asked(struct Ctx *c, Id meter, Date day);
/* The last readings that the connection's holder on that day sent of a meter, newest first, at most five. */
typedef struct { Date on; Reading value; const char *status; } SentReading;
typedef struct { SentReading *v; size_t n; } SentReadings;
SentReadings readings_sent(struct Ctx *c, Id meter, Id connection, Date day);

/* --- meters (MX01US02) -------------------------------------------------------------------------------------------- */

typedef struct { Id id, connection, premise, installation; const char *meter_no, *serial_no, *status, *read_type,
                 *model, *size, *unit; Date installed_on; } Meter;
const Meter *meter_find(struct Ctx *c, const char *meter_no);           /* NULL when none */
const Meter *meter_get (struct Ctx *c, Id meter);
const Meter *meter_of_connection(struct Ctx *c, Id connection);         /* main meter now; NULL when none */
/* Registers from the model; the forms of these three as those of cis.h: check, rows of a file, one. */
Faults meters_check (struct Ctx *c, const NewMeter *v, size_t n);
Faults meters_create(struct Ctx *c, const NewMeter *v, size_t n, Id *ids);
Id     meter_create (struct Ctx *c, const NewMeter *m);

typedef struct {
    Id          meter, connection;
    Time        at;                 /* all zero: the end of `on`, or now when that is today */
    Date        on;
    Reading     initial;            /* of the only register, or: */
    const ReadingValue *values; int n;
    const char *role;               /* main (NULL), check, sub */
    int64_t     multiplier_e6;      /* transformer or pipe factor; 0: 1 */
    const char *location_note;
    bool        has_place; int32_t lat_e6, lng_e6;
    const char *const *seals;       /* numbers, NULL ends; NULL: none */
    bool        is_go_live;         /* it stands there already: store, lot and test are not asked */
    Id          service_order;
} Install;
/* Installed, with its opening readings (passed at once), the connection's meter from now on; emits
   meter_installation.created. Returns meter_installation.id. */
Id     meter_install (struct Ctx *c, const Install *i);
Faults meters_install(struct Ctx *c, const Install *v, size_t n, Id *installations);

typedef struct {
    Id          meter;
    Time        at;                 /* as of Install */
    Date        on;
    bool        has_final; Reading final;           /* of the only register, or: */
    const ReadingValue *values; int n;              /* neither: the final reading is estimated */
    const char *reason;             /* why; required */
    const char *condition;          /* reusable (NULL), test, scrap */
    Id          store;              /* where it goes; 0: none yet */
    Id          service_order;
} Removal;
/* The installation ends with a final reading (one that is lower than the last is held for the validator, never lost);
   emits meter_installation.removed. */
void   meter_remove(struct Ctx *c, const Removal *r);
/* Out and in at one instant, both or neither; emits meter.replaced.
 * Connection, role and time of `in` are those of `out`. */
Id     meter_replace(struct Ctx *c, const Removal *out, const Install *in);
/* Stock for an application, and back. */
Id   meter_reserve(struct Ctx *c, Id application, Id model, const char *meter_no);
void meter_release(struct Ctx *c, Id application);

/* --- use ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    Id          id, connection, account, meter, register_id, from_reading, to_reading;
    const char *meter_no, *register_code, *register_kind, *tou_code, *unit, *billing_unit, *estimate_method;
    Date        from, to;           /* readings at the end of these days */
    Reading     from_value, to_value, quantity, billing_quantity;
    int64_t     multiplier_e6;
    int         dials, days;
    bool        is_estimated;
} Segment;
typedef struct { Segment *v; size_t n; } Segments;
/* Active, unbilled segments of a connection that end up to a
 * date, in order of date; reads only (previews, simulations). */
Segments mx_open_segments(struct Ctx *c, Id connection, Date until);
/* The same for many connections at once (bill runs): rows in order of connection and date. */
Segments mx_open_segments_of(struct Ctx *c, const Id *connections, size_t n, Date until);
/* Of a bill, whatever their state. */
Segments mx_bill_segments_of(struct Ctx *c, Id bill);
/* Of many bills: rows in order of connection and date. */
Segments mx_bills_segments_of(struct Ctx *c, const Id *bills, size_t n);
/* unbilled -> reserved for a stored draft; CONFLICT when one is no longer unbilled. */
void mx_reserve_segments(struct Ctx *c, const Id *segments, size_t n, Id bill);
/* reserved or unbilled -> billed. `lines` names the bill line of each, or is NULL. */
void mx_bill_segments(struct Ctx *c, const Id *segments, size_t n, Id bill, const Id *lines);
/* Both for many bills at once: `line` of each may be 0. CONFLICT when one is not free any more. */
typedef struct { Id segment, bill, line; } SegmentOfBill;
void mx_reserve_segments_many(struct Ctx *c, const SegmentOfBill *v, size_t n);
void mx_bill_segments_many(struct Ctx *c, const SegmentOfBill *v, size_t n);
/* All that these bills have reserved: `segment` is not looked at. */
void mx_bill_reserved(struct Ctx *c, const SegmentOfBill *v, size_t n);
/* reserved or billed -> unbilled, all of a bill. */
void mx_release_segments(struct Ctx *c, Id bill);
void mx_release_segments_many(struct Ctx *c, const Id *bills, size_t n);

/* How a connection used before a day: the last three actual periods,
 * how many of the last ones had no use, the same days last year. */
typedef struct { Id connection; Quantity usual; int usual_days; bool has_last_year; Quantity last_year_per_day;
                 int zero_periods; } UseHistory;
typedef struct { UseHistory *v; size_t n; } UseHistories;
/* Connections come in order, each once; so do the rows. Those without any use before are left out. */
UseHistories mx_use_history_of(struct Ctx *c, const Id *connections, size_t n, Date before);

typedef struct { bool is_known; Reading value; Reading quantity; const char *method, *inputs; Id reading; } Estimate;
/* The register's value on a date by the utility's estimation policy; is_known false when no method has data. `store`:
   as an estimated reading with its segment; again for the same day it is the one there. register_id 0: all billed
   registers of the main meter, `quantity` is their sum in the billing unit, `value` and `reading` are those of the
   first. */
Estimate mx_estimate(struct Ctx *c, Id connection, Id register_id, Date date, bool store);
/* Why a connection has nothing to bill: "missing", "waiting"
 * (validation), NULL. For the exceptions BX-E05 and BX-E06. */
const char *mx_reading_gap(struct Ctx *c, Id connection, Date date, int window_days);

typedef struct { Time at; Date from, to; Quantity quantity; bool is_estimated, is_gap; } UsagePoint;
typedef struct { UsagePoint *v; size_t n; const char *unit; } UsagePoints;
/* Use of a connection by "period"; gaps stay gaps. "day" and "hour" are empty until there are intervals (MX02US05). */
UsagePoints usage_series(struct Ctx *c, Id connection, Date from, Date to, const char *grain);
Date next_read_date(struct Ctx *c, Id connection);                      /* DATE_NONE when no cycle is planned */

#endif
