/*
 * Module billing: table of contents.
 */
#include "app/billing/bill_paper.h"
#include "app/billing/bill_set.h"
#include "app/billing/gl.h"
#include "app/billing/pages.h"
#include "app/billing/run_page.h"
#include "app/billing/simulation.h"
#include "app/billing/single.h"
#include "app/modules.h"

static const Route billing_routes[] = {
    /* BX05US01: gl.c and gl_*.c */
    RESOURCE(gl_code),
    GET ("/bx/cycles",                             "bx.cycle", VIEW,   cycle_list_page),
    GET ("/bx/cycles/new",                         "bx.cycle", CREATE, cycle_new_page),
    POST("/bx/cycles",                             "bx.cycle", CREATE, cycle_create_post, .form = cycle_new_page),
    GET ("/bx/gl-codes/import",                    "bx.gl", CREATE,  gl_import_new),
    POST("/bx/gl-codes/import",                    "bx.gl", CREATE,  gl_import_upload, .flags = UPLOADS,
         .form = gl_import_new),
    /* tries the rows and takes them back */
    GET ("/bx/gl-codes/import/{file}",             "bx.gl", CREATE,  gl_import_page,   .flags = WRITES),
    POST("/bx/gl-codes/import/{file}",             "bx.gl", CREATE,  gl_import_apply),
    GET ("/bx/gl-codes/mapping",                   "bx.gl", VIEW,    gl_mapping_page),
    GET ("/bx/gl-codes/mapping/new",               "bx.gl", EDIT,    gl_mapping_new),
    POST("/bx/gl-codes/mapping",                   "bx.gl", EDIT,    gl_mapping_save,  .form = gl_mapping_new),
    GET ("/bx/gl-codes/journal",                   "bx.gl", VIEW,    gl_journal_page),
    GET ("/bx/gl-codes/trial-balance",             "bx.gl", VIEW,    gl_trial_balance),
    GET ("/bx/gl-codes/exports",                   "bx.gl", VIEW,    gl_exports_page),
    GET ("/bx/gl-codes/exports/new",               "bx.gl", EXPORT,  gl_export_new),
    POST("/bx/gl-codes/exports",                   "bx.gl", EXPORT,  gl_export_create, .form = gl_export_new,
         .flags = COUNTS),
    GET ("/bx/gl-codes/exports/{no}",              "bx.gl", VIEW,    gl_export_show),
    /* notes the first download */
    GET ("/bx/gl-codes/exports/{no}/file",         "bx.gl", EXPORT,  gl_export_file,   .flags = WRITES),
    POST("/bx/gl-codes/exports/{no}/transfer",     "bx.gl", EXPORT,  gl_export_transfer, .form = gl_export_show),
    POST("/bx/gl-codes/exports/{no}/reversal",     "bx.gl", EXPORT,  gl_export_reverse,  .form = gl_export_show),
    GET ("/bx/gl-codes/periods",                   "bx.gl", VIEW,    gl_periods_page),
    GET ("/bx/gl-codes/periods/{label}",           "bx.gl", VIEW,    gl_period_show),
    /* each move states its own right */
    POST("/bx/gl-codes/periods/{label}/{event}",   "bx.gl", VIEW,    gl_period_move,   .form = gl_period_show,
         .flags = COUNTS),
    GET ("/bx/journals",                           "bx.gl", VIEW,    gl_journals_page),
    GET ("/bx/journals/new",                       "bx.gl", CREATE,  gl_journal_new),
    POST("/bx/journals",                           "bx.gl", CREATE,  gl_journal_create, .form = gl_journal_new),
    GET ("/bx/journals/{no}",                      "bx.gl", VIEW,    gl_journal_show),
    POST("/bx/journals/{no}/{event}",              "bx.gl", VIEW,    gl_journal_move,  .form = gl_journal_show),

    /* BX02US01: overview.c */
    GET ("/bx/dashboard",                                "bx.dashboard", VIEW, overview_page),
    GET ("/bx/dashboard/cycles",                         "bx.dashboard", VIEW, overview_cycles),
    GET ("/bx/dashboard/exceptions",                     "bx.dashboard", VIEW, overview_exceptions),
    GET ("/bx/dashboard/simulations",                    "bx.dashboard", VIEW,   simulation_list),
    GET ("/bx/dashboard/simulations/new",                "bx.dashboard", CREATE, simulation_new),
    POST("/bx/dashboard/simulations",                    "bx.dashboard", CREATE, simulation_create,
         .form = simulation_new),
    GET ("/bx/dashboard/simulations/{key}",              "bx.dashboard", VIEW,   simulation_page),
    GET ("/bx/dashboard/simulations/{key}/results",      "bx.dashboard", VIEW,   simulation_results),
    POST("/bx/dashboard/totals",                         "bx.dashboard", VIEW, overview_refresh, .form = overview_page),

    /* BX04US01: bill_page.c */
    GET ("/bx/bills",                                    "bx.bill", VIEW,    bill_list_page),
    /* who looked is audited */
    GET ("/bx/bills/{no}",                               "bx.bill", VIEW,    bill_show),
    GET ("/bx/bills/{no}/cancellation",                  "bx.bill", APPROVE, bill_cancel_page),
    POST("/bx/bills/{no}/cancellation",                  "bx.bill", APPROVE, bill_cancel_post),
    /* NO_TX: waits for the job that makes it, between two transactions */
    GET ("/bx/bills/{no}/pdf",                           "bx.bill", VIEW,    bill_pdf_page, .flags = NO_TX),
    POST("/bx/bills/{no}/notes",                         "bx.bill", CREATE,  bill_note_post, .form = bill_show),
    GET ("/bx/bills/{no}/dispute",                       "bx.bill", EDIT,    bill_dispute_page),
    POST("/bx/bills/{no}/dispute",                       "bx.bill", EDIT,    bill_dispute_post),
    /* a copy leaves the house: whoever may export */
    GET ("/bx/bills/{no}/sending",                       "bx.bill", EXPORT,  bill_send_page),
    POST("/bx/bills/{no}/sending",                       "bx.bill", EXPORT,  bill_send_post, .form = bill_send_page),
    GET ("/bx/bills/{no}/correction",                    "bx.bill", APPROVE, bill_fix_page),
    POST("/bx/bills/{no}/correction",                    "bx.bill", APPROVE, bill_fix_post, .form = bill_fix_page),
    GET ("/bx/bills/{no}/photos/{n}",                    "bx.bill", VIEW,    bill_photo_page, .flags = WRITES),
    GET ("/bx/bills/{no}/{tab}",                         "bx.bill", VIEW,    bill_tab_page),
    POST("/bx/bill-sets",                                "bx.bill", EXPORT,  bill_set_post, .form = bill_list_page),
    GET ("/bx/bill-sets/{key}",                          "bx.bill", EXPORT,  bill_set_page),
    GET ("/bx/bill-sets/{key}/file",                     "bx.bill", EXPORT,  bill_set_file, .flags = WRITES),
    POST("/bx/bills/{no}/rebill",                        "bx.bill", APPROVE, bill_again_post, .form = bill_show),
    POST("/bx/bills/{no}/publication",                   "bx.bill", APPROVE, bill_publish_post, .form = bill_show),
    POST("/bx/bills/{no}/discard",                       "bx.bill", APPROVE, bill_discard_post, .form = bill_show),

    /* BX01US01: run_page.c, run_v1.c */
    GET ("/bx/generate",                                 "bx.run", CREATE,  generate_page),
    GET ("/bx/generate/confirmation",                    "bx.run", APPROVE, generate_confirm),
    POST("/bx/generate",                                 "bx.run", APPROVE, generate_post, .form = generate_confirm),
    GET ("/bx/generate/close",                           "bx.run", APPROVE, period_close_page),
    POST("/bx/generate/close",                           "bx.run", APPROVE, period_close_post),
    GET ("/bx/generate/{no}",                            "bx.run", VIEW,    generate_run),
    GET ("/bx/generate/{no}/{tab}",                      "bx.run", VIEW,    generate_tab),
    /* each move states its own right */
    POST("/bx/generate/{no}/{event}",                    "bx.run", VIEW,    generate_move, .form = generate_run),
    GET ("/bx/generate/{no}/accounts/{account}/release",   "bx.run", APPROVE, run_release_page),
    POST("/bx/generate/{no}/accounts/{account}/release",   "bx.run", APPROVE, run_release_post),
    GET ("/bx/generate/{no}/accounts/{account}/leave-out", "bx.run", EDIT,    run_leave_page),
    POST("/bx/generate/{no}/accounts/{account}/leave-out", "bx.run", EDIT,    run_leave_post),

    /* BX01US02: single_page.c */
    GET ("/bx/generate-single",                          "bx.single", CREATE, single_search_page),
    /* a preview tries what is typed and takes it back */
    GET ("/bx/generate-single/{account}",                "bx.single", CREATE, single_page, .flags = WRITES),
    POST("/bx/generate-single/{account}",                "bx.single", CREATE, single_post),

    /* BX01US03: run_page.c, run_v2.c */
    GET ("/bx/runs",                                     "bx.run", VIEW,    run_list_page),
    GET ("/bx/runs/new",                                 "bx.run", CREATE,  run_new_page),
    POST("/bx/runs",                                     "bx.run", CREATE,  run_create_post, .form = run_new_page),
    GET ("/bx/runs/{no}",                                "bx.run", VIEW,    run_page),
    GET ("/bx/runs/{no}/options",                        "bx.run", EDIT,    run_options_page),
    POST("/bx/runs/{no}/options",                        "bx.run", EDIT,    run_options_post,
         .form = run_options_page),
    GET ("/bx/runs/{no}/readings",                       "bx.run", VIEW,    run_readings_page),
    POST("/bx/runs/{no}/readings",                       "bx.run", EDIT,    run_readings_post),
    GET ("/bx/runs/{no}/readings/{connection}",          "bx.run", VIEW,    run_reading_page),
    POST("/bx/runs/{no}/readings/{connection}",          "bx.run", EDIT,    run_reading_post),
    GET ("/bx/runs/{no}/readings/{connection}/photo",    "bx.run", VIEW,    run_reading_photo, .flags = WRITES),
     /* who looked is audited */
    GET ("/bx/runs/{no}/exceptions",                     "bx.run", VIEW,    run_exceptions_page),
    GET ("/bx/runs/{no}/exceptions/reason",              "bx.run", EDIT,    run_reason_page),
    /* releasing is for approvers */
    POST("/bx/runs/{no}/exceptions",                     "bx.run", VIEW,    run_exceptions_post),
    GET ("/bx/runs/{no}/exceptions/{key}",               "bx.run", VIEW,    run_exception_page),
    POST("/bx/runs/{no}/exceptions/{key}/assignment",    "bx.run", EDIT,    run_exception_assign,
         .form = run_exception_page),
    POST("/bx/runs/{no}/exceptions/{key}/note",          "bx.run", EDIT,    run_exception_note,
         .form = run_exception_page),
    POST("/bx/runs/{no}/bills",                          "bx.run", EDIT,    run_bills_post, .form = run_page),
    POST("/bx/runs/{no}/checks",                         "bx.run", EDIT,    run_recheck_post, .form = run_page),
    POST("/bx/runs/{no}/checklist",                      "bx.run", EDIT,    run_checklist_post, .form = run_page),
    GET ("/bx/runs/{no}/checklist/{key}",                "bx.run", EDIT,    run_check_page),
    POST("/bx/runs/{no}/checklist/{key}",                "bx.run", EDIT,    run_check_post),
    POST("/bx/runs/{no}/recalculation",                  "bx.run", EDIT,    run_recalculate_post, .form = run_page),
    POST("/bx/runs/{no}/publication",                    "bx.run", APPROVE, run_publish_at_post, .form = run_page),
    GET ("/bx/runs/{no}/{tab}",                          "bx.run", VIEW,    run_tab_page),
    /* each move states its own right */
    POST("/bx/runs/{no}/{event}",                        "bx.run", VIEW,    run_move_post, .form = run_page),
    GET ("/bx/runs/{no}/accounts/{account}/release",     "bx.run", APPROVE, run_release_page),
    POST("/bx/runs/{no}/accounts/{account}/release",     "bx.run", APPROVE, run_release_post),
    GET ("/bx/runs/{no}/accounts/{account}/leave-out",   "bx.run", EDIT,    run_leave_page),
    POST("/bx/runs/{no}/accounts/{account}/leave-out",   "bx.run", EDIT,    run_leave_post),

    /* ONB02US05: tax.c */
    RESOURCE(tax_code), RESOURCE(late_fee_rule),
    { 0 }
};

