/*
 * Signatures of callbacks: every vector of assurance section 4 and of ONB03US01, and each of them spoiled in every way:
 * a bit of the body, of the header, of the secret, the time before and after the window, headers missing and doubled
 * (F12, F13).
 */
#include "app/hub/signature_rules.h"
#include "lib/date.h"
#include "tests/suite.h"

#include <stdlib.h>

static Arena mem;

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

static const char evt_1[] =
    "{\"id\":\"evt_1\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":\"pi_1\",\"amount\":125050,\"currency\":\"usd\"}}}";
static const char evt_test_1[] = "{\"id\":\"evt_test_1\",\"type\":\"payment_intent.succeeded\"}";
static const char doku_body[] =
    "{\"order\":{\"invoice_number\":\"SWA-1\",\"amount\":12345},\"transaction\":{\"status\":\"SUCCESS\"}}";

/* Headers as "name: value" lines. `timed` says that the scheme has a time window. */
typedef struct {
    const char *driver, *secret, *headers, *type, *body, *url, *path, *query;
    int64_t     now_s;
    bool        timed;
    VonageMethod method;
} Vector;

static const Vector vectors[] = {
    { "stripe", "whsec_test",
      "stripe-signature: t=1700000000,v1=30c4b553ce16bdcd57bdad91e1381fb91725da36efbf8df4dbfdd2fc9e662dff", JSON, evt_1,
      NULL, NULL, NULL, 1700000000, true, 0 },
    { "stripe", "whsec_test_secret",
      "stripe-signature: t=1764000000,v1=4d134583768fa865bf88d07dcbfd67c57dad6f0d812b75a9d815e069b153e2c9", JSON,
      evt_test_1, NULL, NULL, NULL, 1764000000, true, 0 },
    { "stripe", "whsec_test_secret",
      "stripe-signature: t=1764000000,v1=00,v0=11,v1=4d134583768fa865bf88d07dcbfd67c57dad6f0d812b75a9d815e069b153e2c9",
      JSON, evt_test_1, NULL, NULL, NULL, 1764000000, true, 0 },
    { "sandbox", "sbx_secret_demo",
      "smart360-signature: t=1764000000,v1=641ec3a5d52a977b7e19b1436e47f3a632e72ac18d3975985f225f3f19673ba4", JSON,
      "{\"id\":\"sbx_evt_1\",\"type\":\"payment.succeeded\",\"amount_minor\":12345}", NULL, NULL, NULL, 1764000000,
      true, 0 },
    { "razorpay", "rzp_secret",
      "x-razorpay-signature: 79e3c0e54c7e9d622e1bb27b22f4c87b243dcd8f563841772217694f760473b9", JSON, evt_1, NULL, NULL,
      NULL, 0, false, 0 },
    { "razorpay", "rzp_test_secret",
      "x-razorpay-signature: 1f7123743564331ed3a1792bc4f6d6b2970dbdc7f943f43eb01c544e91fcca9c", JSON,
      "{\"event\":\"payment.captured\",\"payload\":{\"payment\":{\"entity\":{\"id\":\"pay_1\",\"amount\":12345}}}}",
      NULL, NULL, NULL, 0, false, 0 },
    { "paystack", "sk_test_abc",
      "x-paystack-signature: "
      "5ba8479e38e908d41c0810ccbb3528615d0da05288766e0ae73600c32ee01089fab92e602009df43ddfa1d691e78df433262e882b6fc9b2c53821f571d18dc5e", JSON, evt_1, NULL, NULL, NULL, 0, false, 0 },
    { "paystack", "sk_test_secret",
      "x-paystack-signature: "
      "dea5416b6f758480da31aec502fd70c5f2d60418064105cd55c066f1aa3dbb68bc07c44e7e4e4ab8d79682670e109c5b0d502d44fa6796f60fa0b42bc7eeedbe", JSON, "{\"event\":\"charge.success\",\"data\":{\"reference\":\"SWA-1\",\"amount\":12345}}", NULL, NULL, NULL, 0, false, 0 },
    { "doku", "SK-test-secret", "client-id: MCH-TEST-1\nrequest-id: req-0001\nrequest-timestamp: "
                                "2026-11-21T10:00:00Z\nsignature: "
                                "HMACSHA256=IbUJNWKuHKRfViKvscPbnHpR+9mUQQrw9u0F4J5UhCA=", JSON, doku_body, NULL,
      "/hooks/doku/swa", NULL, 1795255200, true, 0 },
    { "twilio", "tok", "x-twilio-signature: x8cL28hq6NZm03zb9WlnBE8Q+MA=", FORM,
      "MessageSid=SM1&MessageStatus=delivered&To=%2B911234567890", "https://t1.example.com/hook/twilio?x=1", NULL, NULL,
      0, false, 0 },
    { "twilio", "tok", "x-twilio-signature: Es8Zk7yG4iMVPjpXxHDl0ERqcB0=", JSON, "{\"a\":1}",
      "https://t1.example.com/hook/twilio?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
      NULL, NULL, 0, false, 0 },
    { "twilio", "12345", "x-twilio-signature: 0/KCTR6DLpKmkAf8muzZqo1nDgQ=", FORM,
      "Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B12349013030&From=%2B12349013030",
      "https://mycompany.com/myapp.php?foo=1&bar=2", NULL, NULL, 0, false, 0 },
    { "twilio", "twilio_test_token", "x-twilio-signature: jwImVF7/S6CFWlQxvTTx7INnyQw=", FORM,
      "MessageSid=SM0001&MessageStatus=delivered&To=%2B15035550100", "https://swa.example/hooks/twilio/twilio1", NULL,
      NULL, 0, false, 0 },
    { "vonage_sms", "vonage_test_secret", "", "", "", NULL, NULL,
      "messageId=0A0000&msisdn=15035550100&status=delivered&timestamp=1764000000&sig=e5ad211a1a299cd47d8b665ae6ae220f",
      1764000000, true, VONAGE_MD5_HASH },
    { "vonage_sms", "vonage_test_secret", "", FORM,
      "messageId=0A0000&sig=71B6232E61330664B9A694F6E5FF5BAA643E89058580800AB8CEDBECD3CB89CF&msisdn=15035550100&status=delivered&timestamp=1764000000", NULL, NULL, NULL, 1764000000, true, VONAGE_SHA256 },
    /* the same fields with a value that has & and =, made by openssl from "&a=x_y_z&timestamp=1764000000" */
    { "vonage_sms", "s", "", "", "", NULL, NULL,
      "a=x%26y%3Dz&timestamp=1764000000&sig=7e7d2ad0ff7fb28ee91179ba74fc61ef1fa04f6b", 1764000000, true, VONAGE_SHA1 },
    { "vonage_sms", "s", "", "", "", NULL, NULL,
      "a=x%26y%3Dz&timestamp=1764000000&sig=3160c0849c9e80f80649d3654cd6a90bedd16498cd11d804e0afdac7b90f358c30ef484bb02efc23da2b3cb56b0cdbbacd453746047fed4211a0f72db5d4ae6e", 1764000000, true, VONAGE_SHA512 },
    { "vonage_sms", "s", "", "", "", NULL, NULL,
      "a=x%26y%3Dz&timestamp=1764000000&sig=22643135780195d9ed53ec61d35a9c6b", 1764000000, true, VONAGE_MD5 },
};

