/*
 * Bills within app/billing: from the facts of accounts to drafts, published bills, cancelled and made again.
 *
 *   BillScope s = bill_scope_of_run(c, run);
 *   BillCase *v = bill_cases(c, &s, accounts, n);      locks the accounts, reads facts, computes     bill_facts.c
 *   bill_cases_store(c, &s, v, n);                     drafts, holds, exceptions, use reserved       bill_store.c
 *   bill_publish(c, bills, n, &publish);               number, ledger, readings, deliveries, event   bill_post.c
 *
 * row_version counts what people change (each with its audit entry); what a run does to its bills is told by the run's
 * own entries, by published_at and published_by, and by the events.
 *
 * All of it runs in the caller's transaction and takes a set of accounts at once: a chunk costs some thirty statements
 * whatever its size (I4 to I6, I10).
 */
#ifndef APP_BILLING_BILL_H
#define APP_BILLING_BILL_H

#include "app/billing/bill_rules.h"
#include "app/meters/meters.h"
#include "lib/ctx.h"
#include "lib/db.h"

/* BILL_HISTORY_DAYS: how far before the days to bill earlier bills and tariffs are looked at. */
enum { BILL_CHUNK_MAX = 500, BILL_HISTORY_DAYS = 130 };

/* What was posted to accounts since their last bill: payments (negative), charges and late fees, all else but bills.
   Accounts and times are gathered by since_add in a text that begins empty; accounts without entries are left out. */
#define SINCE_FACT(F, T) F(T, Id, account) F(T, Money, payments) F(T, Money, charges) F(T, Money, others)
ROW(SinceFact, SINCE_FACT)
void       since_add (struct Ctx *c, Text *to, Id account, Time last_published_at);
SinceFacts since_read(struct Ctx *c, Text *accounts);

/* When an account `a` was billed last: payments and credit since then stand on the next bill. NULL: never. */
#define LAST_PUBLISHED "coalesce(a.last_published_at, (select max(x.published_at) from bill x " \
    "force index (bill_account) where x.account_id = a.id and x.status = 'published')) "

/* What is the same for all accounts billed together. */
typedef struct BillScope {
    Id          run, period, cycle;         /* run, period: 0 for single bills */
    BillKind    kind;
    Date        from, to;                   /* the cycle period, or what is asked for */
    bool        period_is_asked;
    int         months;
    Date        bill_date, due_date, accounting_date, estimate_after;
    bool        estimate_allowed;
    /* drafts are stored: estimates become readings; false: preview, nothing is written */
    /* A simulation's drafts are stored as discarded ones that reserve nothing; never published. */
    bool        simulates;
    /* Of a simulation: JSON list of versions, each in place of all versions of its plan; NULL: those in force. */
    const char *versions;
    /* The period as it was billed: days and use of its published bills, which do not count as billed; no charges, no
       instalments. Reads only. */
    bool        replays;
    bool        keeps;
    int         max_estimates, factor_decimals;
    TrueUp      true_up;
    int64_t     normal_days_micro;
    Id          template_version;
    const char *message, *reason;
    Id          supersedes;                 /* rebill: the bill that this one stands for */
    int         version_no;
    Id          version_group;
} BillScope;

BillScope bill_scope_of_run(Ctx *c, Id run);
/* The cycle period of a bill, to make it again with its own days. */
BillScope bill_scope_again(Ctx *c, Id bill);

/* A closed or published period once more, with other tariff versions (JSON list of ids; NULL: those in force). */
BillScope bill_scope_replay(Ctx *c, Id period, const char *versions);

/* One account on its way to a bill. */
typedef struct BillCase {
    Id          account, consumer, category, sub_area;
    const char *account_no, *language, *status;
    Time        last_published_at;
    Money       posted_before;              /* charges posted since the last bill */
    BillFacts   facts;
    BillDraft   draft;
    Id          bill;                       /* once stored */
} BillCase;

/* Locks the accounts in order of id (not for a preview), reads everything and computes. In order of id; unknown
   accounts are left out, so
   *that made may be below n. Costs about 0.3 ms an account, most of it in the database. */
BillCase *bill_cases(Ctx *c, const BillScope *s, const Id *accounts, size_t n, size_t *made);