static const EventHandler billing_events[] = {
    { "service_area.merged", "bx.area_merged", cycle_area_merged },
    { "calendar.changed",    "bx.calendar",    cycle_calendar_changed },
    { "service_connection.activated",    "bx.cycle_join",      cycle_join_by_event },
    { "message.delivered", "bx.delivered", bill_message_moved },
    { "message.failed", "bx.delivery_failed", bill_message_moved },
    { "tariff_plan_version.activated",   "bx.stale_tariff",     stale_by_tariff },
    { "service_connection.plan_changed", "bx.stale_connection", stale_by_connection },
    { "meter_reading.accepted",          "bx.stale_reading",    stale_by_reading },
    { "meter_reading.accepted",          "bx.check_read",       check_is_read },
    { "meter_reading.corrected",         "bx.rebill",           rebill_by_reading },
    { "meter_reading.corrected",         "bx.stale_corrected",  stale_by_connection },
    { "bill_run.state_changed",          "bx.totals",           daily_total_after_run },
    { "job.failed",                      "bx.job_failed",       billing_job_failed },
    { "bill.cancelled",                  "bx.totals_cancelled", daily_total_after_cancel },
    { "complaint.created",               "bx.dispute_opened",   dispute_opened },
    { "complaint.closed",                "bx.dispute_ended",    dispute_ended },
    { "complaint.rejected",              "bx.dispute_rejected", dispute_ended },
    { 0 }
};