static Params headers_of(const char *lines) {
    Params p = params_start(&mem);
    for (const char *s = lines; *s;) {
        size_t n = strcspn(s, "\n"), name = strcspn(s, ":");
        if (name + 2 <= n) param_add(&p, text_copy_n(&mem, s, name), text_copy_n(&mem, s + name + 2, n - name - 2),
                                     n - name - 2);
        s += n + (s[n] == '\n');
    }
    return p;
}

static Verdict verdict(const Vector *v, const SignatureKeys *keys) {
    Params headers = headers_of(v->headers), query = params_start(&mem);
    if (v->query) urlencoded_parse(&query, v->query, strlen(v->query));
    Callback c = { .headers = &headers, .body = bytes_of(v->body), .content_type = v->type, .url = v->url,
                   .path = v->path,
                   .query = &query, .now_s = v->now_s };
    Verdict is = signature_verify(&mem, v->driver, &c, keys, NULL);
    arena_reset(&mem);
    return is;
}

static SignatureKeys keys_of(const Vector *v) {
    return (SignatureKeys){ .current = v->secret, .client_id = "MCH-TEST-1", .api_key = "a1b2c3d4",
                            .vonage_method = v->method, .md5_allowed = true };
}

static void accepts(void) {
    for (size_t i = 0; i < COUNT(vectors); i++) {
        SignatureKeys k = keys_of(&vectors[i]);
        SAME_INT(verdict(&vectors[i], &k), SIGNATURE_OK);
    }
}

