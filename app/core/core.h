/*
 * core: what every module asks of the ground: rights, audit, events, forms sent twice, jobs, files, numbers, business
 * time, the fee catalogue and plan versions. Implemented in app/core and app/setup.
 *
 * All of it runs in the caller's transaction (the exceptions say so), takes tenant, utility, user and time from the
 * context, and fails as lib/ctx.h says; texts returned live in the context's arena. Ids of 0 mean "none".
 */
#ifndef APP_CORE_CORE_H
#define APP_CORE_CORE_H

#include "lib/arena.h"
#include "lib/rows.h"
#include "lib/types.h"

struct Ctx;
struct Req;

/* --- rights (AU01US02) -------------------------------------------------------------------------------------------- */

/* Fails DENIED "You do not have permission to <action> <label>." unless the user holds the right in the context's
   utility. `action` is one of VIEW, CREATE, EDIT, DELETE, APPROVE, EXPORT (lib/req.h). Jobs and commands (user 0, realm
   none) pass. The refusal's audit entry is written by the refused hook. Cheap: rights are read once a request. */
void perm_check(struct Ctx *c, const char *key, unsigned action);
bool perm_may  (struct Ctx *c, const char *key, unsigned action);
/* Paths (service_area.path) of the subtrees the user is limited to in this utility; n = 0: not limited. */
typedef struct { const char *const *path; size_t n; } AreaScope;
AreaScope scope_area(struct Ctx *c);
/* Whether rows of this service area are within the user's scope; true when it is not limited. A page of a record
   outside answers NOT_FOUND. */
bool scope_has_area(struct Ctx *c, Id service_area_id);
/* Fails NOT_FOUND unless scope_has_area. */
void scope_check_area(struct Ctx *c, Id service_area_id);
/* What of the menu this person may open, as links into the data set, for a role's first page; how many. */
size_t front_links(struct Req *r, const char *list);

/* --- who and where ------------------------------------------------------------------------------------------------ */

typedef struct {
    Id          id;
    const char *code, *name, *status, *environment;     /* sandbox, live */
    const char *currency;           /* ISO 4217 */
    int         exponent;           /* its minor digits */
    const char *time_zone;          /* IANA; never NULL */
    const char *language;           /* the organization's default */
    bool        half_even;          /* rounding */
    Money       cash_step;          /* cash rounding; 0: none */
    const char *email, *contact_phone, *bill_sender_name;
    Id          logo;               /* a document; 0: none */
} Utility;
/* The context's utility (fails BROKEN at tenant level), or another of the tenant (NOT_FOUND). Cached in the context. */
const Utility *utility_here(struct Ctx *c);
const Utility *utility_get (struct Ctx *c, Id utility_id);
/* The tenant's utilities by name, closed ones too; at most 50. Read once a request. */
typedef struct { const Utility **v; size_t n; } UtilityList;
const UtilityList *utilities_here(struct Ctx *c);
/* Whether currency, date format and time zone are set: before, nothing but the set-up is used (ONB01US01). */
bool organization_is_set(struct Ctx *c);
/*
 * What changes a few times a day and many pages want (a design, texts, a catalogue): read once by a web worker and kept
 * until somebody writes a table of made_of (rights.c), where every table that `read` looks at has to stand. `kind` is a
 * literal; there is one value for each utility and id (below 2^40). What `read` gives stands in the memory of the Ctx
 * that it gets, or is NULL, and is changed by nobody. Who writes, jobs and commands read it for themselves, once.
 */
