/*
 * The quote document: see quote.h. The reader follows the document from the top; the first thing wrong ends it.
 *
 * Every read_* and give_* function answers false after it has noted the problem, so that they chain with &&.
 */
#include "app/billing/quote.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "app/billing/quote_work.h"
#include "lib/date.h"

enum {
    TIERS_MAX = 50,
    REGISTERS_MAX = 50,
    NAMES_MAX = 50,
    TOU_MAX = 24,
    VERSIONS_MAX = 12,
    ATTRIBUTES_MAX = 100,
    DAYS_MAX = 3660,
    TEXT_MAX = 80,
    UNIT_MAX = 20,
    SHOWN_MAX = 60,
    DEPTH_MAX = 32
};

/* Where a value stands: a chain on the stack, written out only for a problem. */
typedef struct Path { const struct Path *up; const char *key; int index; } Path;

#define AT(up, key)      (&(Path){ (up), (key), -1 })
#define ITEM(up, index)  (&(Path){ (up), NULL, (int)(index) })

typedef struct {
    Arena      *a;
    const char *bytes;
    size_t      n;
    const char *problem;
    Tariff     *t;
    Date        start, end;
    int         minimum_place;          /* components from here on may name MIN_BILL */
} Reader;

/* ---- Problems ---- */

/* Bytes of the document in a one-line message: shortened, nothing that a terminal would obey. */
static const char *shown(Arena *a, const char *s, size_t n) {
    char *copy = text_copy_n(a, s, n < SHOWN_MAX ? n : SHOWN_MAX);
    size_t length = n < SHOWN_MAX ? n : SHOWN_MAX;
    while (n > SHOWN_MAX && length && (copy[length] & 0xC0) == 0x80) length--;        /* not inside a character */
    if (n > SHOWN_MAX && ((unsigned char)s[length] & 0xC0) == 0x80)
        while (length && ((unsigned char)copy[--length] & 0xC0) == 0x80) {}
    copy[length] = 0;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7F ||
            ((unsigned char)copy[i] == 0xC2 && (unsigned char)copy[i + 1] < 0xA0))
            copy[i] = '?', copy[i + 1] = (copy[i + 1] & 0x80) ? '?' : copy[i + 1];
    return copy;
}

/* Keys that are no words stand in quotes. The document itself has neither key nor index. */
static void path_text(Text *t, const Path *p) {
    if (p->up) path_text(t, p->up);
    if (!p->key) {
        if (p->index >= 0) text_addf(t, "[%d]", p->index);
        return;
    }
    bool word =
        *p->key && p->key[strspn(p->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
    text_addf(t, word ? "%s%s" : "%s\"%s\"", t->n ? "." : "", shown(t->arena, p->key, strlen(p->key)));
}

static const char *path_of(Arena *a, const Path *p) {
    Text t = text_start(a);
    text_add(&t, "");
    path_text(&t, p);
    return t.s;
}

static bool wrong(Reader *r, const Path *p, const char *what) {
    if (!r->problem) r->problem = text(r->a, "%s: %s", path_of(r->a, p), what);
    return false;
}

/* ---- The document's own text: for keys given twice, and numbers as they were written ---- */

/* Walks the JSON text until a key or number ends at or behind `end` (then `path` is its path), or until the value at
   `path` begins (then token is its text). The part walked over has been read by the JSON parser: its syntax is
   right. */
typedef struct {
    Arena      *a;
    const char *s;
    size_t      i, n, end;
    const char *path;
    const char *token;
    size_t      token_n;
    bool        done;
} Scan;

static void scan_space(Scan *s) {
    while (s->i < s->n && strchr(" \t\r\n,:", s->s[s->i]) && s->s[s->i]) s->i++;
}

static void scan_string(Scan *s) {
    for (s->i++; s->i < s->n && s->s[s->i] != '"'; s->i++)
        if (s->s[s->i] == '\\') s->i++;
    s->i++;
}

/* A key with its escapes resolved. */
static const char *scan_key(Scan *s, size_t from) {
    size_t to = s->i < s->n ? s->i : s->n;
    json_t *key = json_loadb(s->s + from, to - from, JSON_DECODE_ANY, NULL);
    const char *copy = text_copy(s->a, key && json_is_string(key) ? json_string_value(key) : "?");
    json_decref(key);
    return copy;
}

static bool path_is(Arena *a, const Path *p, const char *path) {
    ArenaMark before = mark(a);
    bool same = !strcmp(path_of(a, p), path);
    rewind_to(a, before);
    return same;
}

static void scan_value(Scan *s, const Path *at);

static void scan_members(Scan *s, const Path *at, bool is_object) {
    int index = 0;
    for (s->i++; scan_space(s), !s->done && s->i < s->n && s->s[s->i] != '}' && s->s[s->i] != ']'; index++) {
        if (!is_object) { scan_value(s, ITEM(at, index)); continue; }
        size_t from = s->i;
        scan_string(s);
        const Path *member = AT(at, scan_key(s, from));
        if (s->end && s->i >= s->end) { s->path = path_of(s->a, member); s->done = true; return; }
        scan_space(s);
        scan_value(s, member);
    }
    s->i++;
}

static void scan_value(Scan *s, const Path *at) {
    size_t from = s->i;
    char first = s->i < s->n ? s->s[s->i] : 0;
    if (!first) { s->done = true; return; }
    if (first == '{' || first == '[') scan_members(s, at, first == '{');
    else if (first == '"') scan_string(s);
    else while (s->i < s->n && !strchr(" \t\r\n,]}", s->s[s->i])) s->i++;
    if (s->done) return;
    if (s->end && s->i >= s->end) s->path = path_of(s->a, at), s->done = true;
    if (!s->end && path_is(s->a, at, s->path)) {
        s->token = s->s + from;
        s->token_n = (s->i < s->n ? s->i : s->n) - from;
        s->done = true;
    }
}

static const Path TOP = { NULL, NULL, -1 };

/* The path of the key or value that ends at this byte. */
static const char *path_at(Arena *a, const char *bytes, size_t n, size_t end) {
    Scan s = { .a = a, .s = bytes, .n = n, .end = end ? end : 1 };
    scan_space(&s);
    scan_value(&s, &TOP);
    return s.path && *s.path ? s.path : "document";
}

/* A value as it stands in the document. */
static const char *written(Reader *r, const Path *p) {
    Scan s = { .a = r->a, .s = r->bytes, .n = r->n, .path = path_of(r->a, p) };
    scan_space(&s);
    scan_value(&s, &TOP);
    return s.token ? shown(r->a, s.token, s.token_n) : "it";
}

/* ---- Values ---- */

typedef enum { ANY_SIGN, NOT_NEGATIVE, ABOVE_ZERO } Sign;

static bool is_object(Reader *r, const Path *p, json_t *v) {
    return json_is_object(v) || wrong(r, p, "must be an object");
}

static bool is_list(Reader *r, const Path *p, json_t *v, size_t most) {
    if (!json_is_array(v)) return wrong(r, p, "must be a list");
    if (!json_array_size(v)) return wrong(r, p, "must not be empty");
    return json_array_size(v) <= most || wrong(r, p, text(r->a, "must have at most %zu entries", most));
}

/* Refuses keys that are not in the list (which ends with NULL). */
static bool only_keys(Reader *r, const Path *p, json_t *object, const char *const *known) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        int i = 0;
        while (known[i] && strcmp(known[i], key)) i++;
        if (!known[i]) return wrong(r, AT(p, key), "is not a key that stands here");
    }
    return true;
}

