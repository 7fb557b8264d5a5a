/*
 * Rules of meters: see meter_rules.h.
 */
#include "app/meters/meter_rules.h"

#include <string.h>

#include "lib/date.h"
#include "lib/utf8.h"

static bool is_one_of(const char *s, const char *const *words) {
    for (; s && *words; words++)
        if (!strcmp(s, *words)) return true;
    return false;
}

/* Letters, digits and dashes: it is printed as a barcode. */
static bool meter_no_is_plain(const char *no) {
    size_t n = strlen(no);
    for (const char *s = no; *s; s++) {
        bool letter = (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z');
        if (!letter && !(*s >= '0' && *s <= '9') && *s != '-') return false;
    }
    return n >= 1 && n <= 30;
}

static void length_fault(Faults *to, size_t row, const char *field, const char *s, int max) {
    if (s && utf8_length(s) > (size_t)max)
        fault_with(fault_add(to, row, FAULT_LENGTH, field, "meters.entry.length"), "max",
                   arena_text(to->mem, "%d", max));
}

void meter_faults(Faults *to, size_t row, const NewMeter *n, const MeterKnown *f) {
    static const char *const types[] = { "manual", "photo", "smart", NULL };
    static const char *const owners[] = { "utility", "consumer", NULL };
    if (n->meter_no && !meter_no_is_plain(n->meter_no))
        fault_add(to, row, FAULT_TYPE, "meter_no", "meters.entry.meter_no");
    else if (f->number_taken) fault_with(fault_add(to, row, FAULT_THERE, "meter_no", "meters.entry.meter_there"), "no",
                                         n->meter_no);
    if (!n->serial_no || !*n->serial_no) fault_add(to, row, FAULT_REQUIRED, "serial_no", "meters.entry.serial_no");
    else if (f->serial_of) fault_with(fault_add(to, row, FAULT_THERE, "serial_no", "meters.entry.serial_there"), "no",
                                      f->serial_of);
    length_fault(to, row, "serial_no", n->serial_no, 40);
    length_fault(to, row, "external_ref", n->external_ref, 60);
    length_fault(to, row, "firmware", n->firmware, 40);
    length_fault(to, row, "note", n->note, 250);
    if (f->external_taken) fault_add(to, row, FAULT_THERE, "external_ref", "meters.entry.external_there");
    if (!n->model.id) fault_add(to, row, FAULT_REQUIRED, "model", "meters.entry.model");
    else if (!f->has_model) fault_add(to, row, FAULT_UNKNOWN, "model", "meters.entry.model_unknown");
    else if (!f->is_model_active) fault_add(to, row, FAULT_RULE, "model", "meters.entry.model_inactive");
    else if (!f->has_registers) fault_add(to, row, FAULT_RULE, "model", "meters.entry.model_registers");
    if (n->read_type && !is_one_of(n->read_type, types))
        fault_add(to, row, FAULT_VALUE, "read_type", "meters.entry.read_type");
    if (n->ownership && !is_one_of(n->ownership, owners))
        fault_add(to, row, FAULT_VALUE, "ownership", "meters.entry.ownership");
    if (!n->store.id && !n->is_for_installation) fault_add(to, row, FAULT_REQUIRED, "store", "meters.entry.store");
    else if (n->store.id && !f->has_store) fault_add(to, row, FAULT_UNKNOWN, "store", "meters.entry.store_unknown");
    if (n->lot.id && !f->lot_status) fault_add(to, row, FAULT_UNKNOWN, "lot", "meters.entry.lot_unknown");
    if (n->has_cost && n->cost.minor < 0) fault_add(to, row, FAULT_VALUE, "cost", "meters.entry.not_negative");
}

static void meter_stands_free(Faults *to, size_t row, const InstallKnown *f) {
    if (!f->meter_no) {
        fault_add(to, row, FAULT_UNKNOWN, "meter", "meters.entry.meter_unknown");
        return;
    }
    if (f->stands_at) {
        Fault *there = fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.installed"), "no", f->meter_no);
        fault_with(fault_with(there, "place", f->stands_at), "date", f->since);
        return;
    }
    if (f->failed_test_on) {
        Fault *failed = fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.test_failed"), "no",
                                   f->meter_no);
        fault_with(failed, "date", f->failed_test_on);
    }
    bool ready = !strcmp(f->meter_status, "in_store") || !strcmp(f->meter_status, "issued");
    if (!ready && !f->failed_test_on) fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.not_in_store"),
                                                 "no", f->meter_no);
    if (f->is_go_live) return;
    if (f->is_test_overdue) fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.test_overdue"), "no",
                                       f->meter_no);
    if (f->is_lot_open) fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.lot_open"), "no", f->meter_no);
}

static void connection_takes_it(Faults *to, size_t row, const InstallKnown *f) {
    if (!f->connection_no) {
        fault_add(to, row, FAULT_UNKNOWN, "connection", "meters.entry.connection_unknown");
        return;
    }
    if (!strcmp(f->connection_status, "closed"))
        fault_add(to, row, FAULT_RULE, "connection", "meters.entry.connection_closed");
    if (f->meter_no && strcmp(f->meter_service, f->connection_service) != 0) {
        Fault *wrong = fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.service"), "meter",
                                  f->meter_service);
        fault_with(wrong, "connection", f->connection_service);
    }
    if (!f->measured_by) return;
    Fault *there = fault_with(fault_add(to, row, FAULT_RULE, "connection", "meters.entry.measured"), "place",
                              f->premise_no);
    fault_with(there, "no", f->measured_by);
}

void install_faults(Faults *to, size_t row, const InstallKnown *f) {
    static const char *const roles[] = { "main", "check", "sub", NULL };
    meter_stands_free(to, row, f);
    connection_takes_it(to, row, f);
    if (f->role && !is_one_of(f->role, roles)) fault_add(to, row, FAULT_VALUE, "role", "meters.entry.role");
    if (date_compare(f->on, f->today) > 0) fault_add(to, row, FAULT_VALUE, "installed_on", "meters.entry.future");
    if (date_is_set(f->free_from) && date_compare(f->on, f->free_from) < 0)
        fault_add(to, row, FAULT_RULE, "installed_on", "meters.entry.overlap");
    if (f->meter_no && f->values != f->registers)
        fault_add(to, row, FAULT_REQUIRED, "value", "meters.entry.each_register");
    if (f->multiplier_e6 <= 0) fault_add(to, row, FAULT_VALUE, "multiplier", "meters.entry.multiplier");
    length_fault(to, row, "location_note", f->location_note, 120);
}

bool meter_may_become(const char *from, const char *to) {
    static const char *const moves[][2] = {
        { "on_order", "in_store" }, { "in_store", "issued" }, { "issued", "in_store" }, { "in_store", "installed" },
        { "issued", "installed" }, { "installed", "removed" }, { "removed", "in_store" }, { "removed", "in_test" },
        { "removed", "scrapped" }, { "in_store", "in_test" }, { "in_test", "in_store" }, { "in_test", "faulty" },
        { "faulty", "in_test" }, { "faulty", "scrapped" }, { "installed", "faulty_installed" },
        { "faulty_installed", "installed" },
        { "faulty_installed", "removed" }, { "lost", "in_store" } };
    if (!strcmp(to, "lost")) return strcmp(from, "installed") != 0 && strcmp(from, "scrapped") != 0
        && strcmp(from, "lost") != 0;
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (!strcmp(moves[i][0], from) && !strcmp(moves[i][1], to)) return true;
    return false;
}