const void *kept_fact(struct Ctx *c, const char *kind, int64_t id, const void *(*read)(struct Ctx *c, int64_t id));
/* A number that is another one after each change to the notes of the person who came (comms); 0: nothing was posted. */
int64_t notes_version(struct Ctx *c);
/* The organization's mark, a document; 0: none. */
Id organization_logo(struct Ctx *c);
/* What only the platform corrects (ONB01US01): the organization's name and its primary mail. With audit. */
void organization_correct(struct Ctx *c, const char *name, const char *admin_email, const char *reason);
/* "#0f5fa6", the organization's colour for its pages; NULL: none, or it was not read yet. */
const char *organization_colour(struct Ctx *c);
/* 0 when there is none. */
Id utility_by_code(struct Ctx *c, const char *code);
/* The utility's calendar date of the context's time: "today" of every due date. */
Date utility_today(struct Ctx *c);
/* The first day of a role that is given now: the earliest date that it is anywhere in the organization, so that the
   role holds at once on all its pages; before the organization chose its time zone, anywhere on earth. */
Date role_begin(struct Ctx *c);
/* Runs in this utility from now on (jobs that walk over utilities). 0: tenant level. */
void utility_enter(struct Ctx *c, Id utility_id);
/* Absolute public address of a path, with port: links in messages.
 * `portal`: the utility's portal (its own host when it has one). */
const char *public_url(struct Ctx *c, const char *path, bool portal);
/* The same of any tenant's own pages, from wherever. */
const char *public_url_of(struct Ctx *c, const char *slug, const char *path);

/* A setting of the utility (table setting): the value or, when it was never set, the given one. Read once a request. */
int64_t     setting_int (struct Ctx *c, const char *key, int64_t otherwise);
const char *setting_text(struct Ctx *c, const char *key, const char *otherwise);
void        setting_set (struct Ctx *c, const char *key, const char *value);     /* with audit */

/* --- records ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *action;             /* create, edit, delete, approve, sign_in, denied, export, view, <move> */
    const char *entity;             /* table name */
    Id          id;
    const char *number;             /* what people call it; may be NULL */
    int64_t     version;            /* row_version after the change; 0: not versioned */
    const char *before, *after;     /* JSON objects of the changed fields, secrets as "***"; NULL: nothing */
    const char *reason;
} Audit;
/* One audit_entry with its audit_value. Who, from where and when come from the context. */
void audit_write(struct Ctx *c, const Audit *a);
/* The usual case: no values. */
void audit_note(struct Ctx *c, const char *action, const char *entity, Id id, const char *number, const char *reason);
/* The failure that this handler raises next is kept as an entry "refused" with its words, although its transaction is
   rolled back. `entity` is a literal: nothing of the handler's memory outlives it. */
void audit_refused(struct Ctx *c, const char *entity);
/*
 * Somebody looks at protected data: "view". A page's worker writes it within a second, with what others looked at
 * meanwhile, so that the page may be read-only (view_note.c); elsewhere it is audit_note.
 */
void audit_view(struct Ctx *c, const char *entity, Id id, const char *number, const char *reason);
/* Whether such a look was taken in and is not written yet: for who asks if somebody has seen it. */
bool audit_view_waits(struct Ctx *c, const char *entity, Id id);
/* "user", "portal_user" ...: as whom the context acts, in the audit's words. */
const char *audit_actor_kind(const struct Ctx *c);
Id          audit_actor_id  (const struct Ctx *c);
/* Entries of many records without values, in one statement (rows of a file). */
void audits_note(struct Ctx *c, const Audit *v, size_t n);
/* Entries with values of different records of one entity, all
 * of one action: a handful of statements (rows of a file). */
void audits_write(struct Ctx *c, const Audit *v, size_t n);
/* The hash of an entry over its values: what seals hold and the checker recomputes. */
void audit_hash(struct Ctx *c, Bytes salt, const char *before, const char *after, uint8_t hash[static 32]);
/* {"name": "value", ...} for before and after: pairs of texts ended by NULL; a NULL value becomes null. */
const char *json_pairs(struct Ctx *c, const char *first, ...) __attribute__((sentinel));
/* [1,2,3] of ids, for statements over a set: json_table(?, '$[*]' columns (id bigint path '$')). */
const char *json_ids(struct Ctx *c, const Id *v, size_t n);
/* [[0,"a"],[2,"c"]] of texts with their row; NULL ones are left out: json_table(?, '$[*]' columns (row_no int path
   '$[0]', value varchar(60) path '$[1]')). */
