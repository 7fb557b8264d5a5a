/*
 * Signatures: see signature_rules.h. Each check builds the message the provider signed, takes the digest with every
 * secret that is valid now, and compares. Nothing is stripped from a body and nothing is taken from a Host header.
 */
#include "app/hub/signature_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/date.h"
#include "lib/json.h"

/* ---- Common ---- */

/* The secrets that are valid at this time, the current one first; returns how many. */
static int valid_secrets(const SignatureKeys *k, int64_t now_s, const char *secrets[2]) {
    int n = 0;
    if (k->current && *k->current) secrets[n++] = k->current;
    if (k->previous && *k->previous && now_s < k->previous_until_s) secrets[n++] = k->previous;
    return n;
}

static bool is_near(int64_t at_s, int64_t now_s) {
    return at_s >= now_s - SIGNATURE_TOLERANCE_S && at_s <= now_s + SIGNATURE_TOLERANCE_S;
}

static char *hmac_hex(Arena *a, Digest d, const char *secret, Bytes message) {
    uint8_t mac[DIGEST_MAX];
    return hex_text(a, bytes_at(mac, hmac(d, bytes_of(secret), message, mac)));
}

static char *hmac_base64(Arena *a, Digest d, const char *secret, Bytes message) {
    uint8_t mac[DIGEST_MAX];
    return base64_text(a, bytes_at(mac, hmac(d, bytes_of(secret), message, mac)));
}

static char *digest_hex(Arena *a, Digest d, Bytes message) {
    uint8_t out[DIGEST_MAX];
    return hex_text(a, bytes_at(out, digest(d, message, out)));
}

static bool is_same(const char *a, const char *b) {
    return same_secret(bytes_of(a), bytes_of(b));
}

/* The one header of this name; *verdict says why there is none.
 * A header sent twice is refused: who knows which one counts. */
static const char *only_header(const Callback *c, const char *name, Verdict *verdict) {
    size_t n = param_count(c->headers, name);
    const char *value = n == 1 ? param_find(c->headers, name) : NULL;
    *verdict = n > 1 ? SIGNATURE_INVALID : !value || !*value ? SIGNATURE_MISSING : SIGNATURE_OK;
    return value;
}

/* Unix seconds: 1 to 12 digits and nothing else. */
static bool seconds_parse(const char *s, size_t n, int64_t *to) {
    if (!n || n > 12) return false;
    int64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return false;
        value = value * 10 + (s[i] - '0');
    }
    *to = value;
    return true;
}

/* ---- Stripe and sandbox: t=<unix>,v1=<hex>[,v1=<hex>][,others] over `<t>.<body>` ---- */

static char *timed_mac(Arena *a, const char *secret, const char *t, Bytes body) {
    Text message = text_start(a);
    text_add(&message, t);
    text_add(&message, ".");
    text_add_n(&message, body.p, body.n);
    return hmac_hex(a, SHA256, secret, bytes_at(message.s, message.n));
}

char *signature_timed(Arena *a, const char *secret, int64_t at_s, Bytes body) {
    const char *t = text(a, "%lld", (long long)at_s);
    return text(a, "t=%s,v1=%s", t, timed_mac(a, secret, t, body));
}

enum { TIMED_MAX = 8 };
typedef struct { const char *t; int64_t at_s; const char *v1[TIMED_MAX]; size_t n; } Timed;

/* More than TIMED_MAX signatures, a second t, or an element without "=" spoil the header. */
static bool timed_parse(Arena *a, const char *header, Timed *out) {
    *out = (Timed){ 0 };
    for (const char *s = header;;) {
        size_t n = strcspn(s, ",");
        const char *sign = memchr(s, '=', n);
        if (!sign) return false;
        char *value = text_copy_n(a, sign + 1, n - (size_t)(sign + 1 - s));
        if (sign - s == 1 && *s == 't') {
            if (out->t || !seconds_parse(value, strlen(value), &out->at_s)) return false;
            out->t = value;
        } else if (sign - s == 2 && !memcmp(s, "v1", 2)) {
            if (out->n == TIMED_MAX) return false;
            out->v1[out->n++] = value;
        }
        if (!s[n]) return out->t && out->n;
        s += n + 1;
    }
}