static bool required(Reader *r, const Path *p, json_t *v) {
    return v || wrong(r, p, "is missing");
}

static bool read_decimal(Reader *r, const Path *p, json_t *v, Sign sign, int64_t *to) {
    if (!required(r, p, v)) return false;
    if (json_is_number(v)) return wrong(r, p, text(r->a, "give %s as a string", written(r, p)));
    if (!json_is_string(v) || json_string_length(v) != strlen(json_string_value(v)) ||
        !tariff_decimal_parse(json_string_value(v), to))
        return wrong(r, p, "must be a decimal in a string: 1 to 9 digits, at most 6 decimals");
    if (sign != ANY_SIGN && *to < 0) return wrong(r, p, "must not be negative");
    return sign != ABOVE_ZERO || *to > 0 || wrong(r, p, "must be above 0");
}

/* Reads it when it is there; `to` stays otherwise. */
static bool read_decimal_if(Reader *r, const Path *p, json_t *v, Sign sign, int64_t *to) {
    return !v || read_decimal(r, p, v, sign, to);
}

static bool read_count_if(Reader *r, const Path *p, json_t *v, int least, int most, int *to) {
    if (!v) return true;
    if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most)
        return wrong(r, p, text(r->a, "must be a whole number from %d to %d", least, most));
    *to = (int)json_integer_value(v);
    return true;
}

static bool read_bool_if(Reader *r, const Path *p, json_t *v, bool *to) {
    if (!v) return true;
    if (!json_is_boolean(v)) return wrong(r, p, "must be true or false");
    *to = json_is_true(v);
    return true;
}

/* One of the words; their texts are in `wanted` for the problem. */
static bool read_word_if(Reader *r, const Path *p, json_t *v, int (*find)(const char *), const char *wanted, int *to) {
    if (!v) return true;
    int found = json_is_string(v) ? find(json_string_value(v)) : -1;
    if (found < 0) return wrong(r, p, text(r->a, "must be %s", wanted));
    *to = found;
    return true;
}

/* Characters of UTF-8, and whether one of them is a control character (to U+001F, U+007F to U+009F). */
static size_t characters(const char *s, size_t n, bool *has_control) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c & 0xC0) != 0x80) count++;
        if (c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)s[i + 1] < 0xA0)) *has_control = true;
    }
    return count;
}

static bool read_text_if(Reader *r, const Path *p, json_t *v, size_t most, const char **to) {
    if (!v) return true;
    if (!json_is_string(v)) return wrong(r, p, "must be a text");
    bool has_control = false;
    size_t n = characters(json_string_value(v), json_string_length(v), &has_control);
    if (has_control) return wrong(r, p, "must not have control characters");
    if (n < 1 || n > most) return wrong(r, p, text(r->a, "must have 1 to %zu characters", most));
    *to = text_copy(r->a, json_string_value(v));
    return true;
}

static bool read_string(Reader *r, const Path *p, json_t *v, const char **to) {
    if (!required(r, p, v)) return false;
    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
        return wrong(r, p, "must be a text");
    *to = text_copy(r->a, json_string_value(v));
    return true;
}

/* ---- Head of the document ---- */

static int rounding_find(const char *word) {
    return !strcmp(word, "half_up") ? ROUND_HALF_UP : !strcmp(word, "half_even") ? ROUND_HALF_EVEN : -1;
}

static bool read_format(Reader *r, json_t *v) {
    const Path *p = AT(NULL, "format");
    if (!required(r, p, v)) return false;
    return (json_is_string(v) && !strcmp(json_string_value(v), "smart360-quote/1")) ||
           wrong(r, p, "must be \"smart360-quote/1\"");
}

static bool read_currency(Reader *r, json_t *v, const char **to) {
    const Path *p = AT(NULL, "currency");
    if (!required(r, p, v)) return false;
    int exponent = json_is_string(v) ? currency_exponent(json_string_value(v)) : -1;
    if (exponent < 0) return wrong(r, p, "must be the three capitals of a currency (not CLF, UYW)");
    r->t->period.exponent = exponent;
    *to = text_copy(r->a, json_string_value(v));
    return true;
}

