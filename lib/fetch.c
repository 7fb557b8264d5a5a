/*
 * Outgoing HTTP: see fetch.h. One multi handle of the process keeps connections; each call is an easy handle that is
 * made, run and cleaned up inside fetch_all. Callbacks only store: they never leave by fail().
 */
#include "lib/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/date.h"
#include "lib/utf8.h"

enum { TOTAL_MS = 20000, TOTAL_MS_MAX = 60000, HEADERS_BYTES_MAX = 64 * 1024, RETRY_AFTER_MAX_S = 24 * 3600 };

typedef struct {
    Arena              *a;
    const FetchRequest *request;
    FetchAnswer        *answer;
    CURL               *curl;
    struct curl_slist  *lines;
    OutgoingGuard       guard;
    Text                body, headers;
    size_t              body_max;
    bool                too_large;
} Call;

OutClass fetch_class(int status) {
    if (status >= 200 && status < 300) return OUT_ACCEPTED;
    if (status == 429) return OUT_NOT_ACCEPTED;
    if (status == 408 || status == 409 || status == 425 || status >= 500 || status < 200) return OUT_UNKNOWN;
    return OUT_REFUSED;
}

/* ---- callbacks ---- */

static size_t on_body(char *s, size_t size, size_t n, void *arg) {
    Call *c = arg;
    size_t bytes = size * n;
    if (c->body.n + bytes > c->body_max) {
        c->too_large = true;
        return 0;
    }
    text_add_n(&c->body, s, bytes);
    return bytes;
}

static size_t on_header(char *s, size_t size, size_t n, void *arg) {
    Call *c = arg;
    size_t bytes = size * n;
    if (bytes > 5 && !strncmp(s, "HTTP/", 5)) c->headers.n = 0;     /* after 100 Continue the real answer begins */
    else if (c->headers.n + bytes <= HEADERS_BYTES_MAX) text_add_n(&c->headers, s, bytes);
    return bytes;
}

/* ---- before ---- */

static void add_line(Call *c, const char *line) {
    struct curl_slist *longer = curl_slist_append(c->lines, line);
    if (!longer) abort();
    c->lines = longer;
}

static bool add_header(Call *c, const char *name, const char *value) {
    if (!is_one_line(name) || !is_one_line(value) || !*name || strpbrk(name, ": \t")) return false;
    add_line(c, *value ? arena_text(c->a, "%s: %s", name, value) : arena_text(c->a, "%s;", name));
    return true;
}

static bool add_headers(Call *c) {
    const FetchRequest *r = c->request;
    bool good = add_header(c, "User-Agent", "SMART360/" SMART360_VERSION);
    add_line(c, "Expect:");                     /* libcurl's word for "not this header"; an empty one is answered 417 */
    if (r->body) good = good && add_header(c, "Content-Type", r->content_type ? r->content_type : "application/json");
    if (r->idempotency_key) good = good && add_header(c, "Idempotency-Key", r->idempotency_key);
    if (r->bearer) good = good && add_header(c, "Authorization", arena_text(c->a, "Bearer %s", r->bearer));
    for (int i = 0; i < FETCH_HEADERS_MAX && r->headers[i].name; i++)
        good = good && add_header(c, r->headers[i].name, r->headers[i].value ? r->headers[i].value : "");
    return good;
}

static bool method_is_known(const char *method) {
    static const char *const known[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };
    for (int i = 0; known[i]; i++)
        if (method && !strcmp(method, known[i])) return true;
    return false;
}

static void set_body(Call *c) {
    const FetchRequest *r = c->request;
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, r->method);
    if (r->body) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body_n ? r->body_n : strlen(r->body)));
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, r->body);
    } else if (strcmp(r->method, "GET")) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, "");
    }
}

/* A kept connection may have died unseen, and libcurl then sends once more by itself: harmless for GET and with an
   idempotency key only. */
static void set_connection(Call *c) {
    bool may_keep = !strcmp(c->request->method, "GET") || c->request->idempotency_key;
    curl_easy_setopt(c->curl, CURLOPT_FRESH_CONNECT, may_keep ? 0L : 1L);
    curl_easy_setopt(c->curl, CURLOPT_FORBID_REUSE, may_keep ? 0L : 1L);
}

static const char *prepare(Call *c) {
    const FetchRequest *r = c->request;
    if (!method_is_known(r->method)) return "unknown method";
    const char *problem = outgoing_url_problem(c->a, r->url);
    if (problem) return problem;
    if (!add_headers(c)) return "a header holds a line end";
    c->guard.encrypted = !strncasecmp(r->url, "https:", 6);
    outgoing_guard(c->curl, &c->guard);
    int total = r->total_ms > 0 && r->total_ms <= TOTAL_MS_MAX ? r->total_ms : TOTAL_MS;
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)total);
    curl_easy_setopt(c->curl, CURLOPT_URL, r->url);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->lines);
    curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_PRIVATE, c);
    if (r->user) {
        curl_easy_setopt(c->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(c->curl, CURLOPT_USERNAME, r->user);
        curl_easy_setopt(c->curl, CURLOPT_PASSWORD, r->password ? r->password : "");
    }
    set_body(c);
    set_connection(c);
    return NULL;
}

/* ---- after ---- */

/* Seconds or an HTTP date. */
static int64_t retry_after(Arena *a, const FetchAnswer *answer) {
    const char *s = fetch_header(a, answer, "Retry-After");
    if (!s) return -1;
    char *end = NULL;
    errno = 0;
    long long seconds = strtoll(s, &end, 10);
    if (errno || end == s || *end) {
        time_t at = curl_getdate(s, NULL);
        if (at < 0) return -1;
        seconds = (long long)at - time_unix(time_now());
    }
    return seconds < 0 ? 0 : seconds > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : seconds;
}

