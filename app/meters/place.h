/*
 * Where meters stand, within the module: installing and removing share when and in which state.
 */
#ifndef APP_METERS_PLACE_H
#define APP_METERS_PLACE_H

#include "app/meters/reading.h"

/* The user of the staff; 0 for jobs, consumers and commands: for *_by columns. */
Id   staff_id(const Ctx *c);

typedef struct { Time at; Date on; } When;
/* A time, the end of a day, or now. */
When when_of(Ctx *c, Time at, Date on);

/* Meters change their state: history, audit, meter.status_changed; each meter once in a set. */
typedef struct { Id meter; const char *no, *from, *to, *reason; Id store, service_order; } MeterMove;
void meters_move(Ctx *c, const MeterMove *v, size_t n);

const char *installation_json(Ctx *c, Id meter, Id installation, Id connection, Id reading, Time at);

#endif
