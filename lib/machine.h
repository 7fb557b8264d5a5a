/*
 * Machine: the states of a record as a table of moves (from, event, to, right, refusal, effect).
 *
 *   static const Move run_moves[] = {
 *       { "review", "ask",     "awaiting_approval", EDIT,    open_checklist,   tell_approvers, .text = "Ask for
 * approval" },
 *       { "awaiting_approval", "approve", "approved", APPROVE, approval_refusal, NULL,         .text = "Approve" },
 *       {0} };
 *   const Machine bill_run = { .name = "bill_run", .table = "bill_run", .feature = "bx.run", .moves = run_moves, ... };
 *
 *   machine_move(c, &bill_run, id, "approve", &args);    guards, update with version, audit, event <name>.state_changed
 *   show_moves(r, &bill_run, id, "/bx/runs/%s", no);     buttons this user may press now -> page.actions or show.moves
 */
#ifndef LIB_MACHINE_H
#define LIB_MACHINE_H

#include "lib/db.h"
#include "lib/req.h"

/* A refusal: status 0 = none. */
typedef struct Refusal { Status status; const char *text; } Refusal;
#define NO_REFUSAL ((Refusal){ 0 })
#define REFUSE(owner, status_, ...) ((Refusal){ (status_), text((owner), __VA_ARGS__) })

typedef struct Move {
    const char *from, *event, *to;
    Action      action;
    Refusal   (*refusal)(Ctx *c, Id id);
    void      (*effect)(Ctx *c, Id id, void *arg);      /* in the same transaction, after the state has changed */
    const char *text;                   /* of the button: a message's key; NULL: none (moved by the system) */
    bool        danger, asks_reason;
    bool        plain;                  /* never the page's one main button */
    const char *key;                                    /* another permission key than the machine's */
} Move;

typedef struct Machine {
    const char *name, *table, *column;      /* column NULL: "state" */
    const char *number;                     /* column with the number people know, NULL: none */
    const char *feature;
    const Move *moves;
    /* the outbox event; NULL: core's <name>.state_changed */
    void      (*moved)(Ctx *c, Id id, const char *from, const char *to, const char *event);
} Machine;

/*
 * Moves the record on. Fails DENIED without the right, CONFLICT "This <name> is <state>; ..." when the state has no
 * such move, or with the move's refusal. reason may be NULL unless the move asks for one (INVALID). Returns the new
 * state.
 */
const char *machine_move(Ctx *c, const Machine *m, Id id, const char *event, const char *reason, void *arg);
/* The same for a button of show_moves (or a form that shows the record's row_version): CONFLICT when the record is not
   the one that was seen, so that nobody approves what he did not read. */
const char *machine_press(Req *r, const Machine *m, Id id, const char *event, const char *reason, void *arg);
/* That check alone, for a button without a machine: its field row_version names the version that was seen. */
void press_check(Req *r, int64_t version, Time changed_at);
/* The same for the system itself: no right is asked. */
const char *machine_move_system(Ctx *c, const Machine *m, Id id, const char *event, const char *reason, void *arg);
/* The moves this user may press in the record's present state, as actions at `at`; posted to <path>/<event>. */
void show_moves(Req *r, const char *at, const Machine *m, Id id, const char *path);
/* Drawing of the machine as text (`make states`) and the check
 * of its table; machines register themselves by modules. */
void machine_draw(const Machine *m, void (*line)(void *, const char *), void *arg);

#endif
