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
    { 0 }
};

static const Machine *const field_machines[] = { &service_order, NULL };

extern const Module field_module;
const Module field_module = { .name = "field", .routes = field_routes, .machines = field_machines };
