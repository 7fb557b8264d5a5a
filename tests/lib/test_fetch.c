/* lib/fetch, lib/outgoing, lib/breaker_rules: where calls may go
 * (S21), how each fault ends (F7, F8), against a server of our own. */
#include "lib/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/breaker_rules.h"
#include "lib/date.h"
#include "tests/double.h"
#include "tests/suite.h"

static Arena mem;
static int   port;

/* ---- the server: what it does depends on the path ---- */

static void say(int fd, const char *s) {
    ssize_t n = write(fd, s, strlen(s));
    (void)n;
}

static void serve_one(int fd) {
    char in[70000];
    size_t n = 0;
    while (n < sizeof in - 1) {
        ssize_t got = read(fd, in + n, sizeof in - 1 - n);
        if (got <= 0) break;
        n += (size_t)got;
        in[n] = 0;
        char *end = strstr(in, "\r\n\r\n"), *length = strcasestr(in, "content-length:");
        if (end && (!length || length > end || n >= (size_t)(end + 4 - in) + (size_t)atol(length + 15))) break;
    }
    in[n] = 0;
    if (strstr(in, " /ok "))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-One:  a b \r\nContent-Length: "
                "2\r\nConnection: close\r\n\r\n{}");
    else if (strstr(in, " /echo ")) {
        char out[80000];
        snprintf(out, sizeof out, "HTTP/1.1 201 Created\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", n, in);
        say(fd, out);
    }
    else if (strstr(in, " /429 "))
        say(fd, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (strstr(in, " /503 "))
        say(fd, "HTTP/1.1 503 Down\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Length: "
                "0\r\nConnection: close\r\n\r\n");
    else if (strstr(in, " /402 ")) say(fd, "HTTP/1.1 402 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\ncard");
    else if (strstr(in, " /redirect "))
        say(fd,
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (strstr(in, " /cut ")) say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    else if (strstr(in, " /status ")) say(fd, "HTTP/1.1 200 OK\r\n");
    else if (strstr(in, " /noise ")) say(fd, "I am not HTTP\r\n\r\n");
    else if (strstr(in, " /slow ")) sleep(3);
    else if (strstr(in, " /wait "))
        usleep(300000), say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (strstr(in, " /big ")) {
        static char big[65536];
        memset(big, 'x', sizeof big - 1);
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6553500\r\n\r\n");
        for (int i = 0; i < 100; i++) say(fd, big);
    }
    /* anything else: closed without a word */
}

static const char *url(const char *path) { return text(&mem, "http://127.0.0.1:%d%s", port, path); }

static FetchAnswer post(const char *path) {
    return fetch(&mem, &(FetchRequest){ .method = "POST", .url = url(path), .body = "{\"a\":1}", .total_ms = 1000 });
}

static void allow_the_server(void) {
    static const char *allowed[2];
    allowed[0] = text(&mem, "127.0.0.1:%d", port);
    outgoing_rules((OutgoingRules){ .production = true, .allowed = allowed });
}

/* ---- tests ---- */

static bool is_public(const char *s) {
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, s, &in4.sin_addr) == 1) return address_is_public((void *)&in4);
    CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, s, &in6.sin6_addr), 1);
    return address_is_public((void *)&in6);
}

static void knows_ranges(void) {
    static const char *const inside[] = { "127.0.0.1", "127.255.255.255", "0.0.0.0", "10.1.2.3", "172.16.0.1",
                                          "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.1.1.1",
            "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::7f00:1", "fc00::1", "fd12::1",
            "fe80::1", "fec0::1", "ff02::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::1", "100::1", "3fff::1", "4000::1" };
    static const char *const outside[] = { "8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "11.0.0.1",
                                           "223.255.255.255", "2606:4700::1111", "2a00::1", "2001:4860::8888" };
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        if (is_public(inside[i])) fprintf(stderr, "\ncalled public: %s\n", inside[i]);
        CU_ASSERT_FALSE(is_public(inside[i]));
    }
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) CU_ASSERT(is_public(outside[i]));
}