const char *json_keys(struct Ctx *c, const char *const *v, size_t n);

typedef struct {
    const char *name;               /* "bill.posted" */
    const char *entity;             /* table */
    Id          id;
    const char *number;
    Id          account, consumer;
    const char *payload;            /* JSON object with the event's further keys; NULL: none */
} Event;
/* One outbox_event; handlers run after COMMIT, at least once each, and never twice for one event_id. */
void event_emit(struct Ctx *c, const Event *e);
/* Many at once, in order (bill runs): one statement. */
void events_emit(struct Ctx *c, const Event *v, size_t n);
/* The row as a handler gets it. */
typedef struct {
    const char *event_id, *name, *entity, *number, *payload;
    Id          id, account, consumer, utility;
    Time        occurred_at;
} EventRow;
/* A row of a module's table of handlers. A handler runs in a transaction of its own in the event's utility; failing
   makes the job try again. `name` may end in * ("payment.*"). */
typedef struct { const char *name, *handler; void (*run)(struct Ctx *c, const EventRow *e); } EventHandler;
/* Adds a module's table, ended by {0}; at start-up. */
void event_handlers(const EventHandler *table);

/* First result of a form that was sent before (realm and user of the context): its location, or NULL when this is the
   first time; form_done stores it. lib's once hooks use these; handlers need them only for keys of their own. */
const char *form_once(struct Ctx *c, const char *form_key, const char *path);
void        form_done(struct Ctx *c, const char *form_key, const char *location, int status);

/* --- jobs (assurance: job queue) ---------------------------------------------------------------------------------- */

typedef struct {
    const char *kind;               /* "bill_run.calculate": a registered handler */
    const char *class;              /* payments, messages, bills, imports, documents, general; NULL: the handler's */
    const char *payload;            /* JSON; NULL: none */
    Time        run_at;             /* TIME_NONE or all zero: now */
    const char *unique_key;         /* NULL: none. One at a time: see job_enqueue */
    int         priority;           /* 0: 100; smaller goes first */
    int         max_attempts;       /* 0: the handler's (12; webhooks 25) */
    bool        joins;              /* with a unique_key: one that runs already is enough (ticks of a schedule) */
} NewJob;
/*
 * Puts a job into the queue in the transaction of the change that wants it, and returns its id.
 *
 * With a unique_key (kind, key: it says all that the payload says) one is ready or running at a time, and a run of it
 * begins after the caller's commit, so that it sees what the caller changed:
 *   one waits      that one is returned; it keeps its due time and is not claimed before the caller has committed
 *   one runs       that one is returned and asked again: when it has ended, done or dead, a new one is there with the
 *                  same payload, however often it was asked, due at the earliest time that was asked for
 * Not asked again: by the job itself, and where `joins` is set. A dead job is in nobody's way.
 */
