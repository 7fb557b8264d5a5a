/*
 * Verdicts on signatures for tests/hub/signatures.mjs: one JSON object a line in, one line out.
 * {"driver":...} is a callback and gives ok, missing, invalid or out_of_tolerance; {"return":...} is a browser's return
 * from Razorpay; {"make":...} gives a signature of ours, which the vendor's library then has to accept. Ends with its
 * input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/hub/signature_rules.h"
#include "lib/json.h"

static Arena mem;

static const char *const verdicts[] = { "ok", "missing", "invalid", "out_of_tolerance" };
static const char *const methods[] = { "sha256", "sha512", "sha1", "md5", "md5hash" };

static VonageMethod method_of(Json j) {
    const char *name = json_text(j, "method");
    for (int i = 0; name && i < 5; i++)
        if (!strcmp(name, methods[i])) return (VonageMethod)i;
    return VONAGE_SHA256;
}

static Bytes body_of(Json j) {
    const char *s = json_text(j, "body64");
    Bytes b = { 0 };
    if (s && !base64_read(&mem, s, strlen(s), &b)) abort();
    return b;
}

static int64_t int_of(Json j, const char *path) {
    int64_t n = 0;
    json_int(j, path, &n);
    return n;
}

static Params query_of(const char *s) {
    Params p = params_start(&mem);
    if (s && urlencoded_parse(&p, s, strlen(s)).status) abort();
    return p;
}

static const char *callback_verdict(Json j) {
    Params headers = params_start(&mem), query = query_of(json_text(j, "query"));
    JsonMember *m = json_members(&mem, json_at(j, "headers"));
    for (size_t i = 0; i < json_size(json_at(j, "headers")); i++) {
        const char *value = json_text(m[i].value, "");
        param_add(&headers, m[i].name, value, strlen(value));
    }
    SignatureKeys keys = { .current = json_text(j, "current"), .previous = json_text(j, "previous"),
                           .previous_until_s = int_of(j, "previous_until_s"),
                           .client_id = json_text(j, "client_id"), .api_key = json_text(j, "api_key"),
                           .vonage_method = method_of(j), .md5_allowed = true };
    const char *type = json_text(j, "content_type");
    Callback c = { .headers = &headers, .body = body_of(j), .content_type = type ? type : "",
                   .url = json_text(j, "url"), .path = json_text(j, "path"),
                   .query = &query, .now_s = int_of(j, "now_s") };
    return verdicts[signature_verify(&mem, json_text(j, "driver"), &c, &keys, NULL)];
}

static const char *return_verdict(Json j) {
    const char *signature = json_text(j, "signature"), *secret = json_text(j, "current"),
        *link = json_text(j, "return.link");
    RazorpayLink l = { link, json_text(j, "return.reference"), json_text(j, "return.status"),
                       json_text(j, "return.payment") };
    if (link) return verdicts[razorpay_link_verify(&mem, &l, signature, secret)];
    return verdicts[razorpay_return_verify(&mem, json_text(j, "return.order"), l.payment_id, signature, secret)];
}

static const char *made(Json j, const char *what) {
    const char *secret = json_text(j, "current"), *fields = json_text(j, "fields");
    Params p = query_of(fields);
    if (!strcmp(what, "timed")) return signature_timed(&mem, secret, int_of(j, "now_s"), body_of(j));
    if (!strcmp(what, "twilio")) return signature_twilio(&mem, secret, json_text(j, "url"), fields ? &p : NULL);
    if (!strcmp(what, "vonage_sms")) return signature_vonage_sms(&mem, secret, method_of(j), &p);
    if (!strcmp(what, "vonage"))
        return signature_vonage(&mem, secret, &(VonageCallback){ json_text(j, "api_key"), json_text(j, "jti"),
            int_of(j, "now_s"), body_of(j) });
    return "?";
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
        const char *problem;
        Json j = json_read(&mem, line, (size_t)n, JSON_SIZE_MAX, &problem);
        const char *make = json_text(j, "make");
        puts(problem ? problem : make ? made(j, make) : json_text(j, "driver") ? callback_verdict(j)
             : return_verdict(j));
        fflush(stdout);
        arena_reset(&mem);
    }
    free(line);
    arena_end(&mem);
    return 0;
}
