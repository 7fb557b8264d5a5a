/*
 * Meters as they are registered, installed and removed, and what each must be (MX01US02). Pure.
 *
 * Keys of the texts: meters.entry.* in the messages.
 */
#ifndef APP_METERS_METER_RULES_H
#define APP_METERS_METER_RULES_H

#include "lib/arena.h"
#include "lib/fault.h"
#include "lib/types.h"

typedef struct {
    const char *meter_no;           /* NULL: by its format */
    const char *serial_no;
    const char *external_ref;       /* head-end's; NULL: none */
    const char *read_type;          /* manual, photo, smart; NULL: the model's */
    const char *ownership;          /* utility (NULL), consumer */
    const char *firmware, *note;
    Id          model, store, lot;
    /* go-live loads: it stands somewhere already and is installed next, store 0 */
    bool        is_for_installation;
    Date        purchased_on, test_due_on;  /* DATE_NONE: not known */
    bool        has_cost;
    Money       cost;
} NewMeter;

typedef struct {
    bool        number_taken, external_taken;
    const char *serial_of;          /* meter with this serial number of this manufacturer; NULL: none */
    bool        has_model, is_model_active, has_registers, has_store;
    const char *lot_status;         /* NULL: no lot, or an unknown one */
} MeterKnown;

void meter_faults(Faults *to, size_t row, const NewMeter *n, const MeterKnown *f);

typedef struct {
    const char *meter_no;           /* NULL: there is none */
    const char *meter_status, *meter_service;
    const char *stands_at;          /* premise where it is installed; NULL: nowhere */
    const char *since;              /* as text for people */
    const char *failed_test_on;     /* last test failed, as text; NULL: passed or none */
    bool        is_test_overdue, is_lot_open;
    Date        free_from;          /* removed last on; DATE_NONE */
    const char *connection_no;      /* NULL: there is none */
    const char *connection_status, *connection_service, *premise_no;
    const char *measured_by;        /* its meter of this role; NULL: none */
    Date        on, today;
    const char *role;
    bool        is_go_live;         /* stands there already: store, lot and test are not asked */
    int         registers, values;  /* of the meter, given */
    int64_t     multiplier_e6;
    const char *location_note;
} InstallKnown;

void install_faults(Faults *to, size_t row, const InstallKnown *f);

/* meter.status: what may follow what (the drawing is in the specification's story). */
bool meter_may_become(const char *from, const char *to);

#endif