static bool read_date(Reader *r, const Path *p, json_t *v, Date *to) {
    if (!required(r, p, v)) return false;
    return (json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v) &&
            date_parse_iso(json_string_value(v), to)) ||
           wrong(r, p, "must be a date such as \"2026-04-01\"");
}

static bool read_period(Reader *r, json_t *v) {
    static const char *const keys[] = { "start", "end", "days", NULL };
    const Path *p = AT(NULL, "period");
    if (!required(r, p, v) || !is_object(r, p, v) || !only_keys(r, p, v, keys)) return false;
    json_t *days = json_object_get(v, "days"), *start = json_object_get(v, "start"), *end = json_object_get(v, "end");
    if (days) {
        if (start || end) return wrong(r, AT(p, "days"), "stands alone: give days or dates, not both");
        return read_count_if(r, AT(p, "days"), days, 1, DAYS_MAX, &r->t->period.days);
    }
    Date from, to;
    if (!read_date(r, AT(p, "start"), start, &from) || !read_date(r, AT(p, "end"), end, &to)) return false;
    if (date_compare(to, from) < 0)
        return wrong(r, AT(p, "end"), text(r->a, "must not be before %s", date_iso(r->a, from)));
    r->t->period.days = date_days_inclusive(from, to);
    if (r->t->period.days > DAYS_MAX)
        return wrong(r, AT(p, "end"), text(r->a, "must be at most %d days from the start", DAYS_MAX));
    r->t->period.end_month = date_ymd(to).month;
    r->start = from;
    r->end = to;
    return true;
}

/* ---- Usage ---- */

static bool read_register(Reader *r, const Path *p, json_t *v, Exact *sum) {
    static const char *const keys[] = { "start", "end", "digits", "multiplier", NULL };
    int64_t start, end, multiplier = 1000000;
    int digits = 0;
    if (!is_object(r, p, v) || !only_keys(r, p, v, keys) ||
        !read_decimal(r, AT(p, "start"), json_object_get(v, "start"), NOT_NEGATIVE, &start) ||
        !read_decimal(r, AT(p, "end"), json_object_get(v, "end"), NOT_NEGATIVE, &end) ||
        !read_count_if(r, AT(p, "digits"), json_object_get(v, "digits"), 1, 9, &digits) ||
        !read_decimal_if(r, AT(p, "multiplier"), json_object_get(v, "multiplier"), ABOVE_ZERO, &multiplier))
        return false;
    int64_t full = power_of_ten(digits);
    if (digits && start >= full * 1000000)
        return wrong(r, AT(p, "start"), text(r->a, "must be below %lld", (long long)full));
    if (digits && end >= full * 1000000)
        return wrong(r, AT(p, "end"), text(r->a, "must be below %lld", (long long)full));
    Exact use;
    if (use_between(exact_micro(start), exact_micro(end), digits, exact_micro(multiplier), &use) == USE_NEGATIVE)
        return wrong(r, AT(p, "end"),
                     text(r->a, "must not be below the start %s%s", exact_text(r->a, exact_micro(start), 0, 6),
                          digits ? "; a rollover begins above 90 % of the register" : "; a rollover needs digits"));
    *sum = exact_add(*sum, use);
    return true;
}

static bool read_registers(Reader *r, const Path *p, json_t *v) {
    if (!is_list(r, p, v, REGISTERS_MAX)) return false;
    Exact *sum = &r->t->period.usage.quantity;
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!read_register(r, ITEM(p, i), json_array_get(v, i), sum)) return false;
    return true;
}

static bool read_tou(Reader *r, const Path *p, json_t *v) {
    if (!is_object(r, p, v)) return false;
    size_t n = json_object_size(v);
    if (!n || n > TOU_MAX) return wrong(r, p, text(r->a, "must have 1 to %d periods", TOU_MAX));
    TariffUsage *u = &r->t->period.usage;
    TouUsage *periods = take_n(r->a, TouUsage, n);
    const char *key;
    json_t *value;
    json_object_foreach(v, key, value) {
        int64_t quantity;
        if (!tariff_name_is_valid(key))
            return wrong(r, AT(p, key), "is no name: small letters, digits and _, at most 40");
        if (!read_decimal(r, AT(p, key), value, NOT_NEGATIVE, &quantity)) return false;
        periods[u->tou_n++] = (TouUsage){ text_copy(r->a, key), exact_micro(quantity) };
        u->quantity = exact_add(u->quantity, exact_micro(quantity));
    }
    u->tou = periods;
    return true;
}

static bool read_gas(Reader *r, const Path *p, json_t *v) {
    static const char *const keys[] = { "imperial", "correction", "calorific_value", NULL };
    bool imperial = false;
    int64_t correction = 1022640, calorific;
    if (!is_object(r, p, v) || !only_keys(r, p, v, keys) ||
        !read_bool_if(r, AT(p, "imperial"), json_object_get(v, "imperial"), &imperial) ||
        !read_decimal_if(r, AT(p, "correction"), json_object_get(v, "correction"), NOT_NEGATIVE, &correction) ||
        !read_decimal(r, AT(p, "calorific_value"), json_object_get(v, "calorific_value"), NOT_NEGATIVE, &calorific))
        return false;
    Exact *usage = &r->t->period.usage.quantity;
    *usage = gas_energy(*usage, imperial, exact_micro(correction), exact_micro(calorific));
    return true;
}