static void refuses_urls(void) {
    static const char *const bad[] = { "", "x", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
                                       "http://example.com/", "https://", "https://u:p@example.com/",
        "https://u@example.com/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://0/",
            "https://2130706433/", "https://0x7f.1/", "https://017700000001/",
        "https://169.254.169.254/latest", "https://localhost/", "https://a.localhost/", "https://intranet/",
            "https://db.internal/", "https://example.com/#x", "https://example.com/\r\nX: y",
        "https://exa mple.com/", "javascript:alert(1)", "//example.com/", "https:example.com",
            "dict://example.com:11211/" };
    outgoing_rules((OutgoingRules){ .production = true });
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!outgoing_url_problem(&mem, bad[i])) fprintf(stderr, "\naccepted %s\n", bad[i]);
        CU_ASSERT_PTR_NOT_NULL(outgoing_url_problem(&mem, bad[i]));
    }
    CU_ASSERT_PTR_NOT_NULL(outgoing_url_problem(&mem, NULL));
    SAME_TEXT(outgoing_url_problem(&mem, "https://example.com/hook?a=1"), NULL);
    SAME_TEXT(outgoing_url_problem(&mem, "https://example.com:8443"), NULL);
    outgoing_rules((OutgoingRules){ .production = false });
    SAME_TEXT(outgoing_url_problem(&mem, "http://example.com/hook"), NULL);
    CU_ASSERT_PTR_NOT_NULL(outgoing_url_problem(&mem, "http://127.0.0.1/"));
}

static void does_not_go_inside(void) {
    outgoing_rules((OutgoingRules){ .production = false });
    FetchAnswer f = post("/ok");
    SAME_INT(f.class, OUT_REFUSED);
    SAME_INT(f.status, 0);
    /* a name that leads to loopback is stopped at the socket: the resolver of this test is libcurl's own table */
    CURL *curl = curl_easy_init();
    OutgoingGuard guard = { 0 };
    struct curl_slist *table = curl_slist_append(NULL, text(&mem, "rebind.example.com:%d:127.0.0.1", port));
    outgoing_guard(curl, &guard);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, table);
    curl_easy_setopt(curl, CURLOPT_URL, text(&mem, "http://rebind.example.com:%d/ok", port));
    CU_ASSERT_NOT_EQUAL(curl_easy_perform(curl), CURLE_OK);
    CU_ASSERT(guard.refused);
    curl_easy_cleanup(curl);
    curl_slist_free_all(table);
    static const char *const other_port[] = { "127.0.0.1:1", NULL };
    outgoing_rules((OutgoingRules){ .production = false, .allowed = other_port });
    SAME_INT(post("/ok").class, OUT_REFUSED);
    allow_the_server();
    SAME_INT(post("/ok").class, OUT_ACCEPTED);
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    SAME_INT(post("/ok").class, OUT_ACCEPTED);
    unsetenv("http_proxy");
}