static Verdict timed_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char *header_name) {
    Verdict v;
    const char *header = only_header(c, header_name, &v), *secrets[2];
    if (v != SIGNATURE_OK) return v;
    Timed timed;
    if (!timed_parse(a, header, &timed)) return SIGNATURE_INVALID;
    bool right = false;
    for (int i = valid_secrets(k, c->now_s, secrets); i--;) {
        const char *mac = timed_mac(a, secrets[i], timed.t, c->body);
        for (size_t j = 0; j < timed.n; j++) right |= is_same(mac, timed.v1[j]);
    }
    return !right ? SIGNATURE_INVALID : is_near(timed.at_s, c->now_s) ? SIGNATURE_OK : SIGNATURE_OUT_OF_TOLERANCE;
}

static Verdict stripe_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    return timed_verify(a, c, k, "stripe-signature");
}

static Verdict sandbox_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    return timed_verify(a, c, k, "smart360-signature");
}

/* ---- Razorpay and Paystack: hex over the body ---- */

static Verdict body_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char *header_name, Digest d) {
    Verdict v;
    const char *header = only_header(c, header_name, &v), *secrets[2];
    if (v != SIGNATURE_OK) return v;
    bool right = false;
    for (int i = valid_secrets(k, c->now_s, secrets); i--;)
        right |= is_same(hmac_hex(a, d, secrets[i], c->body), header);
    return right ? SIGNATURE_OK : SIGNATURE_INVALID;
}

static Verdict razorpay_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    return body_verify(a, c, k, "x-razorpay-signature", SHA256);
}

static Verdict paystack_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    return body_verify(a, c, k, "x-paystack-signature", SHA512);
}

bool paystack_address_is_known(const Address *address) {
    static const char *const known[] = { "52.31.139.75", "52.49.173.169", "52.214.14.220" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        Network one;
        if (network_parse(known[i], &one) && network_has(&one, address)) return true;
    }
    return false;
}

static Verdict joined_verify(Arena *a, const char *message, const char *signature, const char *secret) {
    if (!signature || !*signature) return SIGNATURE_MISSING;
    if (!secret || !*secret || !message) return SIGNATURE_INVALID;
    return is_same(hmac_hex(a, SHA256, secret, bytes_of(message)), signature) ? SIGNATURE_OK : SIGNATURE_INVALID;
}

Verdict razorpay_return_verify(Arena *a, const char *order_id, const char *payment_id, const char *signature,
                               const char *key_secret) {
    const char *message = order_id && payment_id ? text(a, "%s|%s", order_id, payment_id) : NULL;
    return joined_verify(a, message, signature, key_secret);
}

Verdict razorpay_link_verify(Arena *a, const RazorpayLink *l, const char *signature, const char *key_secret) {
    bool whole = l->link_id && l->reference_id && l->status && l->payment_id;
    const char *message = whole ? text(a, "%s|%s|%s|%s", l->link_id, l->reference_id, l->status, l->payment_id) : NULL;
    return joined_verify(a, message, signature, key_secret);
}

/* ---- DOKU ---- */

char *signature_doku(Arena *a, const char *secret, const DokuRequest *r) {
    Text m = text_start(a);
    text_addf(&m, "Client-Id:%s\nRequest-Id:%s\nRequest-Timestamp:%s\nRequest-Target:%s", r->client_id, r->request_id,
              r->timestamp, r->path);
    if (r->has_body) {
        uint8_t out[DIGEST_MAX];
        text_addf(&m, "\nDigest:%s", base64_text(a, bytes_at(out, digest(SHA256, r->body, out))));
    }
    return text(a, "HMACSHA256=%s", hmac_base64(a, SHA256, secret, bytes_at(m.s, m.n)));
}