static bool read_usage(Reader *r, json_t *v) {
    static const char *const keys[] = { "quantity", "registers", "tou", "gas", "decimals", "unit", NULL };
    const Path *p = AT(NULL, "usage");
    if (!required(r, p, v) || !is_object(r, p, v) || !only_keys(r, p, v, keys)) return false;
    json_t *quantity = json_object_get(v, "quantity"), *registers = json_object_get(v, "registers"),
           *tou = json_object_get(v, "tou");
    json_t *gas = json_object_get(v, "gas"), *decimals = json_object_get(v, "decimals");
    TariffUsage *u = &r->t->period.usage;
    u->quantity = EXACT_ZERO;
    if (!!quantity + !!registers + !!tou > 1) return wrong(r, p, "give one of quantity, registers and tou");
    if (tou && gas) return wrong(r, AT(p, "gas"), "does not stand with tou");
    if (tou && decimals) return wrong(r, AT(p, "decimals"), "does not stand with tou");
    const char *unit = NULL;
    if (!read_text_if(r, AT(p, "unit"), json_object_get(v, "unit"), UNIT_MAX, &unit)) return false;
    if (registers && !read_registers(r, AT(p, "registers"), registers)) return false;
    if (tou && !read_tou(r, AT(p, "tou"), tou)) return false;
    if (!registers && !tou) {
        int64_t micro;
        if (!read_decimal(r, AT(p, "quantity"), quantity, NOT_NEGATIVE, &micro)) return false;
        u->quantity = exact_micro(micro);
    }
    int places = -1;
    if (gas && !read_gas(r, AT(p, "gas"), gas)) return false;
    if (!read_count_if(r, AT(p, "decimals"), decimals, 0, 6, &places)) return false;
    if (places >= 0) u->quantity = exact_rounded(u->quantity, places);
    return true;                /* a use that cannot be held stops the lines that need it */
}

static bool read_attributes(Reader *r, json_t *v) {
    const Path *p = AT(NULL, "attributes");
    if (!v) return true;
    if (!is_object(r, p, v)) return false;
    size_t n = json_object_size(v);
    if (n > ATTRIBUTES_MAX) return wrong(r, p, text(r->a, "must have at most %d attributes", ATTRIBUTES_MAX));
    TariffAttribute *attributes = take_n(r->a, TariffAttribute, n);
    const char *key;
    json_t *value;
    json_object_foreach(v, key, value) {
        int64_t micro;
        if (!tariff_name_is_valid(key))
            return wrong(r, AT(p, key), "is no name: small letters, digits and _, at most 40");
        if (!strcmp(key, "usage")) return wrong(r, AT(p, key), "must have another name: usage is the usage");
        if (!read_decimal(r, AT(p, key), value, NOT_NEGATIVE, &micro)) return false;
        attributes[r->t->period.attribute_n++] = (TariffAttribute){ text_copy(r->a, key), exact_micro(micro) };
    }
    r->t->period.attributes = attributes;
    return true;
}

/* ---- Components ---- */

enum {
    FLAT = 1 << CALC_FLAT, PER_UNIT = 1 << CALC_PER_UNIT, TIERED = 1 << CALC_TIERED, BY_TIER = 1 << CALC_FLAT_BY_TIER,
    TOU = 1 << CALC_TOU, PERCENT = 1 << CALC_PERCENT, EVERY = FLAT | PER_UNIT | TIERED | BY_TIER | TOU | PERCENT,
};
static const char *const calc_words[] = { "flat", "per_unit", "tiered", "flat_by_tier", "tou", "percent" };

/* The keys of a component and the calculations that use them. To add one: its row, and its line in read_component. */
static const struct { const char *key; int calcs; } component_keys[] = {
    { "charge_type",   EVERY },
    { "service",       EVERY },
    { "label",         EVERY },
    { "calc",          EVERY },
    { "amount",        FLAT },
    { "rate",          PER_UNIT },
    { "tiers",         TIERED | BY_TIER },
    { "tier_mode",     TIERED },
    { "tier_period",   PER_UNIT | TIERED | BY_TIER },
    { "rates",         TOU },
    { "percent",       PERCENT },
    { "of",            PERCENT },
    { "cap_per_unit",  PERCENT },
    { "basis",         FLAT | PER_UNIT | BY_TIER },
    { "year_days",     FLAT | PER_UNIT | BY_TIER },
    { "prorate",       FLAT | PER_UNIT | BY_TIER },
    { "normal_days",   FLAT | PER_UNIT | TIERED | BY_TIER },
    { "quantity",      PER_UNIT | TIERED | BY_TIER },
    { "qty_percent",   PER_UNIT | TIERED | BY_TIER },
    { "included_qty",  PER_UNIT | TIERED | BY_TIER },
    { "minimum",       EVERY },
    { "rate_versions", EVERY & ~PERCENT },
    { "season",        EVERY },
    { "usage_range",   EVERY },
    { 0 }
};

/* The key under which each calculation has its price. */
static const char *const price_keys[] = { "amount", "rate", "tiers", "tiers", "rates", "percent" };

static bool only_component_keys(Reader *r, const Path *p, json_t *v, TariffCalc calc) {
    const char *key;
    json_t *value;
    json_object_foreach(v, key, value) {
        int i = 0;
        while (component_keys[i].key && strcmp(component_keys[i].key, key)) i++;
        if (!component_keys[i].key) return wrong(r, AT(p, key), "is not a key that stands here");
        if (!(component_keys[i].calcs >> calc & 1))
            return wrong(r, AT(p, key), text(r->a, "is not used by %s", calc_words[calc]));
    }
    return true;
}

static bool attribute_is_there(Reader *r, const Path *p, const char *name) {
    for (int i = 0; i < r->t->period.attribute_n; i++)
        if (!strcmp(r->t->period.attributes[i].name, name)) return true;
    return wrong(r, p, text(r->a, "there is no attribute %s", name));
}