Id job_enqueue(struct Ctx *c, const NewJob *job);
/* In a step of a long job: stores cursor and progress; commits with the step's effects. */
void job_progress(struct Ctx *c, const char *cursor, int64_t done, int64_t total, int64_t errors);
/* Leaves the job for good (goes to dead at once): what no retry can help. */
_Noreturn void job_give_up(struct Ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* AGAIN: there is more; the next step is a transaction of its own */
typedef enum { STEP_DONE, STEP_AGAIN } JobStep;
typedef struct { Id id; const char *kind, *payload, *cursor; int attempt; Id actor; } JobRow;
typedef struct {
    const char *kind, *class;
    JobStep   (*run)(struct Ctx *c, const JobRow *job);  /* one transaction a step */
    int         max_attempts;       /* 0: 12 */
    bool        no_tx;              /* calls outside: opens its own transactions */
    bool        counts;             /* writes what it counted: at READ COMMITTED; locks no row that it only reads */
    int64_t   (*wait_s)(int attempts);      /* after the attempts-th try has failed; NULL: job_wait_us */
} JobHandler;
/* For handlers with no_tx: work(c, arg) in a transaction of its
 * own that commits only while the job is still this worker's. */
void job_step(struct Ctx *c, void (*work)(struct Ctx *, void *), void *arg);
void job_handlers(const JobHandler *table);              /* ended by {0}; at start-up */
/* Recurring: `rule` as in scheduled_job ("daily 02:00", "every 15m"); one per utility (per_utility) or per tenant. */
typedef struct { const char *code, *kind, *name, *rule; bool per_utility, skip_missed; const char *holiday_policy;
                 } JobSchedule;
/* ended by {0}; at start-up; rows of scheduled_job may change the rule */
void job_schedules(const JobSchedule *table);

/* --- files -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *file_name;
    const void *data; size_t size;  /* or: */
    const char *path;               /* a file to copy into the store, or: */
    int         fd;                 /* an open one (of an upload); 0: none */
    const char *kind;
    /* types and sizes taken (document_rules.h): NULL "document", "csv", "meter_photo", "generated" ... */
    const char *mime;               /* NULL: by content; a mime that does not fit the content fails INVALID */
    Id          type;               /* document_type; 0 = none */
    const char *entity; Id entity_id;
    bool        is_public;          /* served without a check of the owner (logos) */
    const char *uploaded_by_kind;   /* user (NULL), portal_user, system */
} NewDocument;
/* Stores outside the web root and returns document.id; the file is removed again when the transaction rolls back.
   INVALID or TOO_LARGE in the user's words when the kind does not take it. */
Id document_store(struct Ctx *c, const NewDocument *d);
/* Why it would refuse them, in the user's words; NULL: it would not. */
const char *document_refused(struct Ctx *c, const NewDocument *d);
/* The same for a PDF that we made (a bill, a receipt, a statement): `pdf` of pdf_end, which is empty when it could not
   be written: then it fails BROKEN. document_paper_find: the newest of a record, NULL name: of any name, `since` all
   zero: of any time; Id 0 when there is none. */
typedef struct { const char *entity; Id entity_id; const char *file_name; Bytes pdf; } NewPaper;
Id document_paper(struct Ctx *c, const NewPaper *paper);
typedef struct { const char *entity; Id entity_id; const char *file_name; Time since; } PaperKey;
Id document_paper_find(struct Ctx *c, const PaperKey *key);
/* Blanks the row and gives the file up (S29). */
void document_erase(struct Ctx *c, Id document_id);
/* The same for up to PURGE_ROWS files of a utility's records of one kind, those of another system excepted; how
   many. */
int64_t documents_purge(struct Ctx *c, const char *entity);
typedef struct { Id id; const char *public_id, *file_name, *mime, *path, *internal_path, *status; int64_t size;
                 const char *entity; Id entity_id; } Document;
/* NOT_FOUND when there is none. `path` to read it, `internal_path`
 * for answer_file. The caller has checked the right. */
const Document *document_open(struct Ctx *c, Id document_id);
/* Its bytes, at most `most`; fails TOO_LARGE above. */
const char *document_read(struct Ctx *c, Id document_id, size_t most, size_t *size);

/* --- numbers (ONB02US07) ------------------------------------------------------------------------------------------ */

/* The next number of "account", "bill" ... in the context's utility. Takes a row lock in the caller's transaction: for
   gapless kinds (bill, receipt, credit_note) take it late. Fails BROKEN without a format. */
const char *id_next(struct Ctx *c, const char *entity_type);
/* With parts that depend on the record; zero and NULL are left to the utility. */
typedef struct { const char *service_code, *area_code, *category_code; Date date; } IdParts;
const char *id_next_with(struct Ctx *c, const char *entity_type, const IdParts *parts);
/* `count` consecutive ones under one lock (bulk publishing), in order. */
const char *const *id_next_many(struct Ctx *c, const char *entity_type, Date date, size_t count);
/* Numbers without a format people edit: "RUN-{YYYY}-{####}" gives
 * RUN-2026-0001, each date its own series (number_series). */
