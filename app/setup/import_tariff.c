/*
 * Plans and rates of other systems (ONB04US01, ONB02US05): a row for each component, the plan repeated in each. They
 * make a plan with a draft of its first version, which is submitted, compared and approved like any other; whose file
 * it is counts as who made it. Seasons and times of use are entered on the plan's page.
 */
#include <string.h>

#include "app/core/size_rules.h"
#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "app/setup/plan.h"
#include "app/setup/plan_rules.h"
#include "lib/db.h"

enum { LINES_MOST = 20, WORDS_MOST = 20, STEP = 10, SEQUENCE_MOST = 999 };
#define PRICE_MOST 1000000000000

static const ImportColumn columns[] = {
    { "plan_code",      IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY | IMPORT_UPPER, 20, .example = "RES-OLD",
      .also = "plan tariff_code" },
    { "rate_code",      IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY | IMPORT_UPPER, 30, .example = "WATER-USE",
      .also = "code component rate" },
    { "plan_name",      IMPORT_TEXT, IMPORT_REQUIRED, 80, .example = "Residential, old prices" },
    { "kind",           IMPORT_TEXT, .values = "fixed variable", .example = "variable" },
    { "services",       IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 80, .example = "WA",
      .guide = "Codes, separated by blanks; the first is the main one" },
    { "categories",     IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_UPPER, 200, .example = "RES",
      .guide = "Codes, separated by blanks" },
    { "standard_days",  IMPORT_TEXT, .values = "30 60 90 365", .example = "30", .guide = "Of a period; empty: 30" },
    { "effective_from", IMPORT_DATE, IMPORT_REQUIRED, .example = "2026-07-01", .also = "valid_from from" },
    { "sequence",       IMPORT_INT,  .example = "", .guide = "Empty: in the order of the file" },
    { "label",          IMPORT_TEXT, IMPORT_REQUIRED, 80, .example = "Water use", .also = "name description",
      .guide = "As it is printed on the bill" },
    { "type",           IMPORT_TEXT, IMPORT_REQUIRED, .values = "fixed meter_size flat tiered flat_by_tier demand "
      "wastewater stormwater minimum maximum surcharge adjustment_factor rebate tax", .example = "tiered",
      .guide = "Seasons and times of use are entered on the plan's page" },
    { "charge_type",    IMPORT_TEXT, IMPORT_UPPER, 30, .example = "", .guide = "Empty: the usual one of the type" },
    { "service",        IMPORT_TEXT, IMPORT_UPPER, 4, .example = "", .guide = "Empty: the plan's first" },
    { "gl_code",        IMPORT_TEXT, IMPORT_REQUIRED, 12, .example = "4020", .also = "account gl" },
    { "amount",         IMPORT_MONEY,   .example = "", .guide = "Of fixed ones, minimum, maximum" },
    { "price",          IMPORT_DECIMAL, .example = "", .also = "rate_price unit_price", .guide = "Of a unit" },
    { "percent",        IMPORT_DECIMAL, .example = "", .guide = "Of the lines in refs" },
    { "tiers",          IMPORT_TEXT, .max = 600, .example = "6:3.85; 12:5.20; :7.90",
      .guide = "Upper limit and price of each; the last without a limit" },
    { "sizes",          IMPORT_TEXT, .max = 600, .example = "", .guide = "Meter sizes: 5/8:18.50; 1:27.25" },
    { "basis",          IMPORT_TEXT, .values = "per_month per_bill per_day per_year", .example = "",
      .guide = "Empty: per_month" },
    { "share",          IMPORT_DECIMAL, .example = "", .guide = "Percent of the volume, of wastewater; empty: 100" },
    { "quantity",       IMPORT_TEXT, .max = 60, .example = "", .guide = "Empty: usage" },
    { "refs",           IMPORT_TEXT, IMPORT_UPPER, 400, .example = "",
      .guide = "Codes of components above, or charge types, separated by blanks" },
    { "taxes",          IMPORT_TEXT, IMPORT_UPPER, 200, .example = "", .guide = "Codes of taxes on it" },
    { "tax_code",       IMPORT_TEXT, IMPORT_UPPER, 20, .example = "", .guide = "Of a component of type tax" },
    { 0 } };

