/*
 * The file of a promotion: JSON with a row a line, and below it one line with key and signature over all bytes before
 * it. See promotion.h.
 */
#include "app/setup/promotion.h"

#include <string.h>

#include "app/core/installation.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/locale.h"
#include "lib/messages.h"

#define FORMAT "smart360-configuration"
#define PURPOSE "configuration"
#define SIGNED "signature "

const char *promotion_fingerprint(Ctx *c, const char *public_key) {
    uint8_t hash[32];
    blake2b((Bytes){ 0 }, bytes_of(public_key), hash);
    const char *h = hex_text(&c->mem, bytes_at(hash, 8));
    return text(c, "%.4s %.4s %.4s %.4s", h, h + 4, h + 8, h + 12);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_kind(Text *t, const ConfigSet *s, bool is_first) {
    JsonOut o = json_out(t);
    text_addf(t, "%s\n{\"kind\":\"%s\",\"rows\":[", is_first ? "" : ",", s->kind->kind);
    for (size_t i = 0; i < s->rows; i++) {
        text_add(t, i ? ",\n" : "\n");
        o = json_out(t);
        json_open_object(&o, NULL);
        for (size_t k = 0; k < s->n; k++) json_add_text(&o, s->name[k], s->row[i]->value[k]);
        json_close(&o);
    }
    text_add(t, "]}");
}

const char *promotion_write(Ctx *c, const char *made_by, size_t *n) {
    Configuration here = configuration_here(c);
    const Utility *u = utility_here(c);
    Text t = text_start(c), head = text_start(c);
    JsonOut o = json_out(&head);
    json_open_object(&o, NULL);
    json_add_text(&o, "format", FORMAT);
    json_add_int(&o, "version", PROMOTION_VERSION);
    json_add_text(&o, "program", SMART360_VERSION);
    json_add_text(&o, "made_at", time_iso(&c->mem, c->now));
    json_add_text(&o, "made_by", made_by);
    json_add_text(&o, "tenant", c->tenant_slug);
    json_add_text(&o, "utility", u->code);
    json_add_text(&o, "utility_name", u->name);
    json_add_text(&o, "environment", u->environment);
    json_add_text(&o, "currency", u->currency);
    json_close(&o);
    text_add_n(&t, head.s, head.n - 1);             /* without its closing brace: the kinds follow */
    text_add(&t, ",\n\"kinds\":[");
    bool is_first = true;
    for (size_t i = 0; i < here.n; i++) {
        if (here.set[i].kind->is_fixed || !here.set[i].rows) continue;
        write_kind(&t, &here.set[i], is_first);
        is_first = false;
    }
    text_add(&t, "\n]}\n");
    const char *signature = tenant_sign(c, PURPOSE, bytes_at(t.s, t.n));
    text_addf(&t, SIGNED "%s %s\n", tenant_key(c, PURPOSE), signature);
    *n = t.n;
    return t.s;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The last line; NULL when it is no signature. What stands before it was signed. */
static const char *signature_line(const char *bytes, size_t n, size_t *signed_n) {
    while (n && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r')) n--;
    size_t at_ = n;
    while (at_ && bytes[at_ - 1] != '\n') at_--;
    *signed_n = at_;
    bool is_one = at_ && n - at_ == strlen(SIGNED) + PUBLIC_KEY_CHARS + 1 + SIGNATURE_CHARS
        && !strncmp(bytes + at_, SIGNED, strlen(SIGNED)) && bytes[at_ + strlen(SIGNED) + PUBLIC_KEY_CHARS] == ' ';
    return is_one ? bytes + at_ + strlen(SIGNED) : NULL;
}

static bool is_trusted(Ctx *c, const char *key) {
    return !strcmp(key, tenant_key(c, PURPOSE))
        || db_int(c, "select exists (select 1 from config_key where public_key = ? and withdrawn_at is null)", key);
}

static const char *read_row(Ctx *c, ConfigSet *s, Json from) {
    size_t members = json_size(from);
    JsonMember *m = json_members(&c->mem, from);
    const char **value = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) value[i] = config_absent;
    for (size_t k = 0; k < members; k++) {
        size_t i = 0;
        while (i < s->n && strcmp(s->name[i], m[k].name)) i++;
        JsonKind kind = json_kind(m[k].value);
        if (i == s->n)
            return msg_format(c, c->language, "promotion.unknown_column", { "kind", s->kind->kind },
                              { "column", m[k].name });
        if (kind != JSON_KIND_TEXT && kind != JSON_KIND_NULL)
            return msg_format(c, c->language, "promotion.not_a_text", { "kind", s->kind->kind },
                              { "column", m[k].name });
        const char *text_ = json_text(m[k].value, "");
        value[i] = s->column[i].is_json || s->column[i].is_list ? value_settled(c, text_) : text_;
    }
    Text key = text_start(c);
    for (size_t i = 0; i < s->n; i++) {
        if (!s->column[i].is_key) continue;
        if (value[i] == config_absent)
            return msg_format(c, c->language, "promotion.no_key", { "kind", s->kind->kind },
                              { "column", s->name[i] });
        if (key.s) text_add(&key, "|");
        text_add(&key, value[i] ? value[i] : "");
    }
    ConfigRow *row = take(c, sizeof *row);
    *row = (ConfigRow){ .key = key.s ? key.s : "", .column = s->name, .value = value, .n = s->n };
    if (set_find(s, row->key))
        return msg_format(c, c->language, "promotion.twice", { "kind", s->kind->kind }, { "key", row->key });
    set_add(c, s, row);
    return NULL;
}

static const char *read_kind(Ctx *c, Configuration *all, Json from) {
    const char *name = json_text(from, "kind");
    const ConfigKind *k = name ? config_kind_named(name) : NULL;
    if (!k || k->is_fixed)
        return msg_format(c, c->language, "promotion.unknown_kind", { "kind", name ? name : "?" });
    Json rows = json_member(from, "rows");
    if (json_kind(rows) != JSON_KIND_LIST || json_size(rows) > PROMOTION_ROWS_MAX)
        return msg(c->language, "promotion.not_ours");
    for (size_t i = 0; i < json_size(rows); i++) {
        const char *why = read_row(c, configuration_set(all, k), json_item(rows, i));
        if (why) return why;
    }
    return NULL;
}

static const char *read_rows(Ctx *c, PromotionFile *f, Json document) {
    Json kinds = json_member(document, "kinds");
    f->rows = configuration_empty(c);
    for (size_t i = 0; i < json_size(kinds); i++) {
        const char *why = read_kind(c, &f->rows, json_item(kinds, i));
        if (why) return why;
    }
    return NULL;
}

/* Made before the one that was applied last from the same place. */
static const char *older(Ctx *c, const PromotionFile *f) {
    Time last =
        { db_int(c, "select coalesce(timestampdiff(microsecond, '1970-01-01', max(made_at)), 0) from config_file "
                            "where utility_id = ? and source = ? and state = 'applied'", c->utility, f->source) };
    if (!last.us || f->made_at.us >= last.us) return NULL;
    return msg_format(c, c->language, "promotion.older",
                      { "made", locale_time_words(&c->mem, c->locale, f->made_at) },
                      { "last", locale_time_words(&c->mem, c->locale, last) });
}

static const char *check(Ctx *c, PromotionFile *f, Json document, const char *broken) {
    int64_t version = 0;
    const char *format = json_text(document, "format"), *currency = json_text(document, "currency");
    const char *made_at = json_text(document, "made_at"), *tenant = json_text(document, "tenant");
    const char *utility = json_text(document, "utility");
    if (broken || !format || strcmp(format, FORMAT)) return msg(c->language, "promotion.not_ours");
    json_int(document, "version", &version);
    if (version != PROMOTION_VERSION)
        return msg_format(c, c->language, version > PROMOTION_VERSION ? "promotion.newer_format"
                          : "promotion.older_format", { "version", text(c, "%lld", (long long)version) },
                          { "ours", text(c, "%d", PROMOTION_VERSION) });
    if (!currency || !made_at || !tenant || !utility || !time_parse_iso(made_at, &f->made_at))
        return msg(c->language, "promotion.not_ours");
    f->source = text(c, "%.31s/%.16s", tenant, utility);
    f->source_name = json_text(document, "utility_name");
    f->made_by = json_text(document, "made_by");
    if (strcmp(currency, utility_here(c)->currency))
        return msg_format(c, c->language, "promotion.currency", { "theirs", currency },
                          { "ours", utility_here(c)->currency });
    const char *why = read_rows(c, f, document);
    return why ? why : older(c, f);
}

PromotionFile promotion_read(Ctx *c, const char *bytes, size_t n) {
    PromotionFile f = { 0 };
    size_t signed_n = 0;
    const char *line = signature_line(bytes, n, &signed_n), *broken = NULL;
    if (!line) {
        bool is_ours = n && memmem(bytes, n < 200 ? n : 200, FORMAT, strlen(FORMAT));
        f.refusal = msg(c->language, is_ours ? "promotion.unsigned" : "promotion.not_ours");
        return f;
    }
    f.signer = text_copy_n(c, line, PUBLIC_KEY_CHARS);
    const char *signature = text_copy_n(c, line + PUBLIC_KEY_CHARS + 1, SIGNATURE_CHARS);
    if (!document_good(&c->mem, f.signer, signature, bytes_at(bytes, signed_n))) {
        f.refusal = msg(c->language, "promotion.altered");
        return f;
    }
    if (!is_trusted(c, f.signer)) {
        f.refusal = msg_format(c, c->language, "promotion.stranger", { "key", promotion_fingerprint(c, f.signer) });
        return f;
    }
    Json document = json_read(&c->mem, bytes, signed_n, PROMOTION_BYTES_MAX, &broken);
    f.refusal = check(c, &f, document, broken);
    return f;
}
