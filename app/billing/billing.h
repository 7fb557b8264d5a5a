/*
 * billing (bx): the ledger, charges, bills, runs, delivery of bills. Implemented in app/billing.
 *
 * Money moves only through ledger_post and charge_create (and payment_post of cis, which posts here). Writers are
 * idempotent by their source key and run in the caller's transaction. Invariants I1 to I6, I10, I17.
 * The engine itself is pure and stands in bill_rules.h and tariff_rules.h.
 */
#ifndef APP_BILLING_BILLING_H
#define APP_BILLING_BILLING_H

#include "lib/arena.h"
#include "lib/rows.h"
#include "lib/types.h"

struct Ctx;

/* --- ledger (BX05US01) -------------------------------------------------------------------------------------------- */

/* One line: exactly one of debit and credit is above 0. The code
 * is named by posting key (gl_role), by number, or by id. */
typedef struct {
    const char *posting_key;        /* "AR"; or */
    const char *gl_code;            /* "4020"; or */
    Id          gl_code_id;
    Id          account;            /* required for AR, AR_AGREEMENT, DEPOSIT_LIABILITY; else 0 */
    Money       debit, credit;
    Id          bill;
    const char *charge_type;
    const char *memo;
} LedgerLine;

typedef struct {
    const char       *set_key;
    /* "payment:4711": a second post with it returns the first set and changes nothing */
    const char       *txn_type;     /* bill, payment, refund ... */
    const char       *source_type;  /* table */
    Id                source;
    int               source_no;    /* 0, or which event of this kind of the source */
    /* effective; DATE_NONE or all zero day: today. In a closed period
     * it moves to the first open day, original_date is kept */
    Date              date;
    const char       *memo;
    const LedgerLine *lines; int n; /* 2 to 500; zero amounts are left out; must balance (assert) */
} LedgerSet;

/* Posts a balanced set and moves account.balance_minor, deferred_minor, deposit_balance_minor of the accounts named;
   the account rows are locked in order of id. Returns ledger_txn.id. */
Id ledger_post(struct Ctx *c, const LedgerSet *set);
/* The same for many sets at once, in order (bill runs): bulk inserts, one read of set keys already posted. txns (may be
   NULL) gets ledger_txn.id of each. The caller has locked the accounts. */
void ledger_post_many(struct Ctx *c, const LedgerSet *sets, size_t n, Id *txns);
/* The exact mirror of a posted set, once (I3): a second call returns the first mirror. */
Id ledger_reverse(struct Ctx *c, Id txn, const char *set_key, const char *txn_type, Date date, const char *memo);
/* The set posted under this key; 0 when none. */
Id ledger_find(struct Ctx *c, const char *set_key);
/* gl_code.id by posting key, number, or mapping of a charge type; SUSPENSE (with an alert) when nothing is mapped. */
Id gl_by_key (struct Ctx *c, const char *posting_key);
Id gl_by_code(struct Ctx *c, const char *code);
typedef struct { const char *charge_type, *service_code, *tax_code; Id category; Date date; } GlFacts;
Id gl_by_charge(struct Ctx *c, const GlFacts *facts);
/* The open accounting date for a wished one (first open day when its period is closed). Makes months as they come. */
Date gl_open_date(struct Ctx *c, Date wished);

struct Req;
/* The entries of these events (table and id, as they were posted) as a table in a section of a page; `none` says why
   there are none yet. */
typedef struct { const char *type; Id id; } LedgerSource;
void ledger_entries_show(struct Req *r, const char *section, const LedgerSource *sources, size_t n, const char *none);

/* --- charges and late fees ---------------------------------------------------------------------------------------- */

typedef struct {
    Id          account;
    const char *fee_code;           /* of the catalogue: names charge type, amount, tax, GL code; or NULL and: */
    const char *charge_type, *gl_code;
    Money       amount;             /* all zero: the fee's */
    const char *tax_codes;          /* JSON array; NULL: the fee's */
    const char *description;        /* NULL: the fee's name */
    Date        date, due_on;       /* DATE_NONE: today; due_on DATE_NONE: date */
    const char *post_mode;          /* immediate, on_bill; NULL: the fee's */
    const char *source_type; Id source; int source_no;      /* unique with the charge type: no double fee */
} NewCharge;
/* charge.id; the one that is there already when the source has
 * it. An immediate one posts at once (Dr AR, Cr its code). */
Id   charge_create(struct Ctx *c, const NewCharge *charge);
/* Before it is billed: voided (immediate ones by the mirror).
 * Afterwards CONFLICT "<fee> is on bill <no>: use a credit note." */
void charge_cancel(struct Ctx *c, const char *source_type, Id source, const char *reason);
/* The late fee of one rule for every overdue bill of the account; returns how many were made. */
int  late_fee_assess(struct Ctx *c, Id account, Id rule, Date date);