static Verdict doku_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    Verdict v;
    const char *header = only_header(c, "signature", &v), *secrets[2];
    if (v != SIGNATURE_OK) return v;
    DokuRequest r = { .path = c->path, .body = c->body, .has_body = true };
    Verdict parts[3];
    r.client_id = only_header(c, "client-id", &parts[0]);
    r.request_id = only_header(c, "request-id", &parts[1]);
    r.timestamp = only_header(c, "request-timestamp", &parts[2]);
    for (int i = 0; i < 3; i++)
        if (parts[i] != SIGNATURE_OK) return SIGNATURE_INVALID;
    if (!k->client_id || !is_same(r.client_id, k->client_id)) return SIGNATURE_INVALID;
    bool right = false;
    for (int i = valid_secrets(k, c->now_s, secrets); i--;) right |= is_same(signature_doku(a, secrets[i], &r), header);
    Time at;
    if (!right || !time_parse_iso(r.timestamp, &at)) return SIGNATURE_INVALID;
    return is_near(time_unix(at), c->now_s) ? SIGNATURE_OK : SIGNATURE_OUT_OF_TOLERANCE;
}

/* ---- Twilio ---- */

static int field_order(const void *x, const void *y) {
    const Param *a = x, *b = y;
    int by_name = strcmp(a->name, b->name);
    return by_name ? by_name : strcmp(a->value, b->value);
}

static Param *sorted(Arena *a, const Params *p) {
    Param *copy = take_n(a, Param, p->n);
    if (p->n) memcpy(copy, p->v, p->n * sizeof *copy);
    qsort(copy, p->n, sizeof *copy, field_order);
    return copy;
}

/* A field sent twice with the same value counts once, as in the provider's own library. */
char *signature_twilio(Arena *a, const char *token, const char *url, const Params *fields) {
    Text m = text_start(a);
    text_add(&m, url);
    Param *p = fields ? sorted(a, fields) : NULL;
    for (size_t i = 0; fields && i < fields->n; i++) {
        if (i && !field_order(&p[i - 1], &p[i])) continue;
        text_add(&m, p[i].name);
        text_add_n(&m, p[i].value, p[i].length);
    }
    return hmac_base64(a, SHA1, token, bytes_at(m.s, m.n));
}

/* The address with the standard port of its scheme taken away, or
 * put in when there is none; NULL when it has another port. */
static const char *other_port(Arena *a, const char *url) {
    bool tls = !strncasecmp(url, "https://", 8);
    if (!tls && strncasecmp(url, "http://", 7)) return NULL;
    const char *port = tls ? ":443" : ":80", *host = url + (tls ? 8 : 7), *end = host + strcspn(host, "/?#");
    const char *colon = end;
    /* the colons of an IPv6 address stand in brackets */
    for (const char *s = end; s > host && s[-1] != ']'; s--)
        if (s[-1] == ':') { colon = s - 1; break; }
    size_t port_n = (size_t)(end - colon);
    if (!port_n) return text(a, "%.*s%s%s", (int)(end - url), url, port, end);
    if (port_n == strlen(port) && !memcmp(colon, port, port_n)) return text(a, "%.*s%s", (int)(colon - url), url, end);
    return NULL;
}

/* With a JSON body the address is signed alone and carries the digest of the body. */
static bool body_digest_is_right(Arena *a, const Callback *c) {
    const char *query = strchr(c->url, '?');
    Params p = params_start(a);
    if (!query || urlencoded_parse(&p, query + 1, strlen(query + 1)).status || param_count(&p, "bodySHA256") != 1)
        return false;
    return is_same(param_find(&p, "bodySHA256"), digest_hex(a, SHA256, c->body));
}

static Verdict twilio_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    Verdict v;
    const char *header = only_header(c, "x-twilio-signature", &v), *secrets[2];
    if (v != SIGNATURE_OK) return v;
    if (!c->url) return SIGNATURE_INVALID;
    Params fields = params_start(a);
    bool is_form = !strcmp(c->content_type, "application/x-www-form-urlencoded");
    if (is_form ? urlencoded_parse(&fields, c->body.p, c->body.n).status != 0 : !body_digest_is_right(a, c))
        return SIGNATURE_INVALID;
    const char *urls[2] = { c->url, other_port(a, c->url) };
    bool right = false;
    for (int i = valid_secrets(k, c->now_s, secrets); i--;)
        for (int j = 0; j < 2; j++)
            right |= urls[j] && is_same(signature_twilio(a, secrets[i], urls[j], is_form ? &fields : NULL), header);
    return right ? SIGNATURE_OK : SIGNATURE_INVALID;
}