static void ends_in_classes(void) {
    allow_the_server();
    static const struct { const char *path; OutClass class; int status; } cases[] = {
        { "/ok", OUT_ACCEPTED, 200 }, { "/echo", OUT_ACCEPTED, 201 }, { "/402", OUT_REFUSED, 402 },
        { "/429", OUT_NOT_ACCEPTED, 429 }, { "/503", OUT_UNKNOWN, 503 },
        { "/redirect", OUT_REFUSED, 302 }, { "/cut", OUT_UNKNOWN, 200 }, { "/noise", OUT_UNKNOWN, 0 },
        { "/slow", OUT_UNKNOWN, 0 }, { "/closed", OUT_UNKNOWN, 0 },
        { "/big", OUT_UNKNOWN, 200 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FetchAnswer f = post(cases[i].path);
        if (f.class != cases[i].class) fprintf(stderr, "\n%s: %s, %d, %s\n", cases[i].path, out_class_name(f.class),
                                               f.status, f.problem ? f.problem : "-");
        SAME_INT(f.class, cases[i].class);
        SAME_INT(f.status, cases[i].status);
        CU_ASSERT_EQUAL(f.problem == NULL, f.class != OUT_UNKNOWN || f.status == 503);
    }
    SAME_INT(post("/429").retry_after_s, 7);
    SAME_INT(post("/503").retry_after_s, 0);
    SAME_INT(post("/ok").retry_after_s, -1);
    SAME_TEXT(post("/402").body, "card");
    FetchAnswer f = post("/ok");
    SAME_TEXT(f.body, "{}");
    SAME_TEXT(f.content_type, "application/json");
    SAME_TEXT(fetch_header(&mem, &f, "x-one"), "a b");
    SAME_TEXT(fetch_header(&mem, &f, "x-on"), NULL);
    /* nobody listens; TLS spoken to a server without it: certainly not accepted */
    static const char *const all[] = { "127.0.0.1", NULL };
    outgoing_rules((OutgoingRules){ .production = true, .allowed = all });
    SAME_INT(fetch(&mem, &(FetchRequest){ .method = "POST", .url = "http://127.0.0.1:1/", .body = "x" }).class,
             OUT_NOT_ACCEPTED);
    SAME_INT(fetch(&mem, &(FetchRequest){ .method = "POST", .url = text(&mem, "https://127.0.0.1:%d/ok", port),
                                          .body = "x" }).class, OUT_NOT_ACCEPTED);
    allow_the_server();
}

static void sends_what_was_asked(void) {
    FetchAnswer f = fetch(&mem, &(FetchRequest){ .method = "PUT", .url = url("/echo"), .body = "a=1",
                                                 .content_type = "application/x-www-form-urlencoded",
                                                 .idempotency_key = "k-1",
                                                 .bearer = "tok", .headers = { { "X-Two", "2" }, { "X-Empty", "" } } });
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "PUT /echo HTTP/1.1\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "\r\nIdempotency-Key: k-1\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "\r\nAuthorization: Bearer tok\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "\r\nX-Two: 2\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "\r\n\r\na=1"));
    f = fetch(&mem, &(FetchRequest){ .method = "GET", .url = url("/echo"), .user = "u", .password = "p" });
    CU_ASSERT_PTR_NOT_NULL(strstr(f.body, "\r\nAuthorization: Basic dTpw\r\n"));
    CU_ASSERT_PTR_NULL(strstr(f.body, "Content-Type"));
    static const FetchHeader bad[] = { { "X", "a\r\nY: b" }, { "X\n", "a" }, { "X: y", "a" }, { "", "a" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        SAME_INT(fetch(&mem, &(FetchRequest){ .method = "GET", .url = url("/ok"), .headers = { bad[i] } }).class,
                 OUT_REFUSED);
    SAME_INT(fetch(&mem, &(FetchRequest){ .method = "GET\r\n", .url = url("/ok") }).class, OUT_REFUSED);
    SAME_INT(fetch(&mem, &(FetchRequest){ .method = "GET", .url = url("/ok"), .idempotency_key = "a\nb" }).class,
             OUT_REFUSED);
    SAME_TEXT(fetch_form(&mem, (FetchHeader[]){ { "To", "+1 503" }, { "Body", "a&b=é" }, { "None", NULL }, { 0 } }),
              "To=%2B1%20503&Body=a%26b%3D%C3%A9");
}

static void runs_side_by_side(void) {
    FetchRequest requests[12];
    FetchAnswer answers[12];
    for (int i = 0; i < 12; i++)
        requests[i] = (FetchRequest){ .method = "GET", .url = url(i == 5 ? "/402" : i == 7 ? "ftp" : "/wait") };
    requests[7].url = "ftp://example.com/";
    int64_t start = time_ticking_us();
    fetch_all(&mem, requests, answers, 12, 12);
    CU_ASSERT(time_ticking_us() - start < 2500000);                 /* one after the other takes at least 3 s */
    for (int i = 0; i < 12; i++) SAME_INT(answers[i].class, i == 5 || i == 7 ? OUT_REFUSED : OUT_ACCEPTED);
}

static void breaks(void) {
    Breaker b = { 0 };
    Time now = time_of_unix(1700000000);
    for (int i = 0; i < 4; i++) breaker_note(&b, false, now);
    CU_ASSERT(breaker_admit(&b, now));
    breaker_note(&b, true, now);
    for (int i = 0; i < 4; i++) breaker_note(&b, false, now);
    SAME_INT(breaker_state(&b, now), BREAKER_CLOSED);
    breaker_note(&b, false, now);
    SAME_INT(breaker_state(&b, now), BREAKER_OPEN);
    CU_ASSERT_FALSE(breaker_admit(&b, time_add_seconds(now, 29)));
    SAME_INT(breaker_next(&b, now).us, time_add_seconds(now, 30).us);
    now = time_add_seconds(now, 30);
    SAME_INT(breaker_state(&b, now), BREAKER_HALF_OPEN);
    CU_ASSERT(breaker_admit(&b, now));
    CU_ASSERT_FALSE(breaker_admit(&b, now));
    breaker_note(&b, false, now);
    SAME_INT(breaker_state(&b, now), BREAKER_OPEN);
    now = time_add_seconds(now, 31);
    CU_ASSERT(breaker_admit(&b, now));
    CU_ASSERT(breaker_admit(&b, time_add_seconds(now, 30)));        /* the prober died: another one may */
    breaker_note(&b, true, now);
    SAME_INT(breaker_state(&b, now), BREAKER_CLOSED);
    CU_ASSERT(breaker_admit(&b, now) && breaker_admit(&b, now));
    SAME_INT(breaker_next(&b, now).us, now.us);
}

int main(void) {
    pid_t server = double_start(&port, serve_one);
    int status = suite_run("fetch", (SuiteTest[]){
        { "knows ranges", knows_ranges }, { "refuses urls", refuses_urls },
        { "does not go inside", does_not_go_inside }, { "ends in classes", ends_in_classes },
        { "sends what was asked", sends_what_was_asked }, { "runs side by side", runs_side_by_side },
        { "breaks", breaks }, { 0 } });
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    arena_end(&mem);
    return status;
}