/* --- types -------------------------------------------------------------------------------------------------------- */

enum { AMOUNT = 1, PRICE_ = 2, PERCENT_ = 4, TIERS = 8, SIZES = 16, TAX = 32, MAY_BE_NEGATIVE = 64 };

/* Which prices a type takes, and the quantity that the engine reads for it. */
static const struct RateKind { const char *type; unsigned takes; const char *quantity; } kinds[] = {
    { "fixed",               AMOUNT, NULL },
    { "meter_size",          SIZES, NULL },
    { "flat",                PRICE_, NULL },
    { "tiered",              TIERS, NULL },
    { "flat_by_tier",        TIERS, NULL },
    { "demand",              PRICE_, "demand" },
    { "wastewater",          PRICE_ | PERCENT_, NULL },
    { "stormwater",          PRICE_, "eru" },
    { "minimum",             AMOUNT, NULL },
    { "maximum",             AMOUNT, NULL },
    { "surcharge",           AMOUNT | PRICE_ | PERCENT_ | MAY_BE_NEGATIVE, NULL },
    { "adjustment_factor",   AMOUNT | PRICE_ | PERCENT_ | MAY_BE_NEGATIVE, NULL },
    { "rebate",              AMOUNT | PRICE_ | PERCENT_, NULL },
    { "tax",                 TAX, NULL },
};
typedef struct RateKind RateKind;

static const struct { unsigned bit; const char *column, *calc; } prices[] = { { AMOUNT, "amount", "flat" },
    { PRICE_, "price", "per_unit" }, { PERCENT_, "percent", "percent" }, { TIERS, "tiers", "tiered" },
    { SIZES, "sizes", "flat" }, { TAX, "tax_code", "percent" } };
enum { PRICES = sizeof prices / sizeof *prices };

static const RateKind *kind_of(const char *type) {
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, type)) return &kinds[i];
    return NULL;
}

/* --- a row -------------------------------------------------------------------------------------------------------- */

typedef struct PricedLine { const char *size; bool unlimited; Quantity upto; int64_t value; } PricedLine;
typedef struct Words { const char *v[WORDS_MOST]; size_t n; } Words;
typedef struct Component {
    const RateKind *kind;
    const char     *calc, *charge, *service;
    unsigned        price;          /* which of prices it has */
    PricedLine      line[LINES_MOST];
    int             lines;
    Words           services, categories, refs, taxes;
    Id              plan, version;  /* a draft of an earlier import; 0: to be made */
} Component;

static Words words_of(Ctx *c, const char *list) {
    Words w = { .n = 0 };
    for (char *s = text_copy(c, list), *one; s && (one = strsep(&s, " ,;"));)
        if (*one && w.n < WORDS_MOST) w.v[w.n++] = one;
    return w;
}

static bool has_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *s = words; (s = strstr(s, word)); s += n)
        if ((s == words || s[-1] == ' ') && (!s[n] || s[n] == ' ')) return true;
    return false;
}

static void unknown(Faults *to, size_t i, const char *column, const char *value) {
    fault_with(fault_add(to, i, FAULT_UNKNOWN, column, "import.unknown"), "value", value);
}

static void rule(Faults *to, size_t i, const char *column, const char *problem) {
    fault_with(fault_add(to, i, FAULT_RULE, column, "import.row_wrong"), "problem", problem);
}

/* "6:3.85; :7.90" and "5/8:18.50": false when it is not that. */
static bool lines_read(Ctx *c, const char *s, bool sizes, int places, Component *to) {
    for (char *rest = text_copy(c, s), *one; (one = strsep(&rest, ";"));) {
        one += strspn(one, " ");
        if (!*one) continue;
        char *price = strrchr(one, ':');
        if (!price || to->lines == LINES_MOST) return false;
        *price++ = 0;
        price += strspn(price, " ");
        price[strcspn(price, " ")] = 0;
        one[strcspn(one, " ")] = 0;
        PricedLine *l = &to->line[to->lines++];
        *l = (PricedLine){ .size = one, .unlimited = !*one };
        if (number_parse(price, NUMBER_PLAIN, (NumberRule){ places, 11, false }, &l->value) != NUMBER_OK) return false;
        if (sizes ? !*one || strlen(one) > 10 : *one && number_parse(one, NUMBER_PLAIN, (NumberRule){ 6, 12, false },
                                                                     &l->upto.micro) != NUMBER_OK) return false;
    }
    return to->lines > 0;
}