/* Stores drafts (status draft or held), their exceptions, and reserves use and charges; sets `bill` of each. Cases that
   were refused or skipped leave exceptions only. With a run its items are marked too. */
void bill_cases_store(Ctx *c, const BillScope *s, BillCase *cases, size_t n);

/* draft, held -> discarded: use, charges and instalments are free again. Bills in another state are left alone. */
void bill_discard(Ctx *c, const Id *bills, size_t n);

/* draft, approved -> published, all or none: figures against the balance of this moment, ledger, use, charges,
   instalments, deliveries, numbers without gaps, bill.posted. The accounts are locked by the caller or here. Held bills
   are refused. */
/* is_history: what happened before this installation began (samples): no events, and deliveries count as made. */
typedef struct { Id by; bool is_history; } Publishing;
void bill_publish(Ctx *c, const Id *bills, size_t n, const Publishing *p);

/* published -> cancelled: the mirror in the ledger, use and charges free, a credit note documents it. What paid it pays
   other items or becomes credit (the CIS, on bill.cancelled). CONFLICT with later bills that begin where this one ends
   (they are listed), and when it is not published any more. */
void bill_cancel(Ctx *c, Id bill, const char *reason_code, const char *note);
/* A draft in the place of a cancelled bill: same period, next
 * version. Fails INVALID with the exception when none can be made. */
Id   bill_again(Ctx *c, Id bill);

/* The name of a draft in addresses, in place of the number it has not got yet: "draft-SF-1001-<its 22 characters>".
   DRAFT_NAME is the same in SQL, of `b` the bill and `a` its account. bill_draft_name() of a bill that has its number
   gives that. */
#define DRAFT_NAME "concat('draft-', a.account_no, '-', b.draft_ref)"
enum { DRAFT_REF = 22 };
const char *bill_draft_name(Ctx *c, Id bill);
/* The bill that has or had this name as a draft; 0 when there is none. */
Id bill_draft_find(Ctx *c, const char *name);

/* GL code of a line that is not a plan's component. */
Id bill_line_code(Ctx *c, const BillLine *l, const BillCase *one, Date date);

/* Dates of bills, runs and journals that people type lie within a year of today: a slip of the year is refused. */
bool bill_date_is_near(Ctx *c, Date d);
#define DATE_TOO_FAR "Choose a date within a year of today."

/* --- tariffs of a piece of work, read once ------------------------------------------------------------------------ */
typedef struct PlanBook PlanBook;
PlanBook *plan_book(Ctx *c, Date from, Date to, int64_t normal_days_micro);
/* The book of a piece of work: with another version of a plan where a simulation wants one. */
PlanBook *plan_book_of(Ctx *c, const BillScope *s);
/* Spans of a plan for the days valid_from..valid_to of an assignment, appended to `to` (room for `room`); how many.
   `size`: of the connection, for prices by meter size. */
int       plan_spans(PlanBook *book, Id plan, Date valid_from, Date valid_to, const char *size, BillPlanSpan *to,
                     int room);
const char *plan_code_of(const PlanBook *book, Id plan);
/* What a component is called on bills of a language; NULL: its label. */
const char *plan_book_label(const PlanBook *book, Id rate, const char *language);
/* Whether a component asks for the demand of earlier months. */
bool      plan_book_looks_back(const PlanBook *book);
/* GL code of a component by its id; 0 when it has none. */
Id        plan_rate_code(const PlanBook *book, Id rate);
const BillTax *plan_taxes(Ctx *c, int *n);

/* A rebate rule with the days of its enrolment, and as the component the engine takes. */
typedef struct {
    const char *code, *name, *group, *kind, *service, *refs;
    Money       amount;
    Price       rate;
    int64_t     rate_ppm;
    bool        has_limit;
    Quantity    upto;
    Date        from, to;
    int64_t     normal_days_micro;
    int         sequence;
} RebateTerms;
TariffRate rebate_rate(Ctx *c, const RebateTerms *r);
/* A rebate lowers the base of the taxes on the lines that it names: takes over their codes. */
void       rebate_taxes(Ctx *c, TariffRate *rebate, const TariffRate *rates, int n);

#endif