static const JobHandler billing_jobs[] = {
    { .kind = "gl_export.build",  .class = "documents", .run = gl_export_job },
    { .kind = "late_fee.assess",  .class = "bills", .run = late_fee_job },
    /* a transaction for each chunk of accounts */
    { .kind = "bill_run.work",    .class = "bills", .run = run_job, .no_tx = true },
    { .kind = "bill.pdf", .class = "documents", .run = bill_pdf_job },
    { .kind = "bill.copy", .class = "documents", .run = bill_copy_job },
    { .kind = "bill_set.work", .class = "documents", .run = bill_set_job },
    { .kind = "bill_set.expire", .class = "documents", .run = bill_set_expire },
    { .kind = "statement.pdf", .class = "documents", .run = statement_job },
    { .kind = "statement.cleanup", .class = "documents", .run = statement_cleanup },
    { .kind = "bill_simulation.run", .class = "bills", .run = simulation_job },
    { .kind = "bill_draft.cleanup", .class = "general", .run = bill_drafts_cleanup },
    { .kind = "bill_run.publish", .class = "bills", .run = run_publish_job },
    { .kind = "bill_run.mark", .class = "bills", .run = run_mark_job },
    { .kind = "bill_run.readings", .class = "bills", .run = run_readings_job, .counts = true },
    { .kind = "bill_run.check", .class = "bills", .run = run_check_job, .counts = true },
    { .kind = "bill_run.look", .class = "bills", .run = run_look_job },
    { .kind = "bill_run.again", .class = "bills", .run = run_again_job },
    { .kind = "bill_run.undo", .class = "bills", .run = run_undo_job },
    { .kind = "billing_total.rebuild", .class = "general", .run = daily_total_job, .counts = true },
    { .kind = "billing_total.check",   .class = "general", .run = daily_total_check_job },
    { .kind = "billing_owed.fold",     .class = "general", .run = owed_fold_job },
    { .kind = "ledger.sum",            .class = "general", .run = ledger_sum_job },
    { 0 }
};