const char *series_next(struct Ctx *c, const char *pattern);
/* 22 random characters for public_id (columns of that name draw
 * their own when left out), tokens of links, idempotency keys. */
const char *public_id_new(struct Ctx *c);

/* --- business time (ONB02US04); calendar 0 = the utility's default ------------------------------------------------ */

typedef enum { DATE_AS_IT_IS, DATE_NEXT_WORKING, DATE_PREVIOUS_WORKING } DateRule;
bool    cal_is_working         (struct Ctx *c, Id calendar, Time t);
bool    cal_is_working_day     (struct Ctx *c, Id calendar, Date d);
Time    cal_next_working       (struct Ctx *c, Id calendar, Time t);     /* t itself when it is working */
Time    cal_add_business_minutes(struct Ctx *c, Id calendar, Time t, int64_t minutes);
int64_t cal_business_minutes   (struct Ctx *c, Id calendar, Time a, Time b);
Date    cal_adjust_date        (struct Ctx *c, Id calendar, Date d, DateRule rule);

/* --- catalogue (ONB02US05) ---------------------------------------------------------------------------------------- */

/* tariff_plan_version of the plan in force on a date (states approved, active, superseded); 0 when none. */
Id tariff_version_at(struct Ctx *c, Id plan, Date date);
Id tariff_plan_find (struct Ctx *c, const char *code);                  /* 0 when none */
/* Who would be billed by a plan; size NULL: not known (yet), "none": without a meter. */
typedef struct { const char *service_code, *size; Id category, sub_category, sub_area; } PlanTaker;
/* Why the plan is not for it on that day, as the key of a message ("cis.entry.plan_category"); NULL: it is. Asked are
 * service, category, sub-category, area, meter size, and whether the plan is active and has prices. */
const char *tariff_plan_refusal(struct Ctx *c, Id plan, const PlanTaker *t, Date on);
/* Whether an account is of the sub-category of single families, as part of a statement: they are one ERU each. */
#define IS_SINGLE_FAMILY(account) "exists (select 1 from account sf join consumer_sub_category sk on " \
    "sk.id=sf.sub_category_id where sf.id=" account " and sk.code='SFR')"

/* The same for many rows, as parts of their statements: `p` is the alias of tariff_plan, the others what a row has.
   A plan with no categories, sub-categories or areas is for all of them. */
#define PLAN_SERVES_SERVICE(p, service)   "coalesce(json_contains(" p ".service_codes, json_quote(" service ")), 0)"
#define PLAN_SERVES_CATEGORY(p, category) "(coalesce(json_length(" p ".category_ids), 0)=0 or coalesce(json_contains(" \
    p ".category_ids, cast(" category " as char)), 0))"
#define PLAN_SERVES_SUB_CATEGORY(p, sub)  "(coalesce(json_length(" p ".sub_category_ids), 0)=0 or coalesce(" \
    "json_contains(" p ".sub_category_ids, cast(" sub " as char)), 0))"
#define PLAN_SERVES_AREA(p, sub_area)     "(coalesce(json_length(" p ".area_ids), 0)=0 or exists (select 1 from " \
    "service_area up join service_area its on its.id=" sub_area " and its.utility_id=up.utility_id " \
    "and concat(its.path, '/') like concat(up.path, '/%') where up.utility_id=" p ".utility_id " \
    "and json_contains(" p ".area_ids, cast(up.id as char))))"

typedef struct {
    const char *code, *name, *charge_type, *gl_code, *post_mode;        /* immediate, on_bill */
    Money       amount;
    bool        is_deposit, is_refundable, is_taxable;
    const char *tax_codes;          /* JSON array or NULL */
} Fee;
typedef struct { const char *meter_size, *category_code; Id plan; } FeeFacts;
/* The fee of the catalogue on a date; INVALID "There is no fee <code> on <date>." `facts` may be NULL. */
const Fee *fee_amount(struct Ctx *c, const char *code, Date date, const FeeFacts *facts);