/* ---- Vonage Messages: a JWT whose claims hold the digest of the body ---- */

enum { JWT_MAX = 4096, JTI_MAX = 128 };

static char *jwt_mac(Arena *a, const char *secret, Bytes message) {
    uint8_t mac[DIGEST_MAX];
    return base64url_text(a, bytes_at(mac, hmac(SHA256, bytes_of(secret), message, mac)));
}

char *signature_vonage(Arena *a, const char *secret, const VonageCallback *c) {
    Text claims = text_start(a);
    JsonOut o = json_out(&claims);
    json_open_object(&o, NULL);
    json_add_text(&o, "iss", "Vonage");
    json_add_text(&o, "api_key", c->api_key);
    json_add_text(&o, "jti", c->jti);
    json_add_int(&o, "iat", c->at_s);
    json_add_text(&o, "payload_hash", digest_hex(a, SHA256, c->body));
    json_close(&o);
    static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    const char *message = text(a, "%s.%s", base64url_text(a, bytes_of(head)),
                               base64url_text(a, bytes_at(claims.s, claims.n)));
    return text(a, "%s.%s", message, jwt_mac(a, secret, bytes_of(message)));
}

static Json jwt_part(Arena *a, const char *s, size_t n) {
    Bytes raw;
    return base64url_read(a, s, n, &raw) ? json_read(a, raw.p, raw.n, JWT_MAX, NULL) : (Json){ 0 };
}

/* The claims of a token whose signature is right and whose algorithm is HS256 and nothing else; nothing otherwise. */
static Json jwt_claims(Arena *a, const char *token, const Callback *c, const SignatureKeys *k) {
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL, *secrets[2];
    if (strlen(token) > JWT_MAX || !second) return (Json){ 0 };
    bool right = false;
    for (int i = valid_secrets(k, c->now_s, secrets); i--;)
        right |= is_same(jwt_mac(a, secrets[i], bytes_at(token, (size_t)(second - token))), second + 1);
    if (!right) return (Json){ 0 };
    Json head = jwt_part(a, token, (size_t)(first - token));
    const char *algorithm = json_text(head, "alg");
    if (!algorithm || strcmp(algorithm, "HS256") || json_kind(json_at(head, "crit")) != JSON_KIND_NONE)
        return (Json){ 0 };
    return jwt_part(a, first + 1, (size_t)(second - first - 1));
}

static bool claim_is(Json claims, const char *name, const char *expected) {
    const char *value = json_text(claims, name);
    return value && expected && is_same(value, expected);
}

static Verdict vonage_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    Verdict v;
    const char *header = only_header(c, "authorization", &v);
    if (v != SIGNATURE_OK) return v;
    if (strncasecmp(header, "Bearer ", 7)) return SIGNATURE_INVALID;
    Json claims = jwt_claims(a, header + 7, c, k);
    const char *jti = json_text(claims, "jti");
    int64_t at_s;
    if (!jti || !*jti || strlen(jti) > JTI_MAX || !json_int(claims, "iat", &at_s) || !claim_is(claims, "iss", "Vonage"))
        return SIGNATURE_INVALID;
    if (!claim_is(claims, "api_key", k->api_key) || !claim_is(claims, "payload_hash", digest_hex(a, SHA256, c->body)))
        return SIGNATURE_INVALID;
    if (!is_near(at_s, c->now_s)) return SIGNATURE_OUT_OF_TOLERANCE;
    *once = jti;
    return SIGNATURE_OK;
}

/* ---- Vonage SMS, the old way: a parameter over all the others ---- */

