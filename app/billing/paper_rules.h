/*
 * What is printed of a bill, and what is decided about it without a database (BX03US01, BX04US01, CSS01US02): sections
 * of the template, the address in the window, services summed up, the line for scanners, figures in words of the engine
 * put into a reader's number format. bill_paper_facts.c fills it; bill_paper.c draws the PDF, bill_paper_html.c the
 * mail.
 */
#ifndef APP_BILLING_PAPER_RULES_H
#define APP_BILLING_PAPER_RULES_H

#include <stdbool.h>

#include "lib/arena.h"
#include "lib/date.h"
#include "lib/money.h"
#include "lib/types.h"

enum { PAPER_ADDRESS_MAX = 5, PAPER_MONTHS = 13, PAPER_SERVICES_MAX = 12, PAPER_MESSAGES_MAX = 3 };

/* Sections of a template that may be left out (bill_template_version.sections); account, summary, charges, due date and
   contact are always there. */
typedef struct PaperSections {
    bool readings, usage_graph, comparison, messages, agreement, payment_slip, how_to_pay, terms, trail;
} PaperSections;

typedef struct PaperAddress {
    const char *name, *line1, *line2, *unit, *city, *state, *postal_code, *country, *home_country;
} PaperAddress;

typedef struct PaperIssuer {                    /* who sends the bill */
    const char *name, *legal_name, *address, *phone, *emergency_phone, *email, *website, *tax_no, *registration_no;
    const void *logo; size_t logo_n;            /* PNG; NULL: the initials */
    uint32_t    colour, ink;
    bool        is_a4;
} PaperIssuer;

typedef struct PaperLine {
    const char *section, *charge_type, *service, *description, *how, *unit;     /* service: its name; NULL: of none */
    bool        posts, has_quantity;
    Quantity    quantity;
    Price       price;                          /* 0: none */
    Date        from, to;
    Money       amount;
} PaperLine;

typedef struct PaperReading {
    const char *meter_no, *unit;
    Date        from, to;                       /* first and last day of the use */
    Reading     from_value, to_value, use;
    bool        is_estimated;
} PaperReading;

typedef struct PaperMonth { Date end; int days; Quantity use; bool is_estimated; } PaperMonth;     /* a billed period */

typedef struct BillPaper {
    const char  *bill_no, *account_no, *consumer_no, *portal_code, *consumer_name, *status, *kind, *replaces_no;
    const char  *address[PAPER_ADDRESS_MAX + 1]; int address_n;                 /* of the window */
    const char  *premise;                       /* service address, one line */
    const char  *plans;                         /* "Residential variable, version 2" */
    PaperIssuer  issuer;
    PaperSections on;
    const char  *how_to_pay, *contact, *terms;  /* of the template; NULL: none */
    const char  *pay_url, *portal_url;
    const char  *message[PAPER_MESSAGES_MAX]; int message_n;
    Date         period_start, period_end, bill_date, due_date;
    int          days;
    Time         published_at;
    int          exponent;
    bool         is_estimated;
    Money        previous, payments, adjustments, posted, forward, current, tax, deferred, total, due, carried;
    const PaperLine    *line;    size_t line_n;
    const PaperReading *reading; size_t reading_n;
    PaperMonth   month[PAPER_MONTHS]; int month_n;      /* oldest first, this bill's last */
    const char  *unit;                          /* of month[].use; NULL: nothing is metered */
    int          unit_places;
} BillPaper;

/* NULL when the figures fit together, else what does not: no paper is made of such a bill. */
const char *paper_refusal(Arena *a, const BillPaper *p);

/* From the JSON of a template; NULL or what cannot be read: everything but terms. */
PaperSections paper_sections(Arena *a, const char *json);
/* A text of a template in a language, else in English; NULL when there is none. `json`: {"en": {"contact": "..."}}. */
const char *paper_text(Arena *a, const char *json, const char *language, const char *key);

/* The readings a segment of a bill was computed with (bill_segment.readings), by their first day; at most `most`. How
   many. */
size_t paper_readings(Arena *a, const char *json, const char *unit, PaperReading *to, size_t most);

/* Lines of an address as the post wants them; the country only when it is not the sender's. Empty parts are left out.
   How many. */
int paper_address(Arena *a, const PaperAddress *from, const char *to[PAPER_ADDRESS_MAX + 1]);
const char *paper_address_line(Arena *a, const PaperAddress *from);             /* "1 Canyon Rd, Portland, OR 97221" */

/* Current charges by service in the order of the lines; taxes and rounding last, by their charge type. How many. */
typedef struct PaperSum { const char *service, *charge_type; Money amount; size_t lines; } PaperSum;
int   paper_sums(const BillPaper *p, PaperSum to[PAPER_SERVICES_MAX]);
/* Sum of the lines of a section that post. */
Money paper_section_sum(const BillPaper *p, const char *section);
/* The group a line of current charges belongs to, by index into paper_sums; -1: it is not one of them. */
int   paper_sum_of(const BillPaper *p, const PaperSum *sums, int n, const PaperLine *l);

/* "5 x 4.50 = 22.50; 2 x 9.10 - 1.00" with the signs of print and the reader's separators. */
const char *paper_how(Arena *a, const char *how, NumberFormat f);
/* Digits of the bill's number, the amount in 10 digits and a check digit (ISO/IEC 7812, Luhn): what a scanner reads. */
const char *paper_scan_line(Arena *a, const char *bill_no, Money due);

/* Whether a message of the pool goes on this bill: {"category": "RES", "estimated": true, "overdue": true,
   "first_bill": true}; NULL or empty: on every one. A condition that is not known is never fulfilled. */
typedef struct { const char *category; bool is_estimated, is_overdue, is_first; } PaperMessageFacts;
bool paper_message_fits(Arena *a, const char *condition, const PaperMessageFacts *f);

/* A telephone number in E.164 as people read it: "+1 503 555 0142"; others stay. */
const char *paper_phone(Arena *a, const char *e164);

/* The use this period a day, in millionths; and that of the period a year before, 0: unknown. */
int64_t paper_daily_micro(const PaperMonth *m);
const PaperMonth *paper_year_before(const BillPaper *p);

#endif