static void lines_check(Ctx *c, Faults *to, const ImportSet *s, size_t i, Component *k) {
    bool sizes = k->price == SIZES, money = sizes || !strcmp(k->kind->type, "flat_by_tier");
    const char *column = sizes ? "sizes" : "tiers";
    if (!lines_read(c, import_text(s, i, column), sizes, money ? utility_here(c)->exponent : 6, k)) {
        fault_add(to, i, FAULT_TYPE, column, sizes ? "import.tariff_sizes" : "import.tariff_tiers");
        return;
    }
    TierEnds ends[LINES_MOST];
    for (int n = 0; n < k->lines; n++) {
        ends[n] = (TierEnds){ .upto = k->line[n].upto, .unlimited = k->line[n].unlimited };
        if (sizes && meter_size_rank(k->line[n].size) < 0)
            rule(to, i, column, msg_format(c, c->language, "plan.no_size", { "size", k->line[n].size }));
        for (int j = 0; sizes && j < n; j++)
            if (!strcmp(k->line[j].size, k->line[n].size))
                rule(to, i, column, text(c, "%s is there twice.", k->line[n].size));
        if (!money && k->line[n].value > PRICE_MOST) fault_add(to, i, FAULT_RULE, column, "import.tariff_most");
    }
    const char *wrong = sizes ? NULL : tiers_problem(&c->mem, ends, k->lines);
    if (wrong) rule(to, i, column, wrong);
}

static const char *takes(Ctx *c, const RateKind *k) {
    Text t = text_start(c);
    text_add(&t, "");
    for (int i = 0; i < PRICES; i++)
        if (k->takes & prices[i].bit) text_addf(&t, "%s%s", t.n ? ", " : "", prices[i].column);
    return t.s;
}

/* Exactly one price, of those that the type takes. */
static void price_check(Ctx *c, Faults *to, const ImportSet *s, size_t i, Component *k) {
    int given = 0;
    for (int p = 0; p < PRICES; p++)
        if (import_has(s, i, prices[p].column)) given++, k->price = prices[p].bit, k->calc = prices[p].calc;
    if (given != 1 || !(k->kind->takes & k->price)) {
        fault_with(fault_with(fault_add(to, i, given ? FAULT_RULE : FAULT_REQUIRED, prices[0].column,
                                        "import.tariff_price"), "type", k->kind->type), "columns", takes(c, k->kind));
        k->price = 0;
        return;
    }
    if (!strcmp(k->kind->type, "flat_by_tier")) k->calc = "flat_by_tier";
    bool minus = k->kind->takes & MAY_BE_NEGATIVE;
    int64_t price = import_qty(s, i, "price").micro, percent = import_qty(s, i, "percent").micro;
    if (!minus && (import_money(c, s, i, "amount").minor < 0 || price < 0 || percent < 0))
        fault_add(to, i, FAULT_RULE, k->price == AMOUNT ? "amount" : k->price == PRICE_ ? "price" : "percent",
                  "import.tariff_negative");
    if (price > PRICE_MOST) fault_add(to, i, FAULT_RULE, "price", "import.tariff_most");
    if (percent > 100 * 1000000LL || percent < -100 * 1000000LL)
        fault_add(to, i, FAULT_RULE, "percent", "import.tariff_percent");
    if (k->price == TIERS || k->price == SIZES) lines_check(c, to, s, i, k);
}