static const Digest vonage_digest[] = {
    [VONAGE_SHA256] = SHA256, [VONAGE_SHA512] = SHA512, [VONAGE_SHA1] = SHA1, [VONAGE_MD5] = MD5,
        [VONAGE_MD5_HASH] = MD5,
};

char *signature_vonage_sms(Arena *a, const char *secret, VonageMethod method, const Params *parameters) {
    Param *p = sorted(a, parameters);
    Text m = text_start(a);
    text_add(&m, "");
    for (size_t i = 0; i < parameters->n; i++) {
        if (!strcmp(p[i].name, "sig")) continue;
        text_addf(&m, "&%s=", p[i].name);
        size_t from = m.n;
        text_add_n(&m, p[i].value, p[i].length);
        for (char *s = m.s + from; *s; s++)
            if (*s == '&' || *s == '=') *s = '_';
    }
    if (method != VONAGE_MD5_HASH) return hmac_hex(a, vonage_digest[method], secret, bytes_at(m.s, m.n));
    text_add(&m, secret);
    return digest_hex(a, MD5, bytes_at(m.s, m.n));
}

/* Query and form together; a name that comes twice spoils them. */
static bool vonage_parameters(const Callback *c, Params *all) {
    for (size_t i = 0; c->query && i < c->query->n; i++)
        if (!param_add(all, c->query->v[i].name, c->query->v[i].value, c->query->v[i].length)) return false;
    bool is_form = !strcmp(c->content_type, "application/x-www-form-urlencoded");
    if (is_form && urlencoded_parse(all, c->body.p, c->body.n).status) return false;
    if (!is_form && c->body.n) return false;                /* what is not signed is not read */
    Param *p = sorted(all->arena, all);
    for (size_t i = 1; i < all->n; i++)
        if (!strcmp(p[i - 1].name, p[i].name)) return false;
    return true;
}

static Verdict vonage_sms_verify(Arena *a, const Callback *c, const SignatureKeys *k, const char **once) {
    (void)once;
    Params all = params_start(a);
    if (!vonage_parameters(c, &all)) return SIGNATURE_INVALID;
    const char *sig = param_find(&all, "sig"), *timestamp = param_find(&all, "timestamp"), *secrets[2];
    if (!sig || !*sig) return SIGNATURE_MISSING;
    if (vonage_digest[k->vonage_method] == MD5 && !k->md5_allowed) return SIGNATURE_INVALID;
    char *lower = text_copy(a, sig);
    for (char *s = lower; *s; s++)
        if (*s >= 'A' && *s <= 'F') *s = (char)(*s + 32);
    bool right = false;
    for (int i = valid_secrets(k, c->now_s, secrets); i--;)
        right |= is_same(signature_vonage_sms(a, secrets[i], k->vonage_method, &all), lower);
    int64_t at_s;
    if (!right || !timestamp || !seconds_parse(timestamp, strlen(timestamp), &at_s)) return SIGNATURE_INVALID;
    return is_near(at_s, c->now_s) ? SIGNATURE_OK : SIGNATURE_OUT_OF_TOLERANCE;
}

/* ---- The drivers ---- */

typedef Verdict (*Verify)(Arena *, const Callback *, const SignatureKeys *, const char **once);

/* To add one: its check above, its row here, its vectors in tests/rules/test_signature_rules.c. */
static const struct { const char *driver; Verify verify; } drivers[] = {
    { "stripe",   stripe_verify },   { "razorpay", razorpay_verify }, { "paystack", paystack_verify },
    { "doku",       doku_verify },
    { "sandbox",  sandbox_verify },  { "twilio",   twilio_verify },   { "vonage",   vonage_verify },
    { "vonage_sms", vonage_sms_verify },
};

Verdict signature_verify(Arena *a, const char *driver, const Callback *callback, const SignatureKeys *keys,
                         const char **once) {
    const char *ignored;
    if (!once) once = &ignored;
    *once = NULL;
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (!strcmp(drivers[i].driver, driver)) return drivers[i].verify(a, callback, keys, once);
    return SIGNATURE_INVALID;
}
