/*
 * Module field: table of contents.
 */
#include "app/field/pages.h"
#include "app/modules.h"

static const Route field_routes[] = {
    /* WX03US03: order.c */
    GET ("/wx/orders",                   "wx.order", VIEW, order_list_page),
    GET ("/wx/orders/{no}",              "wx.order", VIEW, order_page),
    POST("/wx/orders/{no}/cancellation", "wx.order", EDIT, order_cancel_post, .form = order_page),

    /* WX02US02: phone.c; the worker is a script without a word about anybody */
    GET ("/field",           "wx.field", VIEW,   phone_home),
    GET ("/field/pending",   "wx.field", VIEW,   phone_pending),
    GET ("/field/worker.js", NULL,       OPEN,   phone_worker),
    GET ("/field/reading",   "mx.reads", CREATE, phone_reading),
    POST("/field/reading",   "mx.reads", CREATE, phone_reading_post),
    { 0 }
};

static const Machine *const field_machines[] = { &service_order, NULL };

extern const Module field_module;
const Module field_module = { .name = "field", .routes = field_routes, .machines = field_machines,
                             .works = field_works, .purges = field_purges, .start = field_imports };
