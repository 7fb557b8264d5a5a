/*
 * Pages of app/cis, within the module.
 */
#ifndef APP_CIS_PAGES_H
#define APP_CIS_PAGES_H

#include "app/core/core.h"
#include "lib/machine.h"
#include "lib/req.h"

/* The address of a premise p in one line. */
#define PREMISE_ADDRESS "concat_ws(', ', p.line1, p.line2, p.unit, p.city, concat_ws(' ', " \
    "substring_index(p.state, '-', -1), p.postal_code))"

void consumer_list(Req *r);
void consumer_page(Req *r);         /* overview */
void consumer_financial(Req *r);
void consumer_connections(Req *r);
void consumer_history(Req *r);
/* The consumer of the address: NOT_FOUND when there is none, or none for this person. */
Id   consumer_here(Req *r);
/* agreement.c: those of an account as a section; nothing when there are none. */
void agreements_show(Req *r, const char *section, Id account);
/* consumer_files.c */
void consumer_file(Req *r);
/* Documents of a consumer and its accounts, as a section; nothing when there are none. */
void consumer_files_show(Req *r, const char *section, Id consumer, const char *consumer_no);
void account_page(Req *r);          /* /cis/accounts/{no} leads to its consumer */
void payment_list_page(Req *r);
void payment_page(Req *r);
void refund_list_page(Req *r);
void refund_show(Req *r);
void refund_move(Req *r);
void refund_reject_page(Req *r);
void refund_reject_post(Req *r);
void refund_threshold_page(Req *r);
void refund_threshold_post(Req *r);
void refund_new_page(Req *r);
void refund_new_post(Req *r);
Money payment_refund_left(Req *r, Id payment);      /* what a request may ask for now; as it reads, nothing is locked */
int64_t refunds_waiting(Ctx *c);                    /* for approval */
extern const PageTab payment_tabs[];
void search_page(Req *r);
void desk_page(Req *r);                /* desk.c */
void complaint_list_page(Req *r);
void complaint_page(Req *r);
/* complaint_work.c */
extern const Machine complaint_case;
void complaint_show_moves(Req *r, Id complaint);
void complaint_move(Req *r);
void complaint_resolution_page(Req *r);
void complaint_resolution_post(Req *r);
void complaint_rejection_page(Req *r);
void complaint_rejection_post(Req *r);
JobStep complaint_close(Ctx *c, const JobRow *job);         /* those resolved seven days ago */
void request_list_page(Req *r);
void request_page(Req *r);
void team_area_merged(Ctx *c, const EventRow *e);   /* of service_area.merged */
void tell_receipt(Ctx *c, const EventRow *e);       /* of payment.posted */
void tell_reversed(Ctx *c, const EventRow *e);      /* of payment.reversed */

/* receipt_paper.c */
JobStep receipt_pdf_job(Ctx *c, const JobRow *job);

/* people.c */
extern const UserWork cis_works[];
/* setup_check.c */
extern const SetupCheckRow cis_setup_checks[];
/* payment_config.c */
void payment_config_page(Req *r);
void payment_config_post(Req *r);

/* purge.c: what goes when a utility goes live */
extern const SandboxPurge cis_purges[];

/* import.c: what files of data migration bring in; at start-up */
void cis_imports(void);

#endif