/* --- what is owed ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *type;               /* bill, charge, instalment, deposit */
    Id          id;
    const char *number, *label;     /* of a bill, of an instalment in its agreement; label for people, in their words */
    Date        due_on;
    Money       amount, unpaid;
    bool        in_dispute, in_agreement;
    const char *charge_type;        /* of a charge: late fees come last */
} OpenItem;
typedef struct { OpenItem *v; size_t n; Money total; } OpenItems;
/* Unpaid items, oldest due date first (published bills, immediate charges, due instalments, demanded deposits). */
OpenItems open_items(struct Ctx *c, Id account);
/* The oldest due date among them, DATE_NONE when there are none: a fraction of the cost of reading the items. */
Date open_items_due(struct Ctx *c, Id account);
/* The same, locked and as they are now, not as of the transaction's
 * start: for whoever decides about money. Lock the account first. */
OpenItems open_items_lock(struct Ctx *c, Id account);
/* The same for many accounts, whose rows the caller has locked: in their order. */
OpenItems *open_items_lock_many(struct Ctx *c, const Id *accounts, size_t n);

/* Payments and credits applied to a bill: paid_minor and payment_status move; `payment` is for the history only. Fails
   CONFLICT when more is applied than is open, or more taken back than was applied. */
void bill_apply_payment  (struct Ctx *c, Id bill, Money amount, Id payment);
void bill_unapply_payment(struct Ctx *c, Id bill, Money amount, Id payment);
/* bill_apply_payment for many at once; a bill may come several times. */
typedef struct { Id bill; Money amount; } BillPaid;
void bills_apply_payments(struct Ctx *c, const BillPaid *v, size_t n);
/* The same for an immediate charge; amount below zero takes back. */
void charge_apply_payment(struct Ctx *c, Id charge, Money amount);
/* The same for a charge posted immediately. */
void charge_apply_payment  (struct Ctx *c, Id charge, Money amount);
void charge_unapply_payment(struct Ctx *c, Id charge, Money amount);

/* --- bills on demand ---------------------------------------------------------------------------------------------- */

/* A single_bill_draft (purpose final) for the account up to its service end; the same one when called again. */
Id bill_final_request(struct Ctx *c, Id account, Id reading, const char *reason);
/* kind: single, one_off. */
Id bill_request(struct Ctx *c, Id account, const char *kind, Date through, const char *reason);
/* A draft of single bill V2 with old and new figures, waiting for a clerk; 0 when nothing differs. */
Id rebill_propose(struct Ctx *c, Id bill, const char *reason);

/* --- looking ------------------------------------------------------------------------------------------------------ */

typedef struct {
    Id          id, account;
    const char *bill_no, *kind, *status, *payment_status, *currency;
    Date        period_start, period_end, bill_date, due_date;
    Money       total, amount_due, paid, open, previous_balance, payments, adjustments, current_charges, tax;
    Quantity    usage; const char *usage_unit;
    bool        is_estimated, dispute_hold;
    const char *pay_token;
    Id          document, superseded_by;
    Time        published_at;
} BillHead;
typedef struct { BillHead *v; size_t n; } BillHeads;
typedef struct {
    const char *status;             /* NULL: published and cancelled */
    const char *payment_status;
    Date        from, to;           /* bill dates; DATE_NONE */
    bool        only_open;
    int         limit;              /* 0: 100 */
} BillFilter;
/* Published and cancelled bills only, newest first. */
BillHeads       bill_list(struct Ctx *c, Id account, const BillFilter *filter);
/* By number in the utility; NULL when none, or never published. */
const BillHead *bill_get(struct Ctx *c, const char *bill_no);
const BillHead *bill_by_token(struct Ctx *c, const char *pay_token);
/* Whose bill it is, before a utility is known; 0: nobody's. */
Id              bill_token_utility(struct Ctx *c, const char *pay_token);
const BillHead *bill_by_id(struct Ctx *c, Id bill);

typedef struct {
    int         seq;
    const char *section, *charge_type, *service_code, *description, *unit, *detail;     /* detail: JSON or NULL */
    Date        from, to;
    bool        has_quantity;
    Quantity    quantity; Price price; int64_t factor_num, factor_den;
    Money       amount;
} BillDetail;
typedef struct { BillDetail *v; size_t n; } BillDetails;
BillDetails bill_details(struct Ctx *c, Id bill);
/* The readings and use that the bill took. */
typedef struct { Date from, to; Reading from_value, to_value, quantity; const char *unit, *meter_no; bool is_estimated;
                 } UsedReading;