/* Other schemes of Stripe's header and a v1 that does not match
 * beside one that does; the blank behind a header's colon. */
static bool is_ignored(const char *headers, size_t at) {
    static const char others[] = ",v1=00,v0=11";
    const char *from = strstr(headers, others);
    return (from && at >= (size_t)(from - headers) && at < (size_t)(from - headers) + strlen(others))
        || headers[at] == ' ';
}

/* Every single changed character of body, query, address and path, and every one of the headers. */
static void refuses_changes(void) {
    for (size_t i = 0; i < COUNT(vectors); i++) {
        Vector v = vectors[i];
        SignatureKeys k = keys_of(&v);
        const char **parts[] = { &v.body, &v.query, &v.url, &v.path, &v.headers, &v.secret };
        for (size_t p = 0; p < COUNT(parts); p++) {
            const char *was = *parts[p];
            for (size_t at = 0; was && was[at]; at++) {
                char *copy = strdup(was);
                copy[at] = copy[at] == 'a' ? 'b' : 'a';
                *parts[p] = copy;
                k.current = v.secret;
                Verdict is = verdict(&v, &k);
                /* Vonage's hex is compared without case */
                bool may_change = (p == 4 && is_ignored(was, at)) || was[at] == 'A';
                if (!may_change && is != SIGNATURE_INVALID && is != SIGNATURE_MISSING) {
                    fprintf(stderr, "\nvector %zu, part %zu, place %zu: %d\n", i, p, at, is);
                    CU_FAIL("a change was accepted");
                }
                *parts[p] = was;
                free(copy);
            }
        }
    }
}

static void keeps_the_window(void) {
    for (size_t i = 0; i < COUNT(vectors); i++) {
        static const struct { int off; bool near_enough; } cases[] = {
            { 300, true }, { 301, false }, { -300, true }, { -301, false }, { 86400, false }, { -86400, false },
        };
        for (size_t j = 0; j < COUNT(cases); j++) {
            Vector v = vectors[i];
            SignatureKeys k = keys_of(&v);
            v.now_s += cases[j].off;
            SAME_INT(verdict(&v, &k), cases[j].near_enough || !v.timed ? SIGNATURE_OK : SIGNATURE_OUT_OF_TOLERANCE);
            k.current = "another secret";
            SAME_INT(verdict(&v, &k), SIGNATURE_INVALID);   /* a wrong signature is wrong, however old */
        }
    }
}

static void rotates_secrets(void) {
    for (size_t i = 0; i < COUNT(vectors); i++) {
        Vector v = vectors[i];
        SignatureKeys k = keys_of(&v);
        k.current = "the new secret";
        k.previous = v.secret;
        k.previous_until_s = v.now_s + 1;
        SAME_INT(verdict(&v, &k), SIGNATURE_OK);
        k.previous_until_s = v.now_s;
        SAME_INT(verdict(&v, &k), SIGNATURE_INVALID);
        k = (SignatureKeys){ .client_id = "MCH-TEST-1", .vonage_method = v.method, .md5_allowed = true };
        SAME_INT(verdict(&v, &k), SIGNATURE_INVALID);       /* no secret at all */
        k.current = "";
        SAME_INT(verdict(&v, &k), SIGNATURE_INVALID);
    }
}

static void wants_one_header(void) {
    for (size_t i = 0; i < COUNT(vectors); i++) {
        Vector v = vectors[i];
        SignatureKeys k = keys_of(&v);
        if (!*v.headers) continue;
        char doubled[1024];
        snprintf(doubled, sizeof doubled, "%s\n%s", v.headers, v.headers);
        v.headers = doubled;
        SAME_INT(verdict(&v, &k), SIGNATURE_INVALID);
        v.headers = "";
        SAME_INT(verdict(&v, &k), SIGNATURE_MISSING);
    }
}