static Sign price_sign(const TariffRate *rate) {
    return tariff_is_deduction(rate->charge_type) ? NOT_NEGATIVE : ANY_SIGN;
}

/* "10", "winter_average" or "winter_average+3". */
static bool read_limit(Reader *r, const Path *p, json_t *v, TariffTier *to) {
    if (json_is_number(v) || !json_is_string(v) || json_string_length(v) != strlen(json_string_value(v)) ||
        json_string_value(v)[0] < 'a' || json_string_value(v)[0] > 'z')
        return read_decimal(r, p, v, NOT_NEGATIVE, &to->upto.micro);
    const char *s = json_string_value(v), *plus = strchr(s, '+');
    to->attribute = text_copy_n(r->a, s, plus ? (size_t)(plus - s) : strlen(s));
    if (!tariff_name_is_valid(to->attribute) ||
        (plus && (!tariff_decimal_parse(plus + 1, &to->upto.micro) || plus[1] == '-')))
        return wrong(r, p, "must be a decimal, an attribute or an attribute + a decimal");
    return attribute_is_there(r, p, to->attribute);
}

static bool read_tiers(Reader *r, const Path *p, json_t *v, const TariffRate *rate, TariffPrices *to) {
    static const char *const rate_keys[] = { "upto", "rate", NULL }, *const amount_keys[] = { "upto", "amount", NULL };
    const char *const *keys = rate->calc == CALC_TIERED ? rate_keys : amount_keys;
    if (!is_list(r, p, v, TIERS_MAX)) return false;
    size_t n = json_array_size(v);
    TariffTier *tiers = take_n(r->a, TariffTier, n);
    for (size_t i = 0; i < n; i++) {
        const Path *at = ITEM(p, i), *limit = AT(at, "upto");
        json_t *tier = json_array_get(v, i), *upto;
        if (!is_object(r, at, tier) || !only_keys(r, at, tier, keys) ||
            !required(r, limit, upto = json_object_get(tier, "upto")) ||
            !read_decimal(r, AT(at, keys[1]), json_object_get(tier, keys[1]), price_sign(rate), &tiers[i].price.micro))
            return false;
        if (i == n - 1) {
            if (!json_is_null(upto)) return wrong(r, limit, "must be null: the last tier has no limit");
            tiers[i].unlimited = true;
            break;
        }
        if (json_is_null(upto)) return wrong(r, limit, "must be a limit: only the last tier has none");
        if (!read_limit(r, limit, upto, &tiers[i])) return false;
        const TariffTier *before = i ? &tiers[i - 1] : NULL;
        if (before && !before->attribute && !tiers[i].attribute && tiers[i].upto.micro <= before->upto.micro)
            return wrong(
                r, limit,
                text(r->a, "must be greater than %s", exact_text(r->a, exact_micro(before->upto.micro), 0, 6)));
    }
    to->tiers = tiers;
    to->tier_n = (int)n;
    return true;
}

/* Exactly the periods of usage.tou. */
static bool read_tou_prices(Reader *r, const Path *p, json_t *v, const TariffRate *rate, TariffPrices *to) {
    const TariffUsage *u = &r->t->period.usage;
    if (!is_object(r, p, v)) return false;
    if (!u->tou_n) return wrong(r, p, "needs usage.tou");
    TouPrice *prices = take_n(r->a, TouPrice, (size_t)u->tou_n);
    for (int i = 0; i < u->tou_n; i++) {
        const Path *at = AT(p, u->tou[i].period);
        prices[i].period = u->tou[i].period;
        if (!read_decimal(r, at, json_object_get(v, u->tou[i].period), price_sign(rate), &prices[i].price.micro))
            return false;
    }
    const char *key;
    json_t *value;
    json_object_foreach(v, key, value) {
        int i = 0;
        while (i < u->tou_n && strcmp(u->tou[i].period, key)) i++;
        if (i == u->tou_n) return wrong(r, AT(p, key), "is not a period of usage.tou");
    }
    to->tou = prices;
    to->tou_n = u->tou_n;
    return true;
}

/* The price of a calculation, in the component or in one of its versions. */
static bool read_prices(Reader *r, const Path *p, json_t *owner, const TariffRate *rate, TariffPrices *to) {
    const char *key = price_keys[rate->calc];
    const Path *at = AT(p, key);
    json_t *v = json_object_get(owner, key);
    if (!required(r, at, v)) return false;
    switch (rate->calc) {
    case CALC_FLAT:
    case CALC_PER_UNIT:     return read_decimal(r, at, v, price_sign(rate), &to->price.micro);
    case CALC_TIERED:
    case CALC_FLAT_BY_TIER: return read_tiers(r, at, v, rate, to);
    case CALC_TOU:          return read_tou_prices(r, at, v, rate, to);
    case CALC_PERCENT:      break;
    }
    return true;
}

static bool read_versions(Reader *r, const Path *owner, json_t *v, TariffComponent *c) {
    const Path *p = AT(owner, "rate_versions");
    const char *const keys[] = { "days", price_keys[c->rate.calc], NULL };
    if (!is_list(r, p, v, VERSIONS_MAX)) return false;
    size_t n = json_array_size(v);
    TariffVersion *versions = take_n(r->a, TariffVersion, n);
    int days = 0;
    for (size_t i = 0; i < n; i++) {
        const Path *at = ITEM(p, i);
        json_t *version = json_array_get(v, i);
        if (!is_object(r, at, version) || !only_keys(r, at, version, keys) ||
            !required(r, AT(at, "days"), json_object_get(version, "days")) ||
            !read_count_if(r, AT(at, "days"), json_object_get(version, "days"), 1, DAYS_MAX, &versions[i].days) ||
            !read_prices(r, at, version, &c->rate, &versions[i].prices)) return false;
        days += versions[i].days;
    }
    if (days != r->t->period.days)
        return wrong(r, p, text(r->a, "the days must add up to %d, they make %d", r->t->period.days, days));
    c->versions = versions;
    c->version_n = (int)n;
    return true;
}

