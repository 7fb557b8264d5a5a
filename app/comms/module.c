/*
 * Module comms: table of contents.
 */
#include "app/comms/module.h"
#include "app/modules.h"

static const JobHandler comms_jobs[] = {
    { "message.send", "messages", message_send, 12, true },     /* calls the provider between its transactions */
    { 0 }
};

extern const Module comms_module;
const Module comms_module = { .name = "comms", .jobs = comms_jobs };
