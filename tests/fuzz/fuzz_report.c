/* Delivery reports by mail: what is read of any bytes is one of our numbers, a state we know and a short code. */
#include "app/hub/report_rules.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    char *exact = arena_copy_n(&mem, (const char *)bytes, n);
    MailReport r;
    if (!mail_report_read(&mem, exact, n, &r)) {
        MUST(!r.message && !r.status && !r.code);
        return;
    }
    static const char *const states[] = { "bounced", "failed", "undelivered", "delivered", "delayed" };
    bool known = false;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) known |= !strcmp(states[i], r.status);
    MUST(known);
    MUST(strlen(r.message) > REPORT_ID + 1 && strlen(r.message) < 1000 && r.message[REPORT_ID] == '@');
    MUST(!r.code || (strlen(r.code) <= REPORT_CODE_MAX && strlen(r.code) >= 5));
    MUST(strcmp(r.status, "bounced") || !strncmp(r.code, "5.1.", 4));
}