typedef struct { UsedReading *v; size_t n; } UsedReadings;
UsedReadings    bill_readings(struct Ctx *c, Id bill);
/* What the ledger has of an account between two days, both included: positive amounts are owed more. */
typedef struct { Date date; const char *type, *number; Money amount, balance; } StatementLine;
typedef struct { StatementLine *v; size_t n; Money opening, closing; } Statement;
Statement account_statement(struct Ctx *c, Id account, Date from, Date to);
/* The bill as a PDF document (made when it is not there yet: some 20 ms). */
Id          bill_pdf (struct Ctx *c, Id bill);
/* Its document, or 0 and a job that makes it before all others (some 50 ms later). In a writing transaction. */
Id          bill_pdf_wish(struct Ctx *c, Id bill);
/* Outside of transactions: until all have a document, 1.5 s at most; false: not all yet. */
bool        bill_pdfs_wait(struct Ctx *c, const Id *bills, size_t n);
/* What is downloaded: the stored bytes; of a cancelled bill with a word across them. The bill has a document. */
Bytes       bill_pdf_bytes(struct Ctx *c, const BillHead *bill);
/* Answers with that, audited as a download; the caller has checked the right. `by`: reason in the audit, or NULL. */
void        bill_pdf_answer(struct Req *r, const BillHead *bill, const char *by, bool attachment);
/* Data of layout/done for one that is still being made; the page asks `again` by itself. The caller renders it. */
void        bill_pdf_later(struct Req *r, const char *again);

/* Mails the bill with its document to who asks for it, by a job; once an hour to one address. */
void        bill_mail_copy(struct Ctx *c, Id bill, const char *email, const char *lang);
/* What the utility says on this bill, in the bill's language; how many. */
enum { BILL_MESSAGES_MAX = 10 };
size_t      bill_messages(struct Ctx *c, Id bill, const char *texts[BILL_MESSAGES_MAX]);

/* The statement as a file: CSV at once; a PDF by a job, found by statement_made when it is there (0: not yet), kept for
   a day. */
Bytes statement_csv  (struct Ctx *c, Id account, Date from, Date to, const char *language);
void  statement_order(struct Ctx *c, Id account, Date from, Date to, const char *language);
Id    statement_made (struct Ctx *c, Id account, Date from, Date to, Time since);

/* Papers of the utility other than bills (receipts): a document with its head, to be run on by lib/sheet.h;
   pdf_end(s->pdf) ends it. */
struct Sheet;
typedef struct { const char *title, *no, *date; Time made_at; } PaperTitle;
struct Sheet *paper_sheet(struct Ctx *c, const PaperTitle *title, const char *language);

typedef struct { Date from, to; Quantity quantity; const char *service_code; Id connection; } EstimateFacts;
/* What these quantities would cost on the plan of the connection
 * (calculator of the portal and of CIS). Stores nothing. */
Money bill_estimate(struct Ctx *c, const EstimateFacts *facts);
/* What these connections of an account, with those derived from them, would cost together: of metered ones these
   quantities in these days, the others by their plan. is_whole: as if each were there on all of the days; else only on
   the days on which the account holds it. Stores nothing. */
typedef struct { Id connection; Quantity quantity; } EstimateUse;
typedef struct { Id account; Date from, to; const EstimateUse *uses; size_t n; bool is_whole; } AccountEstimate;
Money bill_estimate_all(struct Ctx *c, const AccountEstimate *facts);
/* Price of one more unit at the account's present use. */
Price marginal_rate(struct Ctx *c, Id account);

/* --- tariffs without an account (ONB02US05): calculator, designer, impact ----------------------------------------- */

typedef struct { const char *name; Quantity value; } TariffFact;        /* an attribute, or the use of a period */
/* A price put in the place of the stored one, for this computing only: of the component itself, of a tier, of a
   time-of-use period; its percentage, or the share of the quantity that counts (both in millionths of a percent). */
typedef enum { TRY_PRICE, TRY_TIER, TRY_PERIOD, TRY_PERCENT, TRY_SHARE } TryKind;
typedef struct {
    Id          rate;
    TryKind     kind;
    int         tier;                       /* from 0, within its season */
    const char *period, *season, *size;     /* season, size: counts there only; NULL: everywhere */
    Price       price;
} TariffTry;
typedef struct {
    Date              from, to;             /* both billed; within the desk's days */
    bool              is_part;              /* first or final: a full period only with all its days */
    Quantity          quantity;             /* thousandths count */
    const TariffFact *tou;        int tou_n;        /* in place of quantity */
    const TariffFact *attributes; int attribute_n;  /* eru, dwelling_units, demand ... */
    int64_t           impervious_sqft;      /* where no eru is among the attributes; 0: not known */
    bool              is_single_family;
    const char       *size;                 /* of the meter; NULL: none */
    bool              has_winter_average;
    Quantity          winter_average;
    const Id         *rebates;    int rebate_n;     /* rebate rules, as if enrolled */
    bool              is_enrolled;          /* in every group that the plan has rebates for */
    bool              once_elsewhere;       /* rebates that an account has once stand with another connection */
    bool              is_unmetered, is_tax_exempt;
    const TariffTry  *tries;      int try_n;
    bool              explains;             /* fill `explain` of the lines; costs about as much again */
} TariffUse;
typedef struct {
    const char *code, *charge_type, *service, *label, *unit, *explain;
    Date        from, to;                   /* DATE_NONE: the whole bill */
    bool        has_quantity;
    Quantity    quantity;
    int64_t     factor_num, factor_den;
    Money       amount;
    bool        is_added;                   /* not: inclusive tax */
} TariffBillLine;
typedef struct {
    const char     *refusal;                /* NULL; else why nothing can be computed, and the rest is empty */
    TariffBillLine *lines; size_t n;
    Money           total, tax;
    int             days;
} TariffBill;