/* ---- `of`: names of components ---- */

static bool read_names(Reader *r, const Path *p, json_t *v, const char *const **of, int *of_n) {
    if (!required(r, p, v) || !is_list(r, p, v, NAMES_MAX)) return false;
    const char **names = take_n(r->a, const char *, json_array_size(v));
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!read_string(r, ITEM(p, i), json_array_get(v, i), &names[i])) return false;
    *of = names;
    *of_n = (int)json_array_size(v);
    return true;
}

/* Every name stands among the first n components, or is the minimum bill above. */
static bool names_are_known(Reader *r, const Path *p, const char *const *of, int of_n, int n, bool has_minimum) {
    for (int i = 0; i < of_n; i++) {
        bool known = has_minimum && !strcmp(of[i], "MIN_BILL");
        for (int c = 0; c < n && !known; c++) known = tariff_names(&r->t->components[c].rate, of[i]);
        if (!known)
            return wrong(r, ITEM(p, i), text(r->a, "\"%s\" names nothing above", shown(r->a, of[i], strlen(of[i]))));
    }
    return true;
}

static bool read_season(Reader *r, const Path *owner, json_t *v, uint16_t *to) {
    const Path *p = AT(owner, "season");
    if (!v) return true;
    if (!is_list(r, p, v, 12)) return false;
    if (!date_is_set(r->end)) return wrong(r, p, "needs period.start and period.end");
    for (size_t i = 0; i < json_array_size(v); i++) {
        int month = 0;
        if (!read_count_if(r, ITEM(p, i), json_array_get(v, i), 1, 12, &month)) return false;
        if (*to >> month & 1) return wrong(r, ITEM(p, i), text(r->a, "month %d is given twice", month));
        *to = (uint16_t)(*to | 1 << month);
    }
    return true;
}

static bool read_range(Reader *r, const Path *owner, json_t *v, TariffRate *rate) {
    static const char *const keys[] = { "above", "upto", NULL };
    const Path *p = AT(owner, "usage_range");
    if (!v) return true;
    if (!is_object(r, p, v) || !only_keys(r, p, v, keys)) return false;
    json_t *above = json_object_get(v, "above"), *upto = json_object_get(v, "upto");
    if (!above && !upto) return wrong(r, p, "must have above, upto or both");
    if (!read_decimal_if(r, AT(p, "above"), above, NOT_NEGATIVE, &rate->above.micro) ||
        !read_decimal_if(r, AT(p, "upto"), upto, NOT_NEGATIVE, &rate->upto.micro)) return false;
    if (above && upto && rate->upto.micro <= rate->above.micro)
        return wrong(r, AT(p, "upto"),
                     text(r->a, "must be greater than %s", exact_text(r->a, exact_micro(rate->above.micro), 0, 6)));
    rate->has_above = above != NULL;
    rate->has_upto = upto != NULL;
    return true;
}

static bool read_quantity(Reader *r, const Path *owner, json_t *v, TariffQuantity *to) {
    const Path *p = AT(owner, "quantity");
    if (!v) return true;
    if (!json_is_string(v) || !json_string_length(v) || json_string_length(v) != strlen(json_string_value(v)) ||
        !tariff_quantity_parse(r->a, json_string_value(v), to) || to->kind == QUANTITY_RATCHET)
        return wrong(r, p, "must be usage, an attribute, min(a,b), ceil(a/n) or a/n with n above 0");
    return (!to->a || attribute_is_there(r, p, to->a)) && (!to->b || attribute_is_there(r, p, to->b));
}

/* Charge type and calculation: what the other keys are judged by. */
static bool read_kind(Reader *r, const Path *p, json_t *v, TariffRate *rate) {
    json_t *type = json_object_get(v, "charge_type"), *calc = json_object_get(v, "calc");
    int found = -1;
    if (!required(r, AT(p, "charge_type"), type)) return false;
    if (!json_is_string(type) || json_string_length(type) != strlen(json_string_value(type)) ||
        !charge_type_is_valid(json_string_value(type)))
        return wrong(r, AT(p, "charge_type"), "must be capitals, digits and _, at most 40, a letter first");
    if (!required(r, AT(p, "calc"), calc) ||
        !read_word_if(r, AT(p, "calc"), calc, tariff_calc_find, "flat, per_unit, tiered, flat_by_tier, tou or percent",
                      &found))
        return false;
    rate->charge_type = text_copy(r->a, json_string_value(type));
    rate->calc = (TariffCalc)found;
    return true;
}

static bool read_percent(Reader *r, const Path *p, json_t *v, TariffRate *rate, int index) {
    json_t *cap = json_object_get(v, "cap_per_unit");
    rate->has_cap = cap != NULL;
    return read_decimal(r, AT(p, "percent"), json_object_get(v, "percent"), price_sign(rate), &rate->percent_e6) &&
           read_names(r, AT(p, "of"), json_object_get(v, "of"), &rate->of, &rate->of_n) &&
           names_are_known(r, AT(p, "of"), rate->of, rate->of_n, index, index > r->minimum_place) &&
           read_decimal_if(r, AT(p, "cap_per_unit"), cap, NOT_NEGATIVE, &rate->cap_per_unit.micro);
}

