/*
 * Who looked at protected data (spec/README section 2 rule 6; BX04US01). A page that is only looked at should not
 * wait for a commit of its own, which costs more than all it reads: what a web worker's visitors looked at is written
 * in sets, within a second. Until then it stands in memory shared with the master: of a worker that dies another one
 * takes it over. An entry may be written twice when that happens, never not at all. No place left: the page is refused.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/core/core.h"
#include "app/core/front.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/utf8.h"

enum { SET = 32, SET_MOST = 64, SET_AGE_MS = 500, NAME_BYTES = 120, NUMBER_BYTES = 60, REASON_BYTES = 40 };

typedef struct View {
    char schema[80], actor_kind[16], actor_name[NAME_BYTES + 1], address[48], request_no[20], entity[61];
    char number[NUMBER_BYTES + 1], reason[REASON_BYTES + 1];
    Id   utility, user, session, id;
    Time at;
} View;

typedef struct Slot { pid_t owner; int n; int64_t since_us; View v[SET_MOST]; } Slot;      /* of one worker */

static Slot *slots, *mine;
static int slots_n;

void view_notes_open(int workers) {
    slots_n = 2 * workers;                      /* two generations while they change */
    slots = mmap(NULL, sizeof *slots * (size_t)slots_n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED) slots = NULL;
}

static bool is_gone(pid_t pid) { return pid && kill(pid, 0) && errno == ESRCH; }

static void take_slot(Slot *s, pid_t from) {
    if (__atomic_compare_exchange_n(&s->owner, &from, getpid(), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) mine = s;
}

/* What a dead worker left. */
static void adopt_slot(void) {
    for (int i = 0; i < slots_n && !mine; i++) {
        pid_t owner = slots[i].owner;
        if (slots[i].n && is_gone(owner)) take_slot(&slots[i], owner);
    }
}

static void find_slot(void) {
    adopt_slot();
    for (int i = 0; i < slots_n && !mine; i++) {
        pid_t owner = slots[i].owner;
        if (!owner || is_gone(owner)) take_slot(&slots[i], owner);
    }
}

static void keep(Ctx *c, char *to, size_t room, const char *s) {
    snprintf(to, room, "%s", s ? utf8_cut(&c->mem, s, room - 1) : "");
}

void audit_view(Ctx *c, const char *entity, Id id, const char *number, const char *reason) {
    if (slots && !mine) find_slot();
    if (!mine) {                                /* no web worker: a command, a test */
        audit_note(c, "view", entity, id, number, reason);
        return;
    }
    if (mine->n == SET_MOST) fail(c, DOWN, "who looks at this cannot be written down now");
    View *v = &mine->v[mine->n];
    *v = (View){ .utility = c->utility, .user = audit_actor_id(c), .session = c->session, .id = id, .at = c->now };
    keep(c, v->schema, sizeof v->schema, c->schema);
    keep(c, v->actor_kind, sizeof v->actor_kind, audit_actor_kind(c));
    keep(c, v->actor_name, sizeof v->actor_name, c->user_name);
    keep(c, v->address, sizeof v->address, c->address);
    keep(c, v->request_no, sizeof v->request_no, c->request_no);
    keep(c, v->entity, sizeof v->entity, entity);
    keep(c, v->number, sizeof v->number, number);
    keep(c, v->reason, sizeof v->reason, reason);
    if (!mine->n) mine->since_us = time_ticking_us();
    __atomic_store_n(&mine->n, mine->n + 1, __ATOMIC_RELEASE);
}

bool audit_view_waits(Ctx *c, const char *entity, Id id) {
    for (int i = 0; i < slots_n && slots; i++) {
        const Slot *s = &slots[i];
        int n = __atomic_load_n(&s->n, __ATOMIC_ACQUIRE);
        for (int k = 0; k < n; k++)
            if (s->v[k].id.id == id.id && !strcmp(s->v[k].entity, entity) && !strcmp(s->v[k].schema, c->schema))
                return true;
    }
    return false;
}

static void write_of_schema(Ctx *c, void *arg) {
    (void)arg;
    DbBulk *b = db_bulk(c, "insert into audit_entry (at, utility_id, actor_kind, actor_id, actor_name, ip, session_id, "
                           "request_id, action, entity, entity_id, number, reason) values (?,?,?,?,nullif(?,''),"
                           "inet6_aton(?),?,nullif(?,''),'view',?,?,nullif(?,''),nullif(?,''))");
    for (int i = 0; i < mine->n; i++) {
        const View *v = &mine->v[i];
        if (strcmp(v->schema, c->schema)) continue;
        db_bulk_add(b, v->at, v->utility, v->actor_kind, v->user, v->actor_name, v->address, v->session, v->request_no,
                    v->entity, v->id, v->number, v->reason);
    }
    db_bulk_end(b);
}

static void forget_schema(const char *schema) {
    int left = 0;
    for (int i = 0; i < mine->n; i++)
        if (strcmp(mine->v[i].schema, schema)) mine->v[left++] = mine->v[i];
    __atomic_store_n(&mine->n, left, __ATOMIC_RELEASE);
}

static void write_all(Ctx *c, void *arg) {
    while (mine->n) {
        db_use(c, mine->v[0].schema);
        db_tx(c, DB_WRITE, write_of_schema, arg, NULL);
        forget_schema(c->schema);
    }
}

void view_notes_write(Ctx *c, bool now) {
    if (slots && !mine) adopt_slot();
    if (!mine) return;
    bool due = now || mine->n >= SET || time_ticking_us() - mine->since_us >= SET_AGE_MS * 1000;
    if (mine->n && due && !attempt(c, write_all, NULL)) log_error("views.wait", LOG_TEXT("text", c->failure.text));
    if (now && !mine->n) __atomic_store_n(&mine->owner, 0, __ATOMIC_RELEASE), mine = NULL;
}
