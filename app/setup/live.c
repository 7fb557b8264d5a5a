/*
 * Going live (ONB-GUIDED.6): the order with the utility's code typed and who one is proved, and the switch. From the
 * order on staff only read (the utility is suspended); the rows of the trial go in chunks, module by module; the last
 * transaction looks once more, sets the environment and tells the administrators. The ledger may be deleted from by the
 * database's administrator alone (I3), so the job starts the command `smart360 live`, which goes on where an earlier
 * one was cut off.
 */
#include "app/setup/live.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/comms/comms.h"
#include "app/core/front.h"
#include "app/core/installation.h"
#include "app/core/proof.h"
#include "app/core/registry.h"
#include "app/hub/hub.h"
#include "app/setup/guide_sign.h"
#include "app/setup/pages.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

LiveRow *live_row(Ctx *c) {
    return db_find(c, LiveRow, "select g.state, g.part, g.parts, g.removed, g.ordered_at, g.finished_at, u.full_name "
                               "as ordered_by from go_live g left join user u on u.id = g.ordered_by "
                               "where g.utility_id = ?", c->utility);
}

bool live_is_under_way(Ctx *c, Id utility) {
    return db_int(c, "select count(*) from go_live where utility_id = ? and state <> 'done'", utility) > 0;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static const Form live_form = { .name = "go_live", .fields = FIELDS {
    { "confirmed", NULL, CHOICES(NULL) },
    { "code", NULL, TEXT(1, 16), .flags = REQUIRED, .width = "10", .autocomplete = "off" }, { 0 } } };

static void show_form(Req *r) {
    Ctx *c = &r->c;
    const char *section = at(r, "show.sections", 0, NULL), *form = text(r, "%s.form", section);
    show_text(r, text(r, "%s.title", section), word(r, "setup.live.title"));
    FormView *v = form_show(r, form, &live_form, guide_url(c, "go_live/live"));
    guide_declare_show(r, v, form, step_def("go_live"));
    form_set(v, "code", "hint", msg_format(r, c->language, "setup.live.type", { "code", c->utility_code }));
    Signings all = guide_signings(c, step_def("go_live"));
    const char *as = guide_sign_words(c, &all);
    show_text(r, text(r, "%s.intro", form), *as ? text(r, "%s %s", word(r, "setup.live.how"), as)
              : word(r, "setup.live.how"));
    show_text(r, text(r, "%s.tone", form), "danger");
    show_text(r, text(r, "%s.submit", form), msg_format(r, c->language, "setup.live.submit",
                                                        { "name", utility_here(c)->name }));
    proof_notice(r);
}

static void show_way(Req *r, const LiveRow *l) {
    Ctx *c = &r->c;
    show_text(r, "job.state", "running");
    show_text(r, "job.tone", "info");
    show_text(r, "job.state_text", word(r, "setup.live.under_way"));
    show_int(r, "job.value", l->part);
    show_int(r, "job.max", l->parts ? l->parts : 1);
    show_text(r, "job.percent_text", text(r, "%d\xC2\xA0%%", l->parts ? l->part * 100 / l->parts : 0));
    show_text(r, "job.started", msg_format(r, c->language, "setup.live.ordered", { "who", l->ordered_by },
              { "when", locale_time_words(&c->mem, c->locale, l->ordered_at) }));
    show_text(r, "job.poll_url", guide_url(c, "go_live"));
}

#define REMOVED(F, T) F(T, const char *, what) F(T, int64_t, n)
ROW(Removed, REMOVED)

static void show_done(Req *r, const LiveRow *l) {
    Ctx *c = &r->c;
    const char *section = at(r, "show.sections", 0, NULL);
    show_text(r, "job.state", "done");
    show_text(r, "job.tone", "ok");
    show_text(r, "job.state_text", msg_format(r, c->language, "setup.live.since", { "when",
              locale_time_words(&c->mem, c->locale, l->finished_at) }));
    show_text(r, "job.started", msg_format(r, c->language, "setup.live.ordered", { "who", l->ordered_by },
              { "when", locale_time_words(&c->mem, c->locale, l->ordered_at) }));
    show_text(r, "job.result.text", word(r, "setup.live.open"));
    show_text(r, "job.result.url", text(r, "/u/%s/dashboard", c->utility_code));
    show_text(r, text(r, "%s.title", section), word(r, "setup.live.removed"));
    Removeds all = db_all(r, Removed, "select k.what, cast(json_value(g.removed, concat('$.', k.what)) as signed) as n "
                          "from go_live g join json_table(json_keys(g.removed), '$[*]' columns (what varchar(40) "
                          "path '$')) k where g.utility_id = ? order by k.what", c->utility);
    for (size_t i = 0; i < all.n; i++)
        show_fact(r, text(r, "%s.facts", section), word(r, text(r, "setup.purge.%s", all.v[i].what)),
                  locale_count(&c->mem, c->locale, all.v[i].n), NULL);
}

bool live_show(Req *r, bool all_passed) {
    const LiveRow *l = live_row(&r->c);
    Signings all = l ? (Signings){ .n = 0 } : guide_signings(&r->c, step_def("go_live"));
    bool may_order = !l && all_passed && all.open == all.mine && perm_may(&r->c, "core.utilities", APPROVE);
    if (l && !strcmp(l->state, "done")) show_done(r, l);
    else if (l) show_way(r, l);
    else if (may_order) show_form(r);
    return l || may_order;
}

/* --- the order ---------------------------------------------------------------------------------------------------- */

static void add_red(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    if (!row->optional && !k->passed) problem(arg, NULL, "%s", k->text);
}

/* What runs now would write into what is being taken away. */
static int64_t work_under_way(Ctx *c) {
    return db_int(c, "select count(*) from smart360.job where tenant_id = ? and utility_id = ? and state = 'running' "
                     "and class in ('bills', 'imports')", c->tenant, c->utility);
}

/* What whoever orders it has ticked: goes into what is signed when it is done. */
static const char *keep_confirmed(Ctx *c) {
    Text to = text_start(c);
    JsonOut o = json_out(&to);
    json_open_object(&o, NULL);
    guide_declare_keep(c, &o, step_def("go_live"));
    json_close(&o);
    db_run(c, "insert into setup_step (utility_id, step_key, state, snapshot) values (?,'go_live','in_progress',?) "
              "on duplicate key update snapshot=values(snapshot)", c->utility, to.s);
    return to.s;
}

void guide_live(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    perm_check(c, "core.utilities", APPROVE);
    if (!c->utility.id || strcmp(path_text(r, "step"), "go_live")) fail(r, NOT_FOUND, "There is no such page.");
    const Utility *u = utility_here(c);
    Input *in = form_read(r, &live_form);
    if (!strcmp(u->environment, "live")) fail(r, CONFLICT, "%s", word(r, "setup.live.already"));
    if (live_is_under_way(c, c->utility)) fail(r, CONFLICT, "%s", word(r, "setup.live.under_way"));
    step_checks(c, "go_live", add_red, r);
    if (in_given(in, "code") && strcmp(in_text(in, "code"), u->code))
        problem(r, "code", "%s", msg_format(r, c->language, "setup.live.type", { "code", u->code }));
    guide_declare_check(r, in, step_def("go_live"));
    Signings all = guide_signings(c, step_def("go_live"));
    if (!r->problems && all.open > all.mine)        /* nobody could give it while a check is red */
        problem(r, NULL, "%s", msg_format(r, c->language, "setup.sign.first",
                                          { "roles", guide_wanted_words(c, &all) }));
    problems_end(r);
    proof_check(c);
    if (work_under_way(c)) fail(r, CONFLICT, "%s", word(r, "setup.live.busy"));
    guide_sign(c, step_def("go_live"), &all, NULL, keep_confirmed(c));
    db_insert(c, "insert into go_live (utility_id, ordered_by, ordered_at) values (?,?,?)", c->utility, c->user,
              c->now);
    db_must(c, 1, CONFLICT, "update utility set status='suspended', suspended_reason=?, updated_at=?, updated_by=?, "
            "row_version=row_version+1 where id=? and environment='sandbox'", word(r, "setup.live.title"), c->now,
            c->user, c->utility);
    audit_write(c, &(Audit){ .action = "go_live", .entity = "utility", .id = c->utility, .number = u->code,
                             .version = db_int(c, "select row_version from utility where id=?", c->utility),
                             .before = json_pairs(c, "status", u->status, NULL),
                             .after = json_pairs(c, "status", "suspended", NULL) });
    job_enqueue(c, &(NewJob){ .kind = "utility.live", .priority = 10,
                              .unique_key = text(c, "utility.live:%lld", (long long)c->utility.id) });
    go_to(r, guide_url(c, "go_live"));
}

JobStep live_job(Ctx *c, const JobRow *job) {
    (void)job;
    const char *const words[] = { "live", c->utility_code, "--tenant", c->tenant_slug, NULL };
    if (!command_child(c, words)) fail(c, DOWN, "the switch of %s was cut off; see the log", c->utility_code);
    return STEP_DONE;
}

/* --- the work ----------------------------------------------------------------------------------------------------- */

typedef struct Switch { const char *tenant, *utility; const SandboxPurge *part; int no, parts; int64_t n; } Switch;

/* A chunk and its count; the part is done with the first chunk that is empty. */
static void purge_chunk(Ctx *c, void *arg) {
    Switch *s = arg;
    s->n = s->part->some(c);
    db_must(c, 1, CONFLICT, "update go_live set state='running', parts=?, part=greatest(part, ?), removed=if(?=0, "
            "removed, json_set(removed, ?, coalesce(json_value(removed, ?), 0) + ?)) where utility_id=? "
            "and state<>'done'", s->parts, s->n ? s->no : s->no + 1, s->n, text(c, "$.%s", s->part->what),
            text(c, "$.%s", s->part->what), s->n, c->utility);
}

static void each_part(Switch *s, Ctx *c, void (*work)(Ctx *, Switch *), int from) {
    const SandboxPurge *table;
    s->no = 0;
    for (int i = 0; (table = registered_purges(i)); i++)
        for (s->part = table; s->part->some; s->part++, s->no++)
            if (s->no >= from) work(c, s);
}

static void count_part(Ctx *c, Switch *s) { (void)c, (void)s; }

static void purge_part(Ctx *c, Switch *s) {
    do {
        ArenaMark m = mark(c);
        db_tx(c, DB_WRITE, purge_chunk, s, NULL);
        rewind_to(c, m);
    } while (s->n);
}

/* What came in the meantime, within the transaction of the switch. */
static void purge_rest(Ctx *c, Switch *s) { while (s->part->some(c)) continue; }

#define TOLD(F, T) F(T, Id, id)
ROW(Told, TOLD)

static void tell(Ctx *c, const Utility *u) {
    Tolds l = db_all(c, Told, "select distinct u.id from user u join user_role x on x.user_id=u.id join role r "
                     "on r.id=x.role_id where u.status='active' and (r.code='tenant_admin' or (r.code='utility_admin' "
                     "and r.utility_id=?))", c->utility);
    const char *path = text(c, "/u/%s/dashboard", u->code), *key = text(c, "utility.live:%s", u->code);
    const NotifyField fields[] = { { "utility.name", u->name }, { "link", public_url(c, path, false) }, { 0 } };
    for (size_t i = 0; i < l.n; i++) {
        notify(c, "utility_live", &(Recipient){ .user = l.v[i].id }, fields,
               &(NotifyOptions){ .channels = "email", .dedup_key = text(c, "%s:%lld", key, (long long)l.v[i].id.id) });
        inapp_post(c, &(InApp){ .recipient_kind = "user", .recipient = l.v[i].id, .topic = "account_security",
                                .severity = "success", .title = msg_format(c, "en", "setup.live.told",
                                                                           { "name", u->name }),
                                .body = msg("en", "setup.live.told_body"), .link = path, .dedup_key = key });
    }
}

static void finish(Ctx *c, void *arg) {
    Switch *s = arg;
    each_part(s, c, purge_rest, 0);
    const Utility *u = utility_here(c);
    db_must(c, 1, CONFLICT,
            "update utility set environment='live', status='live', suspended_reason=null, go_live_at=?, "
            "updated_at=?, row_version=row_version+1 where id=? and environment='sandbox'", c->now, c->now, c->utility);
    db_must(c, 1, CONFLICT, "update go_live set state='done', part=parts, finished_at=? where utility_id=?", c->now,
            c->utility);
    const char *removed = db_text(c, "select removed from go_live where utility_id=?", c->utility);
    db_run(c, "insert into setup_step (utility_id, step_key, state, percent, saved_at, signed_off_by, signed_off_at, "
              "snapshot) select g.utility_id, 'go_live', 'signed_off', 100, ?, g.ordered_by, ?, json_object("
              "'confirmed', json_compact(coalesce((select json_query(s.snapshot, '$.confirmed') from setup_step s "
              "where s.utility_id=g.utility_id and s.step_key='go_live'), '[]')), 'removed', "
              "json_compact(g.removed), 'values', json_compact(?)) from go_live g where g.utility_id=? "
              "on duplicate key update state='signed_off', percent=100, saved_at=values(saved_at), "
              "signed_off_by=values(signed_off_by), signed_off_at=values(signed_off_at), snapshot=values(snapshot), "
              "row_version=row_version+1", c->now, c->now, integrations_values(c), c->utility);
    guide_audit(c, "sign_off", step_def("go_live"), NULL);
    audit_write(c, &(Audit){ .action = "live", .entity = "utility", .id = c->utility, .number = u->code,
        .version = db_int(c, "select row_version from utility where id=?", c->utility), .before = json_pairs(c,
        "environment", "sandbox", NULL), .after = json_pairs(c, "environment", "live", "removed", removed,
        "ledger_seal", db_text(c, "select lower(hex(ledger_seal)) from go_live where utility_id=?", c->utility),
        NULL) });
    event_emit(c, &(Event){ .name = "utility.live", .entity = "utility", .id = c->utility, .number = u->code });
    tell(c, u);
}

/* The last seal of the ledger, before its blocks go: what the audit keeps of it. */
static void keep_seal(Ctx *c, void *arg) {
    (void)arg;
    db_run(c, "update go_live set ledger_seal=(select hash from seal_block where chain='ledger' "
              "and chain_utility_id=? order by block_no desc limit 1) where utility_id=? and part=0", c->utility,
           c->utility);
}

static void live_work(Ctx *c, void *arg) {
    Switch *s = arg;
    TenantRow *tenant = tenant_by_slug(c, s->tenant);
    if (!tenant) fail(c, NOT_FOUND, "There is no tenant %s.", s->tenant);
    tenant_enter(c, tenant);
    Id utility = utility_by_code(c, s->utility);
    if (!utility.id) fail(c, NOT_FOUND, "There is no utility %s.", s->utility);
    utility_enter(c, utility);
    LiveRow *l = live_row(c);
    if (!l) fail(c, CONFLICT, "Nobody has ordered %s to go live: that is done on its page of the set-up.", s->utility);
    if (!strcmp(l->state, "done")) return;
    each_part(s, c, count_part, 0);
    s->parts = s->no;
    db_tx(c, DB_WRITE, keep_seal, NULL, NULL);
    each_part(s, c, purge_part, l->part);
    db_tx(c, DB_WRITE, finish, s, NULL);
    printf("%s is live\n", s->utility);
}

int live_command(int argc, char **argv) {
    Switch s = { 0 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--tenant") && i + 1 < argc) s.tenant = argv[++i];
        else if (*argv[i] != '-' && !s.utility) s.utility = argv[i];
        else return command_misuse(argv[0], "does not know %s", argv[i]);
    }
    if (!s.utility || !s.tenant) return command_misuse(argv[0], "wants a utility's code and --tenant SLUG");
    int status = program_start();
    return status ? status : command_run(COMMAND_ADMIN, live_work, &s);
}