static void codes_check(Faults *to, const ImportSet *s, size_t i) {
    const char *plan = import_text(s, i, "plan_code"), *rate = import_text(s, i, "rate_code");
    if (plan && (strlen(plan) < 2 || strspn(plan, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(plan)))
        fault_add(to, i, FAULT_RULE, "plan_code", "import.area_code");
    if (rate && strspn(rate, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != strlen(rate))
        fault_add(to, i, FAULT_RULE, "rate_code", "import.tariff_code");
}

/* A component named above in the same plan, or a charge type. */
static void refs_check(Ctx *c, Faults *to, const ImportSet *s, size_t i, const Component *k) {
    const char *plan = import_text(s, i, "plan_code");
    for (size_t n = 0; n < k->refs.n; n++) {
        const char *ref = k->refs.v[n];
        bool found = false;
        for (size_t j = 0; j < i && !found && plan; j++) {
            const char *its = import_text(s, j, "plan_code"), *code = import_text(s, j, "rate_code");
            found = its && code && !strcmp(its, plan) && !strcmp(code, ref);
        }
        if (!found && !db_int(c, "select exists (select 1 from charge_type where utility_id=? and code=?) or exists "
                                 "(select 1 from tariff_rate where version_id=? and code=?)", c->utility, ref,
                              k->version, ref)) unknown(to, i, "refs", ref);
    }
}

static void known_check(Ctx *c, Faults *to, size_t i, const char *column, const Words *w, int what) {
    for (size_t n = 0; n < w->n; n++) {
        const char *code = w->v[n];
        bool there = what == 0
            ? db_int(c, "select exists (select 1 from utility_service where utility_id=? and code=? and active=1)",
                     c->utility, code)
            : what == 1 ? db_int(c, "select exists (select 1 from consumer_category where utility_id=? and code=? and "
                                    "parent_id is null)", c->utility, code)
            : db_int(c, "select exists (select 1 from tax_code where utility_id=? and code=? and active=1)", c->utility,
                     code);
        if (!there) unknown(to, i, column, code);
    }
}

static void part_check(Ctx *c, Faults *to, const ImportSet *s, size_t i, Component *k) {
    const char *charge = import_text(s, i, "charge_type"), *quantity = import_text(s, i, "quantity"),
               *tax = import_text(s, i, "tax_code");
    const char *charges = plan_rate_charges(k->kind->type);
    char *usual = text_copy(c, charges);
    usual[strcspn(usual, " ")] = 0;
    k->charge = charge ? charge : usual;
    if (charge && !has_word(charges, charge))
        fault_with(fault_add(to, i, FAULT_VALUE, "charge_type", "import.no_value"), "values", charges);
    k->service = import_text(s, i, "service");
    if (!k->service && k->services.n) k->service = k->services.v[0];
    bool ours = !import_has(s, i, "service");
    for (size_t n = 0; n < k->services.n; n++) ours |= k->service && !strcmp(k->services.v[n], k->service);
    if (!ours) unknown(to, i, "service", k->service);
    if (quantity && !tariff_quantity_known(c, quantity)) unknown(to, i, "quantity", quantity);
    if (tax) known_check(c, to, i, "tax_code", &(Words){ { tax }, 1 }, 2);
    known_check(c, to, i, "taxes", &k->taxes, 2);
    int sequence = import_int(s, i, "sequence");
    if (import_has(s, i, "sequence") && (sequence < 1 || sequence > SEQUENCE_MOST))
        fault_add(to, i, FAULT_RULE, "sequence", "import.tariff_sequence");
    price_check(c, to, s, i, k);
    refs_check(c, to, s, i, k);
}

#define STANDING(F, T) F(T, int, row_no) F(T, Id, plan) F(T, Id, version) F(T, bool, is_draft)
ROW(Standing, STANDING)

/* Plans that are there: taken, but for drafts that files brought, to which components are added. */
static void plans_check(Ctx *c, Faults *to, const ImportSet *s, Component *v) {
    const char **key = take_n(c, const char *, s->n + 1), **name = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) key[i] = import_text(s, i, "plan_code"), name[i] = import_text(s, i, "plan_name");
    Standings l = db_all(c, Standing, "select j.row_no, p.id as plan, coalesce(w.id, 0) as version, w.id is not null "
        "and p.status='draft' and not exists (select 1 from tariff_plan_version o where o.plan_id=p.id and o.id<>w.id) "
        "as is_draft from json_table(?, '$[*]' columns (row_no int path '$[0]', value varchar(20) path '$[1]')) j "
        "straight_join tariff_plan p on p.utility_id=? and p.code=j.value collate utf8mb4_bin left join "
        "tariff_plan_version w on w.plan_id=p.id and w.version_no=1 and w.state='draft' and exists (select 1 from "
        "tariff_rate x join import_link k on k.entity='tariff' and k.entity_id=x.id where x.version_id=w.id)",
                         json_keys(c, key, s->n), c->utility);
    for (size_t i = 0; i < l.n; i++) {
        const Standing *p = &l.v[i];
        if (p->is_draft) v[p->row_no].plan = p->plan, v[p->row_no].version = p->version;
        else fault_with(fault_add(to, (size_t)p->row_no, FAULT_THERE, "plan_code", "import.area_there"), "no",
                        key[p->row_no]);
    }
    l = db_all(c, Standing, "select j.row_no, p.id as plan, p.id as version, 0 as is_draft from json_table(?, '$[*]' "
        "columns (row_no int path '$[0]', value varchar(80) path '$[1]')) j straight_join tariff_plan p "
        "on p.utility_id=? and p.name=j.value", json_keys(c, name, s->n), c->utility);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].plan.id != v[l.v[i].row_no].plan.id)
            fault_with(fault_add(to, (size_t)l.v[i].row_no, FAULT_THERE, "plan_name", "import.area_there"), "no",
                       name[l.v[i].row_no]);
}

