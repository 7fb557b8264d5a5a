/*
 * Module billing: table of contents.
 */
#include "app/billing/gl.h"
#include "app/modules.h"

static const Route billing_routes[] = {
    RESOURCE(gl_code),
    { 0 }
};

extern const Module billing_module;
const Module billing_module = { .name = "billing", .routes = billing_routes };
