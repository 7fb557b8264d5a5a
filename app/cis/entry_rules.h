/*
 * Consumers, premises, accounts and connections as they are asked for, and what each must be to be stored (CIS01US02).
 * Pure.
 *
 * One row at a time; what the database knows of it is given as facts. The same rules serve a form, an application and a
 * file of 50,000 rows. Keys of the texts: cis.entry.* in the messages.
 */
#ifndef APP_CIS_ENTRY_RULES_H
#define APP_CIS_ENTRY_RULES_H

#include "lib/arena.h"
#include "lib/fault.h"
#include "lib/types.h"

/* A billing address; line1 NULL: none of its own. */
typedef struct { const char *line1, *line2, *city, *state, *postal_code, *country; } PostalAddress;

typedef struct {
    const char *consumer_no;        /* NULL: the next one */
    const char *legacy_no;
    const char *type;               /* person (NULL), organization */
    const char *first_name, *middle_name, *last_name, *organization_name;
    const char *phone, *alternate_phone, *email;    /* phones in E.164 */
    bool        is_phone_verified, is_email_verified;
    const char *language;           /* NULL: the organization's */
    const char *channel;            /* email, sms, letter, whatsapp; NULL: email when there is one, else letter */
    const char *document_type, *document_no;        /* identity document; its number is stored sealed */
    const char *tax_id;
    Date        born_on;            /* DATE_NONE: not known */
    PostalAddress     billing;
    const char *duplicate_reason;   /* why a possible duplicate is another person all the same */
} NewConsumer;

typedef struct {
    Date        today;
    bool        number_taken, legacy_taken;
    const char *document_holder;    /* number of the consumer who has this identity document; NULL: nobody */
    const char *like, *like_no;     /* a consumer with the same phone, mail or name and postal code: name and number */
    const char *like_by;            /* phone, email, name */
} ConsumerKnown;

typedef struct {
    const char *premise_no;         /* NULL: the next one */
    const char *legacy_no;
    const char *line1, *line2, *unit, *city, *state, *postal_code, *country;    /* country NULL: US */
    const char *type;               /* house (NULL), apartment, shop, office, industry, public, land */
    Id          sub_area;
    bool        has_place;
    int32_t     lat_e6, lng_e6;
    bool        is_multi_unit;      /* several open accounts at once */
    int         eru_e3, impervious_sqft;            /* 0: not known */
    const char *parcel_no, *access_note;
} NewPremise;

typedef struct {
    bool        number_taken, legacy_taken;
    const char *address_of;         /* number of the premise with this address; NULL: none */
    bool        is_sub_area;        /* active, of the lowest level, within the user's areas */
} PremiseKnown;

typedef struct {
    const char *account_no;         /* NULL: the next one */
    const char *legacy_no;
    Id          consumer, premise, category, sub_category;
    const char *status;             /* pending (NULL), active; of taken-over accounts the others too, but cancelled */
    Date        opened_on;          /* DATE_NONE: today */
    Date        closed_on;          /* of closed ones */
    bool        is_tax_exempt;
    const char *tax_certificate_no;
    int         due_days;           /* 0: the category's */
    const char *billing;            /* consumer (NULL), premise */
} NewAccount;

typedef struct {
    Date        today;
    bool        number_taken, legacy_taken;
    const char *consumer_status;    /* NULL: there is none */
    bool        has_premise, is_multi_unit, has_category, sub_category_fits;
    bool        area_is_off;        /* the premise's area takes no new accounts */
    const char *open_account;       /* at the premise; NULL: none */
} AccountKnown;

typedef struct {
    const char *connection_no;      /* NULL: the next one */
    const char *legacy_no;
    Id          account, plan, derived_from;        /* derived_from: the water connection by whose use it is billed */
    const char *service_code;
    const char *size;               /* "5/8" */
    const char *status;             /* pending (NULL), active; of taken-over ones disconnected, closed too */
    Date        connected_on;       /* DATE_NONE: today when active */
    bool        is_metered;
    int         dwelling_units;     /* 0: 1 */
    int         eru_e3;
    bool        has_winter_average;
    Quantity    winter_average;
} NewConnection;

typedef struct {
    Date        today;
    bool        number_taken, legacy_taken;
    const char *account_no, *account_status;        /* account_no NULL: there is none */
    bool        has_service, has_plan, plan_serves_service, plan_serves_category, plan_has_prices, derived_fits;
    bool        plan_serves_sub_category, plan_serves_area, plan_serves_size;
} ConnectionKnown;

void consumer_faults  (Faults *to, size_t row, const NewConsumer *n,   const ConsumerKnown *f);
void premise_faults   (Faults *to, size_t row, const NewPremise *n,    const PremiseKnown *f);
void account_faults   (Faults *to, size_t row, const NewAccount *n,    const AccountKnown *f);
void connection_faults(Faults *to, size_t row, const NewConnection *n, const ConnectionKnown *f);

/* States: pending -> active <-> temporarily_disconnected; either -> disconnected -> closed; pending -> cancelled. */
bool account_may_become(const char *from, const char *to);
/* One open account at a time where it counts: pending, active, temporarily_disconnected, disconnected. */
bool account_is_open(const char *status);

/* The words of a number people quote: letters, digits, points, dashes, strokes, at most 30. */
bool number_is_plain(const char *no);

#endif