static bool same(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

/* What a plan has once is the same in all its rows; an order is given once. */
static void rows_agree(Ctx *c, Faults *to, const ImportSet *s) {
    static const char *const once[] = { "plan_name", "kind", "services", "categories", "standard_days",
                                        "effective_from" };
    const char **key = take_n(c, const char *, s->n + 1), **order = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) {
        key[i] = import_text(s, i, "plan_code");
        if (key[i] && import_has(s, i, "sequence")) order[i] = text(c, "%s %s", key[i], import_text(s, i, "sequence"));
    }
    size_t *first = first_with_key(&c->mem, key, s->n), *first_order = first_with_key(&c->mem, order, s->n);
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; key[i] && first[i] != i && k < sizeof once / sizeof *once; k++)
            if (!same(import_text(s, i, once[k]), import_text(s, first[i], once[k])))
                fault_with(fault_add(to, i, FAULT_RULE, once[k], "import.tariff_once"), "plan", key[i]);
        if (order[i] && first_order[i] != i) fault_add(to, i, FAULT_RULE, "sequence", "import.tariff_order");
    }
}

static Id gl_find(Ctx *c, const char *code) {
    return db_id(c, "select id from gl_code where utility_id=? and code=? and active=1 and type in ('revenue', "
                    "'liability', 'expense')", c->utility, code);
}

static Component *components_of(Ctx *c, const ImportSet *s, Faults *to) {
    Component *v = take_n(c, Component, s->n + 1);
    import_unknown(to, s, "gl_code", import_codes(c, s, "gl_code", gl_find));
    plans_check(c, to, s, v);
    rows_agree(c, to, s);
    for (size_t i = 0; i < s->n; i++) {
        Component *k = &v[i];
        k->services = words_of(c, import_text(s, i, "services"));
        k->categories = words_of(c, import_text(s, i, "categories"));
        k->refs = words_of(c, import_text(s, i, "refs")), k->taxes = words_of(c, import_text(s, i, "taxes"));
        codes_check(to, s, i);
        known_check(c, to, i, "services", &k->services, 0);
        known_check(c, to, i, "categories", &k->categories, 1);
        k->kind = kind_of(import_text(s, i, "type"));
        if (k->kind) part_check(c, to, s, i, k);
    }
    return v;
}

