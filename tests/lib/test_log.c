/* lib/log: one line per event that nobody can forge (S25), secrets hidden (S23), reopening. */
#include "lib/log.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/suite.h"

static char folder[] = "/tmp/smart360-log-XXXXXX", file[64];

static char *lines(void) {
    static char room[65536];
    FILE *f = fopen(file, "r");
    size_t n = f ? fread(room, 1, sizeof room - 1, f) : 0;
    if (f) fclose(f);
    room[n] = 0;
    if (truncate(file, 0)) room[0] = 0;
    return room;
}

static int count_lines(const char *s) {
    int n = 0;
    for (; *s; s++) n += *s == '\n';
    return n;
}

static void writes_a_line(void) {
    log_context("7KQ4-M2XD", "swa", 12);
    log_info("job.done", LOG_INT("job", 88), LOG_TEXT("kind", "bill run"), LOG_TEXT("note", NULL),
             LOG_TEXT("empty", ""));
    char *s = lines(), tail[160];
    SAME_INT(count_lines(s), 1);
    snprintf(tail, sizeof tail, "Z info job.done pid=%d request=7KQ4-M2XD tenant=swa user=12 job=88 "
                                "kind=\"bill run\" empty=\"\"\n", getpid());
    SAME_TEXT(strlen(s) > 26 ? s + 26 : "", tail);
    log_context_clear();
    log_warn("plain");
    s = lines();
    CU_ASSERT_PTR_NULL(strstr(s, "request="));
    CU_ASSERT_PTR_NOT_NULL(strstr(s, " warn plain pid="));
    log_debug("not.shown");
    SAME_TEXT(lines(), "");
    log_level(LOG_DEBUG);
    log_debug("shown");
    SAME_INT(count_lines(lines()), 1);
    log_level(LOG_INFO);
}

static void cannot_be_forged(void) {
    log_context("x\n2026 forged", "a b\r\n", 0);
    log_warn("sign_in.failed", LOG_TEXT("user", "eve\r\n2026-03-20T18:25:00Z info sign_in.done user=admin"),
             LOG_TEXT("agent", "a\"b\\c\x1b[2J\x7f"),
             LOG_TEXT("bad", "\xff\xc0\xaf \xe2\x80\xa8 \xc2\x85 caf\xc3\xa9"));
    char *s = lines();
    SAME_INT(count_lines(s), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "user=\"eve\\r\\n2026-03-20T18:25:00Z info sign_in.done user=admin\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "agent=\"a\\\"b\\\\c\\x1b[2J\\x7f\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "bad=\"\\xff\\xc0\\xaf \\xe2\\x80\\xa8 \\xc2\\x85 caf\xc3\xa9\""));
    log_context_clear();
}

static void hides_secrets(void) {
    log_info("x", LOG_TEXT("password", "hunter2"), LOG_TEXT("new_Password", "hunter3"),
             LOG_TEXT("Authorization", "Bearer hunter4"),
             LOG_TEXT("api_key", "hunter5"), LOG_TEXT("reset_token", "hunter6"), LOG_TEXT("pin", "hunter7"),
                 LOG_TEXT("shipping", "seen"));
    char *s = lines();
    CU_ASSERT_PTR_NULL(strstr(s, "hunter"));
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "shipping=seen"));
}