static void refuses_more(void) {
    static const struct { const char *driver, *headers, *type, *body, *url, *query; Verdict is; } cases[] = {
        { "stripe", "stripe-signature: v1=00", JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe", "stripe-signature: t=1700000000", JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe",
          "stripe-signature: t=1700000000,v0=30c4b553ce16bdcd57bdad91e1381fb91725da36efbf8df4dbfdd2fc9e662dff", JSON,
          evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe",
          "stripe-signature: t=1,t=1700000000,v1=30c4b553ce16bdcd57bdad91e1381fb91725da36efbf8df4dbfdd2fc9e662dff",
          JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe", "stripe-signature: t=-1,v1=00", JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe", "stripe-signature: t=99999999999999999999,v1=00", JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe", "stripe-signature: ,", JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe",
          "stripe-signature: t=1700000000,v1=30C4B553CE16BDCD57BDAD91E1381FB91725DA36EFBF8DF4DBFDD2FC9E662DFF", JSON,
          evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe",
          "stripe-signature: "
          "t=1700000000,v1=1,v1=2,v1=3,v1=4,v1=5,v1=6,v1=7,v1=8,v1=30c4b553ce16bdcd57bdad91e1381fb91725da36efbf8df4dbfdd2fc9e662dff", JSON, evt_1, NULL, NULL, SIGNATURE_INVALID },
        { "stripe",
          "smart360-signature: t=1700000000,v1=30c4b553ce16bdcd57bdad91e1381fb91725da36efbf8df4dbfdd2fc9e662dff", JSON,
          evt_1, NULL, NULL, SIGNATURE_MISSING },
        { "twilio", "x-twilio-signature: Es8Zk7yG4iMVPjpXxHDl0ERqcB0=", FORM, "{\"a\":1}",
          "https://t1.example.com/hook/twilio?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862", NULL, SIGNATURE_INVALID },
        { "twilio", "x-twilio-signature: Es8Zk7yG4iMVPjpXxHDl0ERqcB0=", JSON, "{\"a\":1}",
          "https://t1.example.com/hook/twilio", NULL, SIGNATURE_INVALID },
        { "twilio", "x-twilio-signature: Es8Zk7yG4iMVPjpXxHDl0ERqcB0=", JSON, "{\"a\":1}", NULL, NULL,
          SIGNATURE_INVALID },
        { "twilio", "x-twilio-signature: x", FORM, "a=%00", "https://t1.example.com/", NULL, SIGNATURE_INVALID },
        { "vonage", "authorization: Basic YTpi", JSON, "{}", NULL, NULL, SIGNATURE_INVALID },
        { "vonage", "authorization: Bearer ", JSON, "{}", NULL, NULL, SIGNATURE_INVALID },
        { "vonage", "authorization: Bearer a.b", JSON, "{}", NULL, NULL, SIGNATURE_INVALID },
        { "vonage", "authorization: Bearer ..", JSON, "{}", NULL, NULL, SIGNATURE_INVALID },
        { "vonage_sms", "", "", "", NULL, "a=1&timestamp=1700000000", SIGNATURE_MISSING },
        { "vonage_sms", "", "", "", NULL, "a=1&timestamp=1700000000&sig=", SIGNATURE_MISSING },
        { "vonage_sms", "", "", "", NULL, "a=1&a=1&timestamp=1700000000&sig=00", SIGNATURE_INVALID },
        { "vonage_sms", "", JSON, "{}", NULL, "timestamp=1700000000&sig=00", SIGNATURE_INVALID },
        { "nobody", "", JSON, "{}", NULL, NULL, SIGNATURE_INVALID },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Vector v = { cases[i].driver, "whsec_test", cases[i].headers, cases[i].type, cases[i].body, cases[i].url, NULL,
                     cases[i].query, 1700000000, true, 0 };
        SignatureKeys k = keys_of(&v);
        if (!strcmp(v.driver, "twilio")) k.current = "tok";
        SAME_INT(verdict(&v, &k), cases[i].is);
    }
    Vector md5 = vectors[13];                               /* MD5 only where a tenant turned it on */
    SignatureKeys k = keys_of(&md5);
    k.md5_allowed = false;
    SAME_INT(verdict(&md5, &k), SIGNATURE_INVALID);
    Vector doku = vectors[8];
    k = keys_of(&doku);
    k.client_id = "MCH-TEST-2";
    SAME_INT(verdict(&doku, &k), SIGNATURE_INVALID);
}