/* Errors before a byte of the request left. A time-out counts only when the connection never stood. */
static bool nothing_was_sent(Call *c, CURLcode code) {
    curl_off_t ready_us = 0;
    long sent = 0;
    curl_easy_getinfo(c->curl, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &sent);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_CONNECT: case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CONNECT_ERROR: case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
        return sent == 0;
    default:
        return ready_us == 0 && sent == 0;
    }
}

static void finish(Call *c, CURLcode code) {
    FetchAnswer *answer = c->answer;
    long status = 0;
    curl_off_t took = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME_T, &took);
    text_add(&c->body, "");
    text_add(&c->headers, "");
    answer->status = (int)status;
    answer->took_us = (int64_t)took;
    answer->body = c->body.s;
    answer->body_n = c->body.n;
    answer->headers = c->headers.n ? c->headers.s : "";
    const char *type = fetch_header(c->a, answer, "Content-Type");
    answer->content_type = type ? type : "";
    answer->retry_after_s = retry_after(c->a, answer);
    if (code == CURLE_OK) {
        answer->class = fetch_class(answer->status);
        return;
    }
    answer->problem = c->guard.refused ? "the address is not reachable from the internet"
                    : c->too_large ? "the answer is too large" : curl_easy_strerror(code);
    if (c->guard.refused && nothing_was_sent(c, code)) answer->class = OUT_REFUSED;
    else answer->class = nothing_was_sent(c, code) ? OUT_NOT_ACCEPTED : OUT_UNKNOWN;
}

static void refuse(Call *c, const char *problem) {
    *c->answer = (FetchAnswer){ .class = OUT_REFUSED, .body = "", .content_type = "", .headers = "", .problem = problem,
                                .retry_after_s = -1 };
}

static void end_call(Call *c) {
    if (c->curl) curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->lines);
    c->curl = NULL, c->lines = NULL;
}

/* ---- running ---- */

static CURLM *multi_of_process(void) {
    static CURLM *multi;
    if (multi) return multi;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(multi = curl_multi_init())) abort();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)FETCH_AT_ONCE_MAX);
    return multi;
}

/* Begins calls[i]; false when it is over already. */
static bool begin(CURLM *multi, Call *c) {
    c->answer->retry_after_s = -1;
    c->curl = curl_easy_init();
    if (!c->curl) abort();
    const char *problem = prepare(c);
    if (problem) return refuse(c, problem), end_call(c), false;
    if (curl_multi_add_handle(multi, c->curl)) abort();
    return true;
}

static int collect(CURLM *multi) {
    int ended = 0, left;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));) {
        if (m->msg != CURLMSG_DONE) continue;
        Call *c = NULL;
        CURL *easy = m->easy_handle;
        CURLcode code = m->data.result;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&c);
        finish(c, code);
        curl_multi_remove_handle(multi, easy);
        end_call(c);
        ended++;
    }
    return ended;
}

void fetch_all(Arena *a, const FetchRequest *requests, FetchAnswer *answers, size_t n, int at_once) {
    CURLM *multi = multi_of_process();
    Call *calls = take_n(a, Call, n);
    int most = at_once < 1 ? 1 : at_once > FETCH_AT_ONCE_MAX ? FETCH_AT_ONCE_MAX : at_once, active = 0, running = 0;
    for (size_t next = 0; next < n || active;) {
        while (next < n && active < most) {
            answers[next] = (FetchAnswer){ 0 };
            calls[next] = (Call){ .a = a, .request = &requests[next], .answer = &answers[next],
                                  .body = { .arena = a }, .headers = { .arena = a },
                                  .body_max = requests[next].answer_max ? requests[next].answer_max
                                  : FETCH_ANSWER_DEFAULT };
            active += begin(multi, &calls[next++]);
        }
        curl_multi_perform(multi, &running);
        int ended = collect(multi);
        active -= ended;
        if (active && !ended) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

FetchAnswer fetch(Arena *a, const FetchRequest *request) {
    FetchAnswer answer;
    fetch_all(a, request, &answer, 1, 1);
    return answer;
}

/* ---- helpers ---- */

const char *fetch_header(Arena *a, const FetchAnswer *answer, const char *name) {
    size_t n = strlen(name);
    for (const char *line = answer->headers; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncasecmp(line, name, n) || line[n] != ':') continue;
        const char *value = line + n + 1 + strspn(line + n + 1, " \t");
        size_t length = strcspn(value, "\r\n");
        while (length && (value[length - 1] == ' ' || value[length - 1] == '\t')) length--;
        return arena_copy_n(a, value, length);
    }
    return NULL;
}

char *fetch_escape(Arena *a, const char *s) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    Text t = { .arena = a };
    text_add(&t, "");
    for (; *s; s++) {
        char code[4];
        snprintf(code, sizeof code, "%%%02X", (unsigned char)*s);
        if (strchr(plain, *s)) text_add_n(&t, s, 1);
        else text_add(&t, code);
    }
    return t.s;
}

char *fetch_form(Arena *a, const FetchHeader *pairs) {
    Text t = { .arena = a };
    text_add(&t, "");
    for (; pairs->name; pairs++) {
        if (!pairs->value) continue;
        if (t.n) text_add(&t, "&");
        text_add(&t, fetch_escape(a, pairs->name));
        text_add(&t, "=");
        text_add(&t, fetch_escape(a, pairs->value));
    }
    return t.s;
}