static bool read_component(Reader *r, const Path *p, json_t *v, int index, TariffComponent *c) {
    TariffRate *rate = &c->rate;
    *rate = TARIFF_RATE_DEFAULT;
    if (!is_object(r, p, v) || !read_kind(r, p, v, rate) || !only_component_keys(r, p, v, rate->calc)) return false;
    json_t *versions = json_object_get(v, "rate_versions"), *minimum = json_object_get(v, "minimum");
    int basis = BASIS_PER_BILL, mode = TIERS_MARGINAL, period = TIERS_BY_BILL;
    rate->has_minimum = minimum != NULL;
    if (versions && minimum) return wrong(r, AT(p, "minimum"), "does not stand with rate_versions");
    if (versions && json_object_get(v, price_keys[rate->calc]))
        return wrong(r, AT(p, price_keys[rate->calc]), "does not stand with rate_versions");
    bool good = read_text_if(r, AT(p, "service"), json_object_get(v, "service"), TEXT_MAX, &rate->service) &&
                read_text_if(r, AT(p, "label"), json_object_get(v, "label"), TEXT_MAX, &rate->label) &&
                read_word_if(r, AT(p, "basis"), json_object_get(v, "basis"), tariff_basis_find,
                             "per_bill, per_month, per_day or per_year", &basis) &&
                read_word_if(r, AT(p, "tier_mode"), json_object_get(v, "tier_mode"), tier_mode_find,
                             "marginal or whole", &mode) &&
                read_word_if(r, AT(p, "tier_period"), json_object_get(v, "tier_period"), tier_period_find,
                             "bill, month or day", &period) &&
                read_count_if(r, AT(p, "year_days"), json_object_get(v, "year_days"), 365, 366, &rate->year_days) &&
                read_bool_if(r, AT(p, "prorate"), json_object_get(v, "prorate"), &rate->prorate) &&
                read_decimal_if(r, AT(p, "normal_days"), json_object_get(v, "normal_days"), ABOVE_ZERO,
                                &rate->normal_days_micro) &&
                read_quantity(r, p, json_object_get(v, "quantity"), &rate->quantity) &&
                read_decimal_if(r, AT(p, "qty_percent"), json_object_get(v, "qty_percent"), NOT_NEGATIVE,
                                &rate->qty_percent_e6) &&
                read_decimal_if(r, AT(p, "included_qty"), json_object_get(v, "included_qty"), NOT_NEGATIVE,
                                &rate->included_qty.micro) &&
                read_decimal_if(r, AT(p, "minimum"), minimum, NOT_NEGATIVE, &rate->minimum.micro) &&
                read_season(r, p, json_object_get(v, "season"), &rate->season) &&
                read_range(r, p, json_object_get(v, "usage_range"), rate);
    if (!good) return false;
    rate->basis = (TariffBasis)basis;
    rate->tier_mode = (TierMode)mode;
    rate->tier_period = (TierPeriod)period;
    if (rate->calc == CALC_PERCENT) return read_percent(r, p, v, rate, index);
    return versions ? read_versions(r, p, versions, c) : read_prices(r, p, v, rate, &rate->prices);
}

/* ---- Minimum bill ---- */

/* Reads all of it but what `of` names, which stands in components not read yet. */
static bool read_minimum(Reader *r, json_t *v) {
    static const char *const keys[] = { "amount", "of", "prorate", "normal_days", NULL };
    const Path *p = AT(NULL, "minimum_bill");
    TariffMinimum *m = &r->t->minimum;
    if (!v) return true;
    *m = (TariffMinimum){ .is_set = true, .normal_days_micro = 30000000 };
    return is_object(r, p, v) && only_keys(r, p, v, keys) &&
           read_decimal(r, AT(p, "amount"), json_object_get(v, "amount"), NOT_NEGATIVE, &m->amount.micro) &&
           read_names(r, AT(p, "of"), json_object_get(v, "of"), &m->of, &m->of_n) &&
           read_bool_if(r, AT(p, "prorate"), json_object_get(v, "prorate"), &m->prorate) &&
           read_decimal_if(r, AT(p, "normal_days"), json_object_get(v, "normal_days"), ABOVE_ZERO,
                           &m->normal_days_micro);
}

/* The last component that the minimum names, from the names alone: the components have not been read yet. */
static int minimum_place(const Reader *r, json_t *components) {
    int place = QUOTE_COMPONENTS_MAX;
    for (size_t i = 0; r->t->minimum.is_set && i < json_array_size(components); i++)
        for (int n = 0; n < r->t->minimum.of_n; n++) {
            const char *type = json_string_value(json_object_get(json_array_get(components, i), "charge_type"));
            const char *label = json_string_value(json_object_get(json_array_get(components, i), "label"));
            if ((type && !strcmp(type, r->t->minimum.of[n])) || (label && !strcmp(label, r->t->minimum.of[n])))
                place = (int)i;
        }
    return place;
}

static bool read_components(Reader *r, json_t *v, json_t *minimum) {
    const Path *p = AT(NULL, "components");
    if (!required(r, p, v) || !is_list(r, p, v, QUOTE_COMPONENTS_MAX) || !read_minimum(r, minimum)) return false;
    TariffComponent *components = take_n(r->a, TariffComponent, json_array_size(v));
    r->t->components = components;
    r->minimum_place = minimum_place(r, v);
    for (size_t i = 0; i < json_array_size(v); i++, r->t->component_n++)
        if (!read_component(r, ITEM(p, i), json_array_get(v, i), (int)i, &components[i])) return false;
    const TariffMinimum *m = &r->t->minimum;
    return names_are_known(r, AT(AT(NULL, "minimum_bill"), "of"), m->of, m->of_n, r->t->component_n, false);
}

/* ---- The document ---- */

