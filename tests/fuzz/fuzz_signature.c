/*
 * Signature headers. The first byte chooses the driver; then header lines to an empty line, then the body. Whatever
 * comes without the secret is never accepted, nor called late, which would mean that it was right; what is signed with
 * the secret is accepted, and no longer when a bit of its body is changed.
 */
#include "app/hub/signature_rules.h"
#include "tests/fuzz/fuzz.h"

static const char secret[] = "a secret nobody knows", url[] = "https://a.test/hooks/x?y=1";
static const int64_t now_s = 1764000000;

static const SignatureKeys keys = { .current = secret, .previous = "an older one", .previous_until_s = 1764000001,
                                    .client_id = "client", .api_key = "key", .md5_allowed = true };

static const char *headers_read(const char *s, Params *headers) {
    while (*s && *s != '\n') {
        size_t n = strcspn(s, "\n"), name = strcspn(s, ":\n");
        if (name < n) param_add(headers, text_copy_n(&mem, s, name), text_copy_n(&mem, s + name + 1, n - name - 1),
                                n - name - 1);
        s += n + (s[n] == '\n');
    }
    return *s ? s + 1 : s;
}

static Verdict verdict(const char *driver, const Params *headers, Bytes body, const char *type) {
    Callback c = { .headers = headers, .body = body, .content_type = type, .url = url, .path = "/hooks/x",
                   .query = NULL, .now_s = now_s };
    return signature_verify(&mem, driver, &c, &keys, NULL);
}

static void signs(Bytes body) {
    uint8_t mac[DIGEST_MAX];
    DokuRequest doku = { "client", "1", "2025-11-24T16:00:00Z", "/hooks/x", body, true };
    VonageCallback vonage = { "key", "jti", now_s, body };
    const char *const headers[][2] = {
        { "stripe", text(&mem, "stripe-signature:%s", signature_timed(&mem, secret, now_s, body)) },
        { "sandbox", text(&mem, "smart360-signature:%s", signature_timed(&mem, secret, now_s, body)) },
        { "paystack",
          text(&mem, "x-paystack-signature:%s",
               hex_text(&mem, bytes_at(mac, hmac(SHA512, bytes_of(secret), body, mac)))) },
        { "doku", text(&mem, "client-id:client\nrequest-id:1\nrequest-timestamp:2025-11-24T16:00:00Z\nsignature:%s",
                       signature_doku(&mem, secret, &doku)) },
        { "vonage", text(&mem, "authorization:Bearer %s", signature_vonage(&mem, secret, &vonage)) },
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        Params p = params_start(&mem);
        headers_read(headers[i][1], &p);
        MUST(verdict(headers[i][0], &p, body, "application/json") == SIGNATURE_OK);
        if (!body.n) continue;
        char *changed = text_copy_n(&mem, body.p, body.n);
        changed[body.n / 2] ^= 4;
        MUST(verdict(headers[i][0], &p, bytes_at(changed, body.n), "application/json") == SIGNATURE_INVALID);
    }
    Params fields = params_start(&mem);
    if (urlencoded_parse(&fields, body.p, body.n).status) return;
    Params p = params_start(&mem);
    headers_read(text(&mem, "x-twilio-signature:%s", signature_twilio(&mem, secret, url, &fields)), &p);
    MUST(verdict("twilio", &p, body, "application/x-www-form-urlencoded") == SIGNATURE_OK);
}

FUZZ(bytes, n) {
    static const char *const drivers[] = { "stripe", "razorpay", "paystack", "doku", "sandbox", "twilio", "vonage",
                                           "vonage_sms" };
    static const char *const types[] = { "application/x-www-form-urlencoded", "application/json" };
    if (!n) return;
    char *exact = arena_copy_n(&mem, (const char *)bytes + 1, n - 1);
    Params headers = params_start(&mem);
    const char *body = headers_read(exact, &headers);
    Bytes rest = bytes_at(body, n - 1 - (size_t)(body - exact));
    Verdict v = verdict(drivers[bytes[0] & 7], &headers, rest, types[bytes[0] >> 3 & 1]);
    MUST(v == SIGNATURE_MISSING || v == SIGNATURE_INVALID);
    signs(rest);
}
