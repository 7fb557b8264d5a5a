/*
 * Module comms: table of contents.
 */
#include "app/comms/module.h"
#include "app/comms/pages.h"
#include "app/modules.h"

static const Route comms_routes[] = {
    TENANT_GET ("/me/notifications",             NULL, SIGNED_IN, notes_page),
    TENANT_POST("/me/notifications/read",        NULL, SIGNED_IN, notes_read_all, .form = notes_page),
    /* marks it read */
    TENANT_GET ("/me/notifications/{note}",      NULL, SIGNED_IN, note_open, .flags = WRITES),
    TENANT_POST("/me/notifications/{note}/read", NULL, SIGNED_IN, note_read, .form = notes_page),
    TENANT_POST("/me/notifications/{note}/archive", NULL, SIGNED_IN, note_archive, .form = notes_page),
    TENANT_GET ("/me/notifications/count",       NULL, SIGNED_IN, notes_count, .flags = BY_ITSELF),
    PORTAL_GET ("/notifications",                SIGNED_IN, notes_page),
    PORTAL_POST("/notifications/read",           SIGNED_IN, notes_read_all, .form = notes_page),
    PORTAL_GET ("/notifications/{note}",         SIGNED_IN, note_open, .flags = WRITES),
    PORTAL_POST("/notifications/{note}/read",    SIGNED_IN, note_read, .form = notes_page),
    PORTAL_POST("/notifications/{note}/archive", SIGNED_IN, note_archive, .form = notes_page),
    PORTAL_GET ("/notifications/count",          SIGNED_IN, notes_count, .flags = BY_ITSELF),
    { 0 }
};

static const JobHandler comms_jobs[] = {
    { "message.send", "messages", message_send, 12, true },     /* calls the provider between its transactions */
    { "message.ask",  "messages", messages_ask, 1,  true },     /* the same */
    { .kind = "notification.upkeep", .class = "general", .run = notes_upkeep },
    { .kind = "notification.mail",   .class = "messages", .run = notes_mail },
    { 0 }
};

static const JobSchedule comms_schedules[] = {
    { .code = "message.ask", .kind = "message.ask", .name = "Text messages of which nothing is heard are asked for",
      .rule = "every 5m", .per_utility = true, .skip_missed = true },
    { .code = "notification_upkeep", .kind = "notification.upkeep", .name = "Notes that have ended",
      .rule = "daily 03:30" },
    { .code = "notification_mail", .kind = "notification.mail", .name = "Mail to staff about notes they have not read",
      .rule = "daily 07:00", .skip_missed = true },
    { 0 }
};

static const EventHandler comms_events[] = {
    { "message.inbound", "comms.inbound", inbound_heard },
    { 0 }
};

extern const ConfigKind comms_configuration[];
extern const Module comms_module;
const Module comms_module = { .name = "comms", .routes = comms_routes, .jobs = comms_jobs,
                              .schedules = comms_schedules, .events = comms_events,
                              .configuration = comms_configuration, .purges = comms_purges };