/* A plan's prices for days from..to, read once for many uses: `version` (a draft too) for all days, or with 0 the
   versions in force on each. Lives as long as the context's memory. */
typedef struct TariffDesk TariffDesk;
TariffDesk *tariff_desk(struct Ctx *c, Id plan, Id version, Date from, Date to);
/* The bill of bill_compute over one connection. Some ten microseconds; takes from the context's memory. */
TariffBill  tariff_bill(TariffDesk *d, const TariffUse *use);
/* The same as a quote document. What the format cannot say is a refusal in *problem, and NULL. */
const char *tariff_document(TariffDesk *d, const TariffUse *use, const char **problem);
/* A quote document computed: lines with their sums, or the refusal with its path. */
TariffBill  tariff_document_bill(struct Ctx *c, const char *bytes, size_t n, const char **currency);
/* Whether a component's quantity is one the engine knows: usage, an attribute, min(a,b), ceil(a/n), a/n. */
bool        tariff_quantity_known(struct Ctx *c, const char *quantity);
/* Its components, each as what Plans stores: see setup. */
typedef struct { const char *upto_attribute; bool unlimited; Quantity upto; Price price; } TariffDocumentTier;
typedef struct {
    const char *charge_type, *service, *label, *calc, *basis, *tier_mode, *tier_period, *quantity;
    const char *const *of; int of_n;
    Price       price;
    int64_t     percent_ppm, qty_percent_ppm;
    Quantity    included;
    bool        prorate, has_minimum;
    Price       minimum;
    uint16_t    months;                     /* bit m is month m; 0: all year */
    bool        has_above, has_upto, has_cap;
    Quantity    above, upto;
    Price       cap;
    const TariffDocumentTier *tiers; int tier_n;
    const TariffFact *tou; int tou_n;       /* prices in millionths */
    const char *lost;                       /* what cannot be taken over, or NULL */
} TariffDocumentRate;
/* months: that its period stands for. */
typedef struct { const char *problem, *currency; TariffDocumentRate *v; int n, months; } TariffDocumentRates;
TariffDocumentRates tariff_document_rates(struct Ctx *c, const char *bytes, size_t n);

/* --- for other modules' events ------------------------------------------------------------------------------------ */

/* Sets or clears bill.dispute_hold (stops late fees and dunning of this bill). */
void bill_dispute(struct Ctx *c, Id bill, bool hold, const char *reason);
/* The account joins the active cycle its connections match;
 * called when a connection is activated. 0: no cycle matches. */
Id   account_cycle_join(struct Ctx *c, Id account, Date from);
/* Accounts that an import is taking back were in no cycle; ids as JSON. */
void account_cycle_forget(struct Ctx *c, const char *accounts);

/* --- bill cycles (BX03US02) --------------------------------------------------------------------------------------- */

typedef struct {
    const char *code, *name, *service_code;
    const Id   *categories; int category_n;         /* none: all */
    const Id   *areas; int area_n;                  /* each with all below it; none: all */
    const char *frequency;          /* monthly (NULL), bi_monthly, quarterly, weekly, fortnightly */
    Date        anchor;             /* first day of the first period */
    int         bill_after_days, due_days, grace_days;      /* 0: 2, 21 and 10 */
    int         periods;            /* of the calendar, 1 to 36; 0: 12 */
} NewCycle;
/* An active cycle with its calendar: bill dates move to the next working day; periods that have begun are open.
   Accounts that fit and have no cycle join it at its first period. INVALID "Monthly-Western exists already." and for
   what is not a cycle. */
Id   bill_cycle_create(struct Ctx *c, const NewCycle *n);

/* Result of a delivery by message: delivered, opened, soft_bounced, hard_bounced, failed. */
void bill_delivery_result(struct Ctx *c, Id message, const char *state, const char *reason);

#endif