typedef struct { Id id; const char *code, *name; Id parent; int credit_days; bool is_tax_exempt; Id default_plan;
                 } Category;
const Category *category_get(struct Ctx *c, Id category_id);
typedef struct { Id id; const char *code, *name, *kind, *unit; bool is_metered; int decimals; } Service;
/* "WA"; NULL when the utility has no such active service. */
const Service *service_find(struct Ctx *c, const char *code);
/* Codes and names of the areas above: "Portland > Metro > Downtown > Pearl District". */
const char *area_label(struct Ctx *c, Id service_area_id);
/* By code; the code of a merged area finds the one that took its place. 0 when none. */
Id          area_find (struct Ctx *c, const char *code);

/* --- set-up and imports ------------------------------------------------------------------------------------------- */

typedef struct { bool passed; const char *text; const char *link; } SetupCheck;      /* text: what is missing */
/* A check of a step of the guided workflow; `optional` ones do not count for the percentage. label: a message's key,
   what holds when it passes. weight: its share of the percentage, 0: 1. At start-up. */
typedef struct { const char *step_key, *code, *label; bool optional; SetupCheck (*check)(struct Ctx *c); int weight;
                 } SetupCheckRow;
/* For tables of checks: SETUP_CHECK(name, link, sql, ...) passes when the statement's one value is above 0; what it
   says otherwise is message setup.check.<name>. SETUP_ROW(step, name) is its row, with label setup.holds.<name>. */