static const JobSchedule billing_schedules[] = {
    { .code = "statement_files",
      .kind = "statement.cleanup",
      .name = "Files of statements",
      .rule = "daily 03:30",
      .per_utility = true },
    { .code = "bill_set", .kind = "bill_set.expire", .name = "Files of bills taken together",
      .rule = "daily 03:35", .per_utility = true },
    { .code = "bill_draft", .kind = "bill_draft.cleanup", .name = "Remove discarded drafts of bills",
      .rule = "daily 03:40", .per_utility = true },
    { .code = "late_fee", .kind = "late_fee.assess", .name = "Late fees", .rule = "daily 02:00", .per_utility = true },
    { .code = "billing_total", .kind = "billing_total.rebuild", .name = "Totals of the billing overview",
      .rule = "daily 03:00", .per_utility = true },
    { .code = "billing_total_check", .kind = "billing_total.check", .name = "Totals compared with the ledger",
      .rule = "daily 04:00", .per_utility = true },
    { .code = "billing_owed", .kind = "billing_owed.fold", .name = "Changes of what is owed added up",
      .rule = "every 15m", .per_utility = true },
    { .code = "ledger_sum", .kind = "ledger.sum", .name = "Sums of the ledger", .rule = "every 5m" },
    { 0 }
};

static const Machine *const billing_machines[] = { &run_v1, &run_v2, &gl_period, &gl_journal, &gl_export_batch, NULL };

extern const ConfigKind billing_configuration[];
extern const Module billing_module;
const Module billing_module = { .name = "billing", .routes = billing_routes, .jobs = billing_jobs,
                                .schedules = billing_schedules, .events = billing_events, .machines = billing_machines,
                                .configuration = billing_configuration,
                                .checks = billing_setup_checks, .purges = billing_purges, .tabs = gl_tabs,
                                .start = billing_imports };
