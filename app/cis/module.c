/*
 * Module cis: table of contents.
 */
#include "app/cis/pages.h"
#include "app/modules.h"

static const Route cis_routes[] = {
    GET("/search",                                  NULL,            SIGNED_IN, search_page),
    GET("/cis/consumers",                           "cis.consumers", VIEW, consumer_list),
    GET("/cis/consumers/{consumer_no}",             "cis.consumers", VIEW, consumer_page),
    GET("/cis/consumers/{consumer_no}/financial",   "cis.consumers", VIEW, consumer_financial),
    GET("/cis/consumers/{consumer_no}/connections", "cis.consumers", VIEW, consumer_connections),
    GET("/cis/consumers/{consumer_no}/history",     "cis.consumers", VIEW, consumer_history),
    GET("/cis/accounts/{account_no}",               "cis.consumers", VIEW, account_page),
    GET("/cis/payments",                            "cis.payments",  VIEW, payment_list_page),
    GET("/cis/payments/{payment_no}",               "cis.payments",  VIEW, payment_page),
    { 0 }
};

static const EventHandler cis_events[] = {
    { "payment.posted", "cis.receipt", tell_receipt },
    { 0 }
};

extern const Module cis_module;
const Module cis_module = { .name = "cis", .routes = cis_routes, .events = cis_events };