static Faults check(Ctx *c, const ImportSet *s) {
    Faults to = faults_start(c);
    components_of(c, s, &to);
    return to;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

static const char *list_of(Ctx *c, const Words *w) { return w->n ? plan_list_json(c, w->v, w->n) : NULL; }

static void make_plan(Ctx *c, const ImportSet *s, size_t i, Component *k) {
    const char *code = import_text(s, i, "plan_code"), *kind = import_text(s, i, "kind"),
               *days = import_text(s, i, "standard_days");
    k->plan = db_insert(c, "insert into tariff_plan (utility_id, code, plan_no, name, kind, service_codes, "
        "category_ids, standard_days, tolerance_days, currency, status, created_at, created_by, updated_at, "
        "updated_by) values (?,?,?,?,?,?,(select json_arrayagg(g.id order by g.code) from consumer_category g "
        "where g.utility_id=? and g.parent_id is null and json_contains(?, json_quote(g.code))),?,?,?,'draft',?,?,?,?)",
        c->utility, code, id_next(c, "tariff_plan"), import_text(s, i, "plan_name"), kind ? kind : "variable",
        list_of(c, &k->services), c->utility, list_of(c, &k->categories), days ? days : "30",
        !days || !strcmp(days, "30") ? 5 : !strcmp(days, "60") ? 8 : 10, utility_here(c)->currency, c->now, s->by,
        c->now, s->by);
    plan_version_add(c, k->plan, import_date(s, i, "effective_from"), "Import", &k->version);
    db_run(c, "update tariff_plan_version set created_by=?, updated_by=? where id=?", s->by, s->by, k->version);
    audit_write(c, &(Audit){ .action = "create", .entity = "tariff_plan", .id = k->plan, .number = code, .version = 1,
                             .after = json_pairs(c, "code", code, "name", import_text(s, i, "plan_name"), NULL) });
}

static void store_lines(Ctx *c, Id rate, const Component *k) {
    bool amounts = !strcmp(k->calc, "flat_by_tier");
    for (int i = 0; i < k->lines; i++) {
        const PricedLine *l = &k->line[i];
        if (k->price == SIZES)
            db_run(c, "insert into tariff_meter_size_price (rate_id, size, amount_minor) values (?,?,?)", rate, l->size,
                   (Money){ l->value });
        else
            db_run(c, "insert into tariff_tier (rate_id, seq, upto_qty_micro, rate_micro, amount_minor) "
                      "values (?,?,if(?,null,?),if(?,null,?),if(?,?,null))", rate, i + 1, l->unlimited, l->upto,
                   amounts, (Price){ l->value }, amounts, (Money){ l->value });
    }
}

static Id store(Ctx *c, const ImportSet *s, size_t i, const Component *k) {
    const char *quantity = import_text(s, i, "quantity"), *basis = import_text(s, i, "basis");
    bool demand = !strcmp(k->kind->type, "demand"), unit = k->price == PRICE_, flat = !strcmp(k->calc, "flat"),
         percent = k->price == PERCENT_, least = !strcmp(k->kind->type, "minimum");
    if (!quantity) quantity = k->kind->quantity ? k->kind->quantity : "usage";
    const char *unit_name = !unit && k->price != TIERS ? NULL : !strcmp(quantity, "eru") ? "ERU" : demand ? "kW"
        : db_text(c, "select unit from utility_service where utility_id=? and code=?", c->utility, k->service);
    int64_t sequence = import_has(s, i, "sequence") ? import_int(s, i, "sequence")
        : db_int(c, "select coalesce(max(sequence), 0) + ? from tariff_rate where version_id=?", (int)STEP, k->version);
    if (sequence > SEQUENCE_MOST) return (Id){ 0 };
    Money amount = import_money(c, s, i, "amount");
    Price price = { import_qty(s, i, "price").micro };
    int64_t ppm = import_qty(s, i, "percent").micro / 100,
            share = import_has(s, i, "share") ? import_qty(s, i, "share").micro / 100 : 1000000;
    Id rate = db_insert(c, "insert into tariff_rate (utility_id, version_id, sequence, code, label, type, charge_type, "
        "calc, basis, prorate, service_code, unit, rate_micro, amount_minor, rate_ppm, quantity, qty_percent_ppm, "
        "minimum_minor, tax_codes, refs, tax_code, gl_code, taxable, created_at, created_by) "
        "values (?,?,?,?,?,?,?,?,?,?,?,?,if(?,?,null),if(?,?,null),if(?,?,null),?,?,if(?,?,null),?,?,?,?,?,?,?)",
        c->utility, k->version, sequence, import_text(s, i, "rate_code"), import_text(s, i, "label"), k->kind->type,
        k->charge, k->calc, basis ? basis : demand ? "per_bill" : "per_month", !demand, k->service, unit_name, unit,
        price, flat, amount, percent, ppm, quantity, share, least, amount, list_of(c, &k->taxes), list_of(c, &k->refs),
        import_text(s, i, "tax_code"), import_text(s, i, "gl_code"), k->taxes.n > 0, c->now, s->by);
    store_lines(c, rate, k);
    return rate;
}

/* One by one: the first row of a plan makes it. */
static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to = faults_start(c);
    Component *v = components_of(c, s, &to);
    const char **key = take_n(c, const char *, s->n + 1);
    for (size_t i = 0; i < s->n; i++) key[i] = import_text(s, i, "plan_code");
    size_t *first = first_with_key(&c->mem, key, s->n);
    for (size_t i = 0; i < s->n; i++) {
        ids[i] = (Id){ 0 };
        if (fault_of_row(&to, i)) continue;
        Component *made = &v[first[i]], *k = &v[i];
        if (!made->version.id) {
            make_plan(c, s, i, k);
            made->plan = k->plan, made->version = k->version;
        }
        k->plan = made->plan, k->version = made->version;
        if (import_has(s, i, "sequence") && db_int(c, "select exists (select 1 from tariff_rate where version_id=? and "
                                                      "sequence=?)", k->version, import_int(s, i, "sequence")))
            fault_add(&to, i, FAULT_RULE, "sequence", "import.tariff_order");
        else ids[i] = store(c, s, i, k);
        if (!ids[i].id && !fault_of_row(&to, i)) fault_add(&to, i, FAULT_RULE, "sequence", "import.tariff_sequence");
    }
    setup_step_touch(c, "pricing_billing");
    return to;
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

/* Drafts nobody has worked on; a plan goes with the last of its components. */
static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    const char *all = json_ids(c, ids, n);
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, if(w.state='draft', 'Was edited since.', 'Its version was submitted.') as why "
        "from json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j straight_join tariff_rate x "
        "on x.id=j.id straight_join tariff_plan_version w on w.id=x.version_id where w.state<>'draft' "
        "or w.row_version>1", all);
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select j.row_no, concat('Connections use ', p.code, '.') as why from json_table(?, '$[*]' columns (row_no for "
        "ordinality, id bigint path '$')) j straight_join tariff_rate x on x.id=j.id straight_join "
        "tariff_plan_version w on w.id=x.version_id straight_join tariff_plan p on p.id=w.plan_id where exists "
        "(select 1 from service_connection k where k.tariff_plan_id=p.id)", all);
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    const char *plans = db_text(c, "select coalesce(json_arrayagg(distinct w.plan_id), '[]') " OF_CHUNK "tariff_rate x "
                                   "on x.id=j.id straight_join tariff_plan_version w on w.id=x.version_id", gone);
    db_run(c, "delete x " OF_CHUNK "tariff_rate x on x.id=j.id", gone);
    db_run(c, "delete w " OF_CHUNK "tariff_plan_version w on w.plan_id=j.id and w.state='draft' where not exists "
              "(select 1 from tariff_rate x where x.version_id=w.id)", plans);
    db_run(c, "delete p " OF_CHUNK "tariff_plan p on p.id=j.id where not exists (select 1 from tariff_plan_version w "
              "where w.plan_id=p.id)", plans);
    import_note_gone(c, "tariff_rate", ids, n, why);
}

const ImportEntity tariff_import = { .name = "tariff", .order = 11, .key = "core.tariffs", .columns = columns,
                                     .check = check, .create = bring, .insert_only = "import.only.tariff",
    .revert = revert };