static bool read_document(Reader *r, json_t *v, const char **currency) {
    static const char *const keys[] = { "format",      "currency",   "rounding",        "period",
                                        "full_period", "months",     "factor_decimals", "usage",
                                        "attributes",  "components", "minimum_bill",    NULL };
    TariffPeriod *p = &r->t->period;
    int rounding = ROUND_HALF_UP;
    bool good = only_keys(r, NULL, v, keys) && read_format(r, json_object_get(v, "format")) &&
                read_currency(r, json_object_get(v, "currency"), currency) &&
                read_word_if(r, AT(NULL, "rounding"), json_object_get(v, "rounding"), rounding_find,
                             "half_up or half_even", &rounding) &&
                read_period(r, json_object_get(v, "period")) &&
                read_bool_if(r, AT(NULL, "full_period"), json_object_get(v, "full_period"), &p->full) &&
                read_count_if(r, AT(NULL, "months"), json_object_get(v, "months"), 1, 12, &p->months) &&
                read_count_if(r, AT(NULL, "factor_decimals"), json_object_get(v, "factor_decimals"), 0, 6,
                              &p->factor_decimals) &&
                read_usage(r, json_object_get(v, "usage")) && read_attributes(r, json_object_get(v, "attributes")) &&
                read_components(r, json_object_get(v, "components"), json_object_get(v, "minimum_bill"));
    p->rounding = (Rounding)rounding;
    return good;
}

/* What the JSON parser found wrong. */
static const char *json_problem(Arena *a, const char *bytes, size_t n, const json_error_t *e) {
    switch (json_error_code(e)) {
    case json_error_duplicate_key:    return text(a, "%s: is given twice", path_at(a, bytes, n, (size_t)e->position));
    case json_error_numeric_overflow:
        return text(a, "%s: the number is too large", path_at(a, bytes, n, (size_t)e->position));
    default:                          return text(a, "document: not valid JSON at line %d", e->line > 0 ? e->line : 1);
    }
}

/* Nothing right is nested so deeply; and the walks over the document need no other bound. */
static bool is_too_deep(const char *bytes, size_t n) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < n && depth <= DEPTH_MAX; i++) {
        if (in_string && bytes[i] == '\\') i++;
        else if (bytes[i] == '"') in_string = !in_string;
        else if (!in_string && (bytes[i] == '{' || bytes[i] == '[')) depth++;
        else if (!in_string && (bytes[i] == '}' || bytes[i] == ']')) depth--;
    }
    return depth > DEPTH_MAX;
}

QuoteDocument quote_read(Arena *a, const char *bytes, size_t n) {
    QuoteDocument d = { .tariff = { .period = { .full = true, .months = 1, .factor_decimals = -1, .explain = true } } };
    if (n > QUOTE_BYTES_MAX) return d.problem = "document: must have at most 256 KiB", d;
    if (is_too_deep(bytes, n)) return d.problem = "document: is nested too deeply", d;
    json_error_t e;
    json_t *v = json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
    if (!v) return d.problem = json_problem(a, bytes, n, &e), d;
    Reader r = { .a = a, .bytes = bytes, .n = n, .t = &d.tariff, .start = DATE_NONE, .end = DATE_NONE };
    if (!json_is_object(v)) d.problem = "document: must be a JSON object";
    else if (!read_document(&r, v, &d.currency)) d.problem = r.problem;
    else {
        char *usage = json_dumps(json_object_get(v, "usage"), JSON_COMPACT);
        d.usage = text_copy(a, usage);
        free(usage);
    }
    d.start = r.start;
    d.end = r.end;
    json_decref(v);
    return d;
}

const char *quote_refusal(Arena *a, const Tariff *t, const TariffResult *r) {
    static const char *const words[] = { [TARIFF_TOO_PRECISE] = "too precise", [TARIFF_TOO_LARGE] = "too large",
                                         [TARIFF_NO_ATTRIBUTE] = "names an attribute that is not there",
                                         [TARIFF_NO_PRICE] = "has no price for a time-of-use period" };
    if (r->problem == TARIFF_OK || r->problem == TARIFF_NOT_NOW) return NULL;
    if (r->component < 0) return text(a, "minimum_bill: %s", words[r->problem]);
    if (r->component == t->component_n) return text(a, "components: %s", words[r->problem]);
    return text(a, "components[%d]: %s", r->component, words[r->problem]);
}

/* ---- Answer ---- */

static void add_line(Text *t, const TariffLine *l, int exponent) {
    text_add(t, "    { \"charge_type\": ");
    quote_string(t, l->charge_type);
    text_add(t, ", \"service\": ");
    quote_string(t, l->service);
    text_add(t, ", \"label\": ");
    quote_string(t, l->label);
    text_add(t, ", \"quantity\": ");
    quote_string(t, l->has_quantity ? exact_decimal(t->arena, l->quantity, 6) : NULL);
    text_add(t, ", \"amount\": ");
    quote_string(t, wide_text(t->arena, l->amount.minor, exponent));
    text_add(t, ",\n      \"explain\": ");
    quote_string(t, l->explain ? l->explain : "");
    text_add(t, " }");
}

char *quote_answer(Arena *a, const QuoteDocument *d, const TariffResult *r) {
    int exponent = d->tariff.period.exponent;
    Text t = text_start(a);
    text_add(&t, r->n ? "{ \"lines\": [\n" : "{ \"lines\": [");
    for (int i = 0; i < r->n; i++) {
        add_line(&t, &r->lines[i], exponent);
        text_add(&t, i + 1 < r->n ? ",\n" : " ");
    }
    text_addf(&t, "],\n  \"total\": \"%s\", \"currency\": \"%s\" }\n", wide_text(a, r->total.minor, exponent),
              d->currency);
    return t.s;
}

bool quote_run(Arena *a, const char *bytes, size_t n, const char **answer) {
    QuoteDocument d = quote_read(a, bytes, n);
    if ((*answer = d.problem)) return false;
    TariffResult r = tariff_compute(a, &d.tariff);
    if ((*answer = quote_refusal(a, &d.tariff, &r))) return false;
    *answer = quote_answer(a, &d, &r);
    return true;
}