/* Twilio leaves a standard port out of what it signs, or not. */
static void tries_both_ports(void) {
    static const struct { const char *is_signed, *configured; bool same; } cases[] = {
        { "https://a.test/x", "https://a.test:443/x", true }, { "https://a.test:443/x", "https://a.test/x", true },
        { "http://a.test/x?y=:1", "http://a.test:80/x?y=:1", true },
        { "https://a.test:8443/x", "https://a.test:8443/x", true },
        { "https://a.test/x", "https://a.test:8443/x", false }, { "https://a.test/x", "http://a.test/x", false },
        { "https://a.test:80/x", "https://a.test/x", false }, { "https://[::1]/x", "https://[::1]:443/x", true },
        { "https://[::1]:443/x", "https://[::1]/x", true }, { "https://a.test", "https://a.test:443", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Params none = params_start(&mem);
        const char *headers =
            strdup(text(&mem, "x-twilio-signature: %s", signature_twilio(&mem, "tok", cases[i].is_signed, &none)));
        Vector v = { "twilio", "tok", headers, FORM, "", cases[i].configured, NULL, NULL, 0, false, 0 };
        SignatureKeys k = keys_of(&v);
        SAME_INT(verdict(&v, &k), cases[i].same ? SIGNATURE_OK : SIGNATURE_INVALID);
        free((char *)headers);
    }
}

static const char vonage_body[] =
    "{\"message_uuid\":\"m-1\",\"status\":\"delivered\",\"timestamp\":\"2026-11-21T10:00:00Z\"}";

/* A token of any head and claims, signed rightly. */
static char *token_of(const char *head, const char *claims) {
    char *message = text(&mem, "%s.%s", base64url_text(&mem, bytes_of(head)), base64url_text(&mem, bytes_of(claims)));
    uint8_t mac[DIGEST_MAX];
    return text(&mem, "%s.%s", message,
                base64url_text(&mem, bytes_at(mac, hmac(SHA256, bytes_of("vonage_secret"), bytes_of(message), mac))));
}

static Verdict token_verdict(const char *token, int64_t now_s, const char **once) {
    Params headers = params_start(&mem);
    const char *value = text(&mem, "Bearer %s", token);
    param_add(&headers, "authorization", value, strlen(value));
    Callback c = { .headers = &headers, .body = bytes_of(vonage_body), .content_type = JSON, .now_s = now_s };
    SignatureKeys k = { .current = "vonage_secret", .api_key = "a1b2c3d4" };
    return signature_verify(&mem, "vonage", &c, &k, once);
}

static void reads_vonage_tokens(void) {
    uint8_t out[DIGEST_MAX];
    SAME_TEXT(hex_text(&mem, bytes_at(out, digest(SHA256, bytes_of(vonage_body), out))),
              "85dee7589e82d05981886d7e5e11e5725f7eac69d9d33d11b69533462a7ff7c1");
    const char *once = NULL;
    char *good = signature_vonage(&mem, "vonage_secret", &(VonageCallback){ "a1b2c3d4", "jti-1", 1764000000,
        bytes_of(vonage_body) });
    SAME_INT(token_verdict(good, 1764000000, &once), SIGNATURE_OK);
    SAME_TEXT(once, "jti-1");
    SAME_INT(token_verdict(good, 1764000300, &once), SIGNATURE_OK);
    SAME_INT(token_verdict(good, 1764000301, &once), SIGNATURE_OUT_OF_TOLERANCE);
    SAME_TEXT(once, NULL);
    SAME_INT(token_verdict(good, 1763999699, &once), SIGNATURE_OUT_OF_TOLERANCE);
    for (char *s = good; *s; s++) {
        char was = *s;
        *s = was == 'A' ? 'B' : 'A';
        SAME_INT(token_verdict(good, 1764000000, NULL), SIGNATURE_INVALID);
        *s = was;
    }
    SAME_INT(token_verdict(text(&mem, "%s=", good), 1764000000, NULL), SIGNATURE_INVALID);
    SAME_INT(token_verdict(text(&mem, "%s.x", good), 1764000000, NULL), SIGNATURE_INVALID);
#define HASH "\"payload_hash\":\"85dee7589e82d05981886d7e5e11e5725f7eac69d9d33d11b69533462a7ff7c1\""
#define REST "\"iss\":\"Vonage\",\"api_key\":\"a1b2c3d4\",\"jti\":\"j\",\"iat\":1764000000,"
    static const struct { const char *head, *claims; Verdict is; } cases[] = {
        { "{\"alg\":\"HS256\"}", "{" REST HASH "}", SIGNATURE_OK },
        { "{\"alg\":\"none\"}", "{" REST HASH "}", SIGNATURE_INVALID },
        { "{\"alg\":\"RS256\"}", "{" REST HASH "}", SIGNATURE_INVALID },
        { "{\"alg\":\"hs256\"}", "{" REST HASH "}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS512\"}", "{" REST HASH "}", SIGNATURE_INVALID }, { "{}", "{" REST HASH "}", SIGNATURE_INVALID },
        { "[]", "{" REST HASH "}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\",\"crit\":[\"x\"]}", "{" REST HASH "}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "{" REST HASH "}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}", "{" REST
          "\"payload_hash\":\"85DEE7589E82D05981886D7E5E11E5725F7EAC69D9D33D11B69533462A7FF7C1\"}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}", "{" REST "\"x\":1}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}", "{\"iss\":\"Vonage\",\"api_key\":\"other\",\"jti\":\"j\",\"iat\":1764000000," HASH "}",
          SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}", "{\"iss\":\"Other\",\"api_key\":\"a1b2c3d4\",\"jti\":\"j\",\"iat\":1764000000," HASH
          "}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}", "{\"iss\":\"Vonage\",\"api_key\":\"a1b2c3d4\",\"iat\":1764000000," HASH "}",
          SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}", "{\"iss\":\"Vonage\",\"api_key\":\"a1b2c3d4\",\"jti\":\"\",\"iat\":1764000000," HASH
          "}", SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}",
          "{\"iss\":\"Vonage\",\"api_key\":\"a1b2c3d4\",\"jti\":\"j\",\"iat\":\"1764000000\"," HASH "}",
          SIGNATURE_INVALID },
        { "{\"alg\":\"HS256\"}",
          "{\"iss\":\"Vonage\",\"api_key\":\"a1b2c3d4\",\"jti\":\"j\",\"iat\":9223372036854775807," HASH "}",
          SIGNATURE_OUT_OF_TOLERANCE },
        { "{\"alg\":\"HS256\"}",
          "{\"iss\":\"Vonage\",\"api_key\":\"a1b2c3d4\",\"jti\":\"j\",\"iat\":-9223372036854775808," HASH "}",
          SIGNATURE_OUT_OF_TOLERANCE },
        { "{\"alg\":\"HS256\"}", "x", SIGNATURE_INVALID },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        SAME_INT(token_verdict(token_of(cases[i].head, cases[i].claims), 1764000000, NULL), cases[i].is);
    char *head = text_copy(&mem, "{\"alg\":\"none\"}"),
        *unsigned_token = text(&mem, "%s.%s.", base64url_text(&mem, bytes_of(head)),
                               base64url_text(&mem, bytes_of("{" REST HASH "}")));
    SAME_INT(token_verdict(unsigned_token, 1764000000, NULL), SIGNATURE_INVALID);
    arena_reset(&mem);
}

static void checks_returns(void) {
    static const struct { const char *order, *payment, *signature, *secret; Verdict is; } cases[] = {
        { "order_1", "pay_1", "dd0f51ec9e75790ad1f7cc8e1a83d12f0a58a9641601a3cffa5c695972543c82", "key_secret",
          SIGNATURE_OK },
        { "order_ABC", "pay_XYZ", "cc9d5626d550441fba362fd45e1bd12c500bf0e3449d0bd69ded9e8522216087", "rzp_key_secret",
          SIGNATURE_OK },
        { "order_1", "pay_2", "dd0f51ec9e75790ad1f7cc8e1a83d12f0a58a9641601a3cffa5c695972543c82", "key_secret",
          SIGNATURE_INVALID },
        { "order_1", "pay_1", "dd0f51ec9e75790ad1f7cc8e1a83d12f0a58a9641601a3cffa5c695972543c82", "other",
          SIGNATURE_INVALID },
        { "order_1", "pay_1", "dd0f51ec9e75790ad1f7cc8e1a83d12f0a58a9641601a3cffa5c695972543c82", "",
          SIGNATURE_INVALID },
        { "order_1", "pay_1", "", "key_secret", SIGNATURE_MISSING },
        { "order_1", "pay_1", NULL, "key_secret", SIGNATURE_MISSING },
        { NULL, "pay_1", "00", "key_secret", SIGNATURE_INVALID },
            { "order_1", NULL, "00", "key_secret", SIGNATURE_INVALID },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        SAME_INT(razorpay_return_verify(&mem, cases[i].order, cases[i].payment, cases[i].signature, cases[i].secret),
                 cases[i].is);
    uint8_t mac[DIGEST_MAX];
    const char *signature = hex_text(&mem,
                                     bytes_at(mac, hmac(SHA256, bytes_of("key_secret"),
        bytes_of("plink_1|ref_1|paid|pay_1"), mac)));
    SAME_INT(razorpay_link_verify(&mem, &(RazorpayLink){ "plink_1", "ref_1", "paid", "pay_1" }, signature,
                                  "key_secret"), SIGNATURE_OK);
    SAME_INT(razorpay_link_verify(&mem, &(RazorpayLink){ "plink_1", "ref_1", "failed", "pay_1" }, signature,
                                  "key_secret"), SIGNATURE_INVALID);
    SAME_INT(razorpay_link_verify(&mem, &(RazorpayLink){ "plink_1", NULL, "paid", "pay_1" }, signature, "key_secret"),
             SIGNATURE_INVALID);
    arena_reset(&mem);
}

static void makes(void) {
    SAME_TEXT(signature_timed(&mem, "whsec_test", 1700000000, bytes_of(evt_1)),
              "t=1700000000,v1=30c4b553ce16bdcd57bdad91e1381fb91725da36efbf8df4dbfdd2fc9e662dff");
    DokuRequest r = { "MCH-TEST-1", "req-0001", "2026-11-21T10:00:00Z", "/hooks/doku/swa", bytes_of(doku_body), true };
    SAME_TEXT(signature_doku(&mem, "SK-test-secret", &r), "HMACSHA256=IbUJNWKuHKRfViKvscPbnHpR+9mUQQrw9u0F4J5UhCA=");
    r = (DokuRequest){ "MCH-TEST-1", "req-0001", "2026-11-21T10:00:00Z", "/orders/v1/status/SWA-1", { 0 }, false };
    SAME_TEXT(signature_doku(&mem, "SK-test-secret", &r), "HMACSHA256=mYpwyqqwsAI/LTWUwJA8tq7XDNv7M7KEnilEPrJpyxk=");
    /* a value sent twice counts once; values of one name in their order */
    Params p = params_start(&mem);
    urlencoded_parse(&p, "b=2&a=2&a=1&a=2", 15);
    Params once = params_start(&mem);
    urlencoded_parse(&once, "a=1&a=2&b=2", 11);
    SAME_TEXT(signature_twilio(&mem, "tok", "https://a.test/", &p), signature_twilio(&mem, "tok", "https://a.test/",
        &once));
    Address address;
    CU_ASSERT_TRUE(address_parse("52.49.173.169", &address) && paystack_address_is_known(&address));
    CU_ASSERT_TRUE(address_parse("52.49.173.168", &address) && !paystack_address_is_known(&address));
    arena_reset(&mem);
}

int main(void) {
    int status = suite_run("signatures", (SuiteTest[]){
        { "accepts every vector", accepts }, { "refuses any change", refuses_changes },
        { "keeps the window", keeps_the_window }, { "rotates secrets", rotates_secrets },
        { "wants one header", wants_one_header }, { "refuses more", refuses_more },
        { "tries both ports", tries_both_ports }, { "reads Vonage's tokens", reads_vonage_tokens },
        { "checks returns", checks_returns }, { "makes signatures", makes }, {0} });
    arena_end(&mem);
    return status;
}
