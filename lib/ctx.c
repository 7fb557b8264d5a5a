/*
 * attempt() and fail(): the one setjmp of the program.
 */
#include "lib/ctx.h"

#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1000, DEPTH_MAX = 16 };

struct Attempt {
    jmp_buf         back;
    struct Attempt *outer;
    int             depth;
    Failure         failure;
    char            text[TEXT_MAX];         /* outlives the rewind of the arena */
    char            field[80];
    Ctx             before;                 /* who and where: what a failed attempt entered is left again */
};

_Noreturn void fail_at(Ctx *c, Status status, const char *field, const char *file, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct Attempt *a = c->attempt;
    if (!a) {                               /* nobody catches: a mistake of ours */
        fprintf(stderr, "%s:%d: failed outside of attempt(): ", file, line);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
        abort();
    }
    vsnprintf(a->text, sizeof a->text, format, args);
    va_end(args);
    snprintf(a->field, sizeof a->field, "%s", field ? field : "");
    a->failure = (Failure){ .status = status, .file = file, .line = line, .retry_after_s = c->failure.retry_after_s,
                             .is_held_up = c->failure.is_held_up };
    longjmp(a->back, 1);
}

_Noreturn void fail_again(Ctx *c) {
    Failure f = c->failure;
    fail_at(c, f.status, f.field, f.file, f.line, "%s", f.text ? f.text : "");
}

/* Schema, tenant, utility, user and the rest point into memory that is rewound: they become what they were. */
static void go_back(Ctx *c, const Ctx *before) {
    Ctx now = *c;
    *c = *before;
    c->mem = now.mem;
    c->failure = now.failure;
    c->attempt = now.attempt;
    c->cache = now.cache;                   /* whoever fills it ties it to the arena by later() */
}

/*
 * `here` lives in this frame and nothing of it but through c->attempt is read after the jump, so that no local needs
 * to be volatile; the caller's locals are not touched because nothing of theirs changed between call and return.
 */
bool attempt(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    struct Attempt here;
    here.outer = c->attempt;
    here.depth = here.outer ? here.outer->depth + 1 : 1;
    assert(here.depth <= DEPTH_MAX);
    here.before = *c;
    ArenaMark start = mark(c);
    ArenaMark *volatile kept = &start;
    c->failure = (Failure){ 0 };
    c->attempt = &here;
    if (!setjmp(here.back)) {
        work(c, arg);
        c->attempt = here.outer;
        return true;
    }
    c->attempt = here.outer;
    rewind_to(c, *kept);
    go_back(c, &here.before);
    c->failure = here.failure;
    c->failure.text = text_copy(c, here.text);
    c->failure.field = here.field[0] ? text_copy(c, here.field) : NULL;
    return false;
}

const char *status_word(Status s) {
    switch (s) {
    case INVALID:     return "invalid";
    case WRONG_PROOF: return "wrong_proof";
    case DENIED:      return "denied";
    case NOT_FOUND:   return "not_found";
    case CONFLICT:    return "conflict";
    case TOO_LARGE:   return "too_large";
    case BUSY:        return "busy";
    case DOWN:        return "down";
    case BROKEN:      return "broken";
    case RETRY:       return "retry";
    case UNKNOWN:     return "unknown";
    }
    return "broken";
}