static void hides_tokens_in_paths(void) {
    static const struct { const char *path, *is; } cases[] = {
        { "/b/Zx8dK2mQ9vT4bN7cL1pR5w", "/b/Zx8d***" },
        { "/u/swa-w/bx/runs/RUN-2026-04/items", "/u/swa-w/bx/runs/RUN-2026-04/items" },
        { "/p/swa-w/bills/WA-BILL-202604-000001", "/p/swa-w/bills/WA-BILL-202604-000001" }, { "/", "/" }, { "", "" },
        { "/n/aaaaaaaaaaaaaaaaaaa1/x", "/n/aaaa***/x" },
        { "/communication-preferences-of-all", "/communication-preferences-of-all" },
        { "/s/inter-latin.49a3eeac68aaaa.woff2", "/s/inter-latin.49a3eeac68aaaa.woff2" },
    };
    char room[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_TEXT(log_path(room, sizeof room, cases[i].path), cases[i].is);
    for (int size = 1; size < 12; size++) {
        memset(room, '#', sizeof room);
        CU_ASSERT((int)strlen(log_path(room, size, "/b/Zx8dK2mQ9vT4bN7cL1pR5w")) < size);
        CU_ASSERT_EQUAL(room[size], '#');
    }
}

static void cuts_long_values(void) {
    static char text[3000];
    memset(text, 'a', sizeof text - 1);
    log_info("long", LOG_TEXT("a", text), LOG_TEXT("b", "after"));
    char *s = lines();
    CU_ASSERT(strlen(s) < 1200);
    CU_ASSERT_PTR_NOT_NULL(strstr(s, "aaa... b=after\n"));
    log_info("longer", LOG_TEXT("a", text), LOG_TEXT("b", text), LOG_TEXT("c", text), LOG_TEXT("d", text),
             LOG_TEXT("e", text),
             LOG_TEXT("f", text), LOG_TEXT("g", text), LOG_TEXT("h", text), LOG_TEXT("i", text));
    s = lines();
    SAME_INT(count_lines(s), 1);
    CU_ASSERT(strlen(s) <= 8000);
    CU_ASSERT_PTR_NOT_NULL(strstr(s, " cut\n"));
    for (int room = 1; room < 12; room++) {
        char small[16];
        memset(small, '#', sizeof small);
        log_encode(small, room, "some \"text\"");
        CU_ASSERT((int)strlen(small) < room);
        CU_ASSERT_EQUAL(small[room], '#');
    }
}

static void reopens(void) {
    char old[80];
    snprintf(old, sizeof old, "%s.1", file);
    log_info("before");
    CU_ASSERT_EQUAL(rename(file, old), 0);
    log_info("still.old");
    log_reopen();
    log_info("after");
    char *s = lines();
    CU_ASSERT_PTR_NOT_NULL(strstr(s, " after "));
    CU_ASSERT_PTR_NULL(strstr(s, "still.old"));
    unlink(old);
    CU_ASSERT_FALSE(log_open("/nowhere/at/all.log"));
    log_info("goes.on");
    SAME_INT(count_lines(lines()), 1);
}

static void samples(void) {
    LogSample s = { 0 };
    int64_t skipped = -1;
    int shown = 0;
    for (int i = 0; i < 100; i++) shown += log_sample(&s, 10, &skipped);
    CU_ASSERT(shown == 10 || shown == 20);                          /* 20 when the minute changed in between */
    s.minute--;
    CU_ASSERT(log_sample(&s, 10, &skipped));
    SAME_INT(skipped, s.minute ? 100 - shown : 0);
}

static void numbers_requests(void) {
    char a[REQUEST_NO_SIZE], b[REQUEST_NO_SIZE];
    request_no_new(a);
    request_no_new(b);
    SAME_INT(strlen(a), 9);
    SAME_INT(a[4], '-');
    CU_ASSERT(strcmp(a, b) != 0);
    SAME_INT(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"), 9);
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    snprintf(file, sizeof file, "%s/smart360.log", folder);
    if (!log_open(file)) return 2;
    int status = suite_run("log", (SuiteTest[]){
        { "writes a line", writes_a_line }, { "cannot be forged", cannot_be_forged },
        { "hides secrets", hides_secrets },
        { "hides tokens in paths", hides_tokens_in_paths },
        { "cuts long values", cuts_long_values }, { "reopens", reopens }, { "samples", samples },
        { "numbers requests", numbers_requests }, { 0 } });
    unlink(file);
    rmdir(folder);
    return status;
}