#define SETUP_CHECK(name, link, ...)                                                                    \
    static SetupCheck name(struct Ctx *c) {                                                             \
        return (SetupCheck){ db_int(c, __VA_ARGS__) > 0, msg(c->language, "setup.check." #name), link }; \
    }
/* The same for a statement that counts what is wrong: passes at 0, else says the plural of that many. */
#define SETUP_COUNT(name, link, ...)                                                                    \
    static SetupCheck name(struct Ctx *c) {                                                             \
        int64_t n = db_int(c, __VA_ARGS__);                                                             \
        return (SetupCheck){ !n, msg_plural(c, c->language, "setup.check." #name, n, NULL), link };      \
    }
#define SETUP_ROW(step, name, ...) { step, #name, "setup.holds." #name, .check = name, ##__VA_ARGS__ }
void setup_check_register(const SetupCheckRow *table);                  /* ended by {0} */
extern const SetupCheckRow setup_core_checks[];                         /* app/setup/guide_checks.c */
/* A step's value was saved, or broke: recomputes state and percentage. */
void setup_step_touch(struct Ctx *c, const char *step_key);
/* Fails CONFLICT when this page creates or changes something of a step that is still locked; the failure leads to where
   what is missing is done. Asked before a page's handler. */
void setup_gate(struct Req *r);
/* Whether the guided set-up has a step of this key: below /setup/<key> stand pages with their own address behind it. */
bool setup_has_step(const char *key);
/* What surrounds such a page: steps, what is missing, signing off (guide_frame.c). Asked before the shell's menu. */
void setup_frame(struct Req *r);
/* After a form of such a page that was sent with "Save and continue": the answer leads to what comes next. */
void setup_frame_next(struct Req *r);
/* Where an administrator of the organization begins: "/setup" until the organization is set up, then NULL. */
const char *setup_home(struct Ctx *c);

/* What a module takes away when a utility goes live (ONB-GUIDED.6): rows of its own tables that were made while the
   environment was sandbox. What was configured or migrated stays. `some` removes a chunk (or sets right what hung on
   it) and returns how many rows; it is called in a transaction of its own until it returns 0, in the order of the
   modules and their tables, and may be called again after a crash. It runs as the database's administrator, the only
   one who may delete ledger entries and receipts (I3). */
typedef struct SandboxPurge {
    const char *what;               /* message setup.purge.<what> */
    int64_t   (*some)(struct Ctx *c);
} SandboxPurge;
void sandbox_purge_register(const SandboxPurge *table);                 /* ended by {0}; at start-up */
extern const SandboxPurge core_purges[];                                /* app/core/purge.c */
/* A statement that removes rows of the context's utility: a step's `some`. */
#define SANDBOX_PURGE(name, ...) static int64_t name(struct Ctx *c) { return db_run(c, __VA_ARGS__); }
enum { PURGE_ROWS = 500 };          /* heads of one chunk; their lines go with them */
/* What hangs on the heads of a chunk, whose ids are one JSON list: "delete x " OF_CHUNK "bill_line x on ..." */
#define OF_CHUNK "from json_table(?, '$[*]' columns (id bigint unsigned path '$')) j straight_join "

/* Imports: app/core/import.h. */

/* --- people who leave (ONB02US03) --------------------------------------------------------------------------------- */

/* Open work of a person in the context's utility. `give` hands it on with an entry in each record's audit, to nobody
   (the team, the queue) when `to` is 0. `refusal`: why the person cannot be deactivated now; NULL: nothing. */
typedef struct UserWork {
    const char  *what;              /* message work.<what> */
    int64_t    (*count)  (struct Ctx *c, Id user);
    void       (*give)   (struct Ctx *c, Id from, Id to);
    const char *(*refusal)(struct Ctx *c, Id user);
} UserWork;
void user_work_register(const UserWork *table);                         /* ended by {0}; at start-up */

/* --- attention ---------------------------------------------------------------------------------------------------- */

/* One open alert per dedup_key: a second raise only moves last_at and times. */
void alert_raise(struct Ctx *c, const char *kind, const char *severity, const char *dedup_key, const char *subject,
                 const char *link);
void alert_clear(struct Ctx *c, const char *dedup_key);
/* Prepared totals of dashboards: adds to dashboard_counter of a local day. */
void day_count_add(struct Ctx *c, const char *key, Date period, int64_t n);

/* --- callbacks ---------------------------------------------------------------------------------------------------- */

/* Makes /hooks/<driver>/<endpoint key> lead to this account of the context's tenant and utility. */
typedef struct { const char *endpoint_key, *driver, *source; Id account; } WebhookRoute;
void webhook_route_keep(struct Ctx *c, const WebhookRoute *w);

/* --- tabs --------------------------------------------------------------------------------------------------------- */

/* A tab of a set of pages that belong together; shown to whoever may look. text: key of a message. `count` may be NULL:
   the figure beside it, 0: none; `done` may be NULL: whether it has its tick. */
typedef struct { const char *set, *text, *path, *key; int64_t (*count)(struct Ctx *c); bool (*done)(struct Ctx *c);
               } PageTab;
/* Adds a module's table, ended by {0}; at start-up. */
void page_tabs_register(const PageTab *table);
struct Req;
/* The tabs of a set above this page (page.tabs); `path` is that
 * of the present one. Resources call it by their `.tabs`. */
void page_tabs(struct Req *r, const char *set, const char *path);

/* --- secrets and codes (keys: tenant's data key, installation's key) ---------------------------------------------- */

/* For *_enc columns. `place` names the column ("gateway_account.credentials"): a value copied to another column does
   not open there. */
Bytes       vault_seal(struct Ctx *c, const char *place, const char *plain);
/* Wiped at the end of the work; BROKEN when damaged; NULL for an empty column. */
const char *vault_open(struct Ctx *c, const char *place, Bytes sealed);
/* Keyed hash of an address or a document number (lower case, trimmed): 32 bytes, the same within a tenant. */
Bytes       lookup_hash(struct Ctx *c, const char *value);
/* Documents of the tenant for other installations: its public key of a purpose, and a signature by it (lib/crypt.h:
   document_good). The same as long as the tenant's data key is. */
const char *tenant_key (struct Ctx *c, const char *purpose);
const char *tenant_sign(struct Ctx *c, const char *purpose, Bytes document);

#endif
