/* smart360 quote (ONB02US05): every row of the format and every refusal (quote.case), an independent calculation of
   random documents (quote_reference.py), the command itself, published bills are in test_rates.c. */
#include <jansson.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/billing/quote.h"
#include "tests/rules/case.h"
#include "tests/suite.h"

static Arena mem;

static const char *summary(const char *answer) {
    json_t *v = json_loads(answer, JSON_REJECT_DUPLICATES, NULL), *line;
    if (!v) return "(the answer is no JSON)";
    Text t = text_start(&mem);
    size_t i;
    json_array_foreach(json_object_get(v, "lines"), i, line) {
        const char *quantity = json_string_value(json_object_get(line, "quantity"));
        text_addf(&t, "%s%s %s%s%s", i ? ", " : "", json_string_value(json_object_get(line, "charge_type")),
                  json_string_value(json_object_get(line, "amount")), quantity ? " @" : "", quantity ? quantity : "");
    }
    text_addf(&t, " = %s", json_string_value(json_object_get(v, "total")));
    json_decref(v);
    return t.s;
}

static const char *run(const char *document) {
    const char *answer;
    return quote_run(&mem, document, strlen(document), &answer) ? summary(answer) : answer;
}

/* The base document with the case's keys set, null taken away. */
static const char *document_of(const char *keys) {
    json_t *base = json_loads("{ \"format\": \"smart360-quote/1\", \"currency\": \"USD\", \"period\": { \"days\": 30 },"
                              "  \"usage\": { \"quantity\": \"12\" } }", 0, NULL);
    json_error_t e;
    json_t *set = json_loads(keys, JSON_ALLOW_NUL, &e), *value;
    if (!set) return json_decref(base), text(&mem, "(the case is no JSON: %s)", e.text);
    const char *key;
    json_object_foreach(set, key, value) {
        if (json_is_null(value)) json_object_del(base, key);
        else json_object_set(base, key, value);
    }
    char *dumped = json_dumps(base, 0);
    const char *copy = text_copy(&mem, dumped);
    free(dumped);
    json_decref(set);
    json_decref(base);
    return copy;
}

static const char *bytes_of(const char *s) {
    Text t = text_start(&mem);
    text_add(&t, "");
    for (; *s; s++) {
        unsigned byte;
        if (s[0] == '\\' && s[1] == 'n') text_add(&t, "\n"), s++;
        else if (s[0] == '\\' && s[1] == 'x' && sscanf(s + 2, "%2x", &byte) == 1)
            text_add_n(&t, (char[]){ (char)byte }, 1), s += 3;
        else text_add_n(&t, s, 1);
    }
    return t.s;
}

/* Texts like 12.50 for a number: the case's JSON goes into the document as it is written. */
static const char *document_as_written(const char *keys) {
    static const char *const base[][2] = { { "format", "\"smart360-quote/1\"" }, { "currency", "\"USD\"" },
                                           { "period", "{\"days\":30}" },
                                           { "usage", "{\"quantity\":\"12\"}" } };
    json_t *set = json_loads(keys, JSON_ALLOW_NUL, NULL);
    Text t = text_start(&mem);
    text_add(&t, "{ ");
    for (size_t i = 0; set && i < sizeof base / sizeof *base; i++)
        if (!json_object_get(set, base[i][0])) text_addf(&t, "\"%s\": %s, ", base[i][0], base[i][1]);
    text_add(&t, keys + 1);
    bool removes = false;
    json_t *value;
    const char *key;
    json_object_foreach(set, key, value) removes = removes || json_is_null(value);
    json_decref(set);
    return removes || !strcmp(keys, "{}") ? document_of(keys) : t.s;
}

static void case_table(void) {
    Cases c = { .in = source_open("tests/rules/quote.case") };
    CU_ASSERT_PTR_NOT_NULL_FATAL(c.in);
    int n = 0;
    for (; cases_next(&c); n++) {
        const char *got = run(!strcmp(c.fields[0], "raw") ? bytes_of(c.fields[2]) : document_as_written(c.fields[2]));
        if (strcmp(got, c.fields[3])) fprintf(stderr, "\nquote.case:%d: %s", c.line, c.fields[1]);
        SAME_TEXT(got, c.fields[3]);
        arena_reset(&mem);
    }
    CU_ASSERT(n > 200);
    fclose(c.in);
}

static void explains(void) {
    static const struct { const char *component, *is; } cases[] = {
        { "{\"charge_type\":\"USAGE\",\"calc\":\"tiered\",\"tiers\":[{\"upto\":\"5\",\"rate\":\"4.50\"},{\"upto\":\"10\",\"rate\":\"6.75\"},"
          "{\"upto\":null,\"rate\":\"9.1\"}]}", "5 x 4.50 = 22.50; 5 x 6.75 = 33.75; 2 x 9.10 = 18.20" },
        { "{\"charge_type\":\"USAGE\",\"calc\":\"tiered\",\"tiers\":[{\"upto\":\"7\",\"rate\":\"0.0011\"},{\"upto\":null,\"rate\":\"0.002\"}]}",
          "7 x 0.0011 = 0.0077; 5 x 0.002 = 0.01; together 0.0177, rounded 0.02" },
        { "{\"charge_type\":\"SEWER_USAGE\",\"calc\":\"per_unit\",\"rate\":\"8.40\",\"qty_percent\":\"90\"}",
          "90 % of 12 = 10.8 x 8.40 = 90.72" },
        { "{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"18.20\",\"basis\":\"per_month\",\"prorate\":true}",
          "18.20 x 10 / 30 days = 6.066666..., rounded 6.07" },
        { "{\"charge_type\":\"USAGE\",\"calc\":\"per_unit\",\"rate\":\"1\",\"quantity\":\"ceil(usage/5)\",\"included_qty\":\"1\"}",
          "12 / 5, up to the next whole = 3; 3 less 1 free = 2 x 1.00 = 2.00" },
        { "{\"charge_type\":\"USAGE\",\"calc\":\"per_unit\",\"quantity\":\"min(usage,eru)\",\"rate_versions\":[{\"days\":4,\"rate\":\"1\"},{\"days\":6,\"rate\":\"1\"}]}",
          "lesser of 12 and 2 = 2; 2 x 4 / 10 days = 0.8 x 1.00 = 0.80" },
        { "{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"0.1\",\"minimum\":\"5\"}", "0.10; at least 5.00" },
        { "{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"0.5\",\"basis\":\"per_day\"}",
          "0.50 x 10 days = 5.00" },
        { "{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"36.5\",\"basis\":\"per_year\"}",
          "36.50 x 10 / 365 days = 1.00" },
        { "{\"charge_type\":\"USAGE\",\"calc\":\"flat_by_tier\",\"tiers\":[{\"upto\":\"5\",\"amount\":\"4\"},{\"upto\":null,\"amount\":\"6\"}]}",
          "12, in the tier above 5: 6.00" },
        { "{\"charge_type\":\"DISCOUNT\",\"calc\":\"flat\",\"amount\":\"5\"}", "5.00; at most 0.00; deducted" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *document = text(&mem,
                                    "{\"format\":\"smart360-quote/1\",\"currency\":\"USD\",\"period\":{\"days\":10},\"full_period\":false,"
                                    "\"usage\":{\"quantity\":\"12\"},\"attributes\":{\"eru\":\"2\"},\"components\":[%s]}", cases[i].component), *answer;
        CU_ASSERT(quote_run(&mem, document, strlen(document), &answer));
        json_t *v = json_loads(answer, 0, NULL);
        SAME_TEXT(json_string_value(json_object_get(json_array_get(json_object_get(v, "lines"), 0), "explain")),
                  cases[i].is);
        json_decref(v);
    }
    arena_reset(&mem);
}

/* A document of exactly so many bytes. */
static const char *padded(size_t n) {
    const char *d = document_of("{\"components\":[{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"1\"}]}");
    char *s = take(&mem, n + 1);
    memset(s, ' ', n);
    memcpy(s, d, strlen(d));
    return s;
}

static void limits_the_size(void) {
    SAME_TEXT(run(padded(QUOTE_BYTES_MAX)), "FIXED 1.00 = 1.00");
    SAME_TEXT(run(padded(QUOTE_BYTES_MAX + 1)), "document: must have at most 256 KiB");
    arena_reset(&mem);
}

/* n copies of an entry, separated by commas. */
static const char *times(int n, const char *entry) {
    Text t = text_start(&mem);
    for (int i = 0; i < n; i++) text_addf(&t, "%s%s", i ? "," : "", entry);
    return t.s;
}

static const char *numbered(int n, const char *value) {
    Text t = text_start(&mem);
    for (int i = 1; i <= n; i++) { text_add(&t, i > 1 ? "," : ""); text_addf(&t, "\"a%d\":\"%s\"", i, value); }
    return t.s;
}

static const char *tiers(int n) {
    Text t = text_start(&mem);
    for (int i = 1; i < n; i++) text_addf(&t, "{\"upto\":\"%d\",\"rate\":\"1\"},", i);
    return text(&mem,
                "{\"components\":[{\"charge_type\":\"USAGE\",\"calc\":\"tiered\",\"tiers\":[%s{\"upto\":null,\"rate\":\"1\"}]}]}", t.n ? t.s : "");
}

static const char *problem_of(const char *keys) {
    const char *got = run(document_of(keys));
    return strstr(got, " = ") ? "none" : got;
}

static void limits_the_counts(void) {
    const char *flat = "{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"1\"}";
    SAME_TEXT(problem_of(text(&mem, "{\"components\":[%s]}", times(200, flat))), "none");
    SAME_TEXT(problem_of(text(&mem, "{\"components\":[%s]}", times(201, flat))),
              "components: must have at most 200 entries");
    SAME_TEXT(problem_of(tiers(50)), "none");
    SAME_TEXT(problem_of(tiers(51)), "components[0].tiers: must have at most 50 entries");
    #define OF "{\"components\":[%s,{\"charge_type\":\"TAX\",\"calc\":\"percent\",\"percent\":\"1\",\"of\":[%s]}]}"
    SAME_TEXT(problem_of(text(&mem, OF, flat, times(50, "\"FIXED\""))), "none");
    SAME_TEXT(problem_of(text(&mem, OF, flat, times(51, "\"FIXED\""))),
              "components[1].of: must have at most 50 entries");
    #define REGISTERS "{\"components\":[%s],\"usage\":{\"registers\":[%s]}}"
    const char *one = "{\"start\":\"1\",\"end\":\"2\"}";
    SAME_TEXT(problem_of(text(&mem, REGISTERS, flat, times(50, one))), "none");
    SAME_TEXT(problem_of(text(&mem, REGISTERS, flat, times(51, one))), "usage.registers: must have at most 50 entries");
    #define TOU "{\"components\":[%s],\"usage\":{\"tou\":{%s}}}"
    SAME_TEXT(problem_of(text(&mem, TOU, flat, numbered(24, "1"))), "none");
    SAME_TEXT(problem_of(text(&mem, TOU, flat, numbered(25, "1"))), "usage.tou: must have 1 to 24 periods");
    #define ATTRIBUTES "{\"components\":[%s],\"attributes\":{%s}}"
    SAME_TEXT(problem_of(text(&mem, ATTRIBUTES, flat, numbered(100, "1"))), "none");
    SAME_TEXT(problem_of(text(&mem, ATTRIBUTES, flat, numbered(101, "1"))),
              "attributes: must have at most 100 attributes");
    #define VERSIONS \
        "{\"components\":[{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"rate_versions\":[%s,{\"days\":%d,\"amount\":\"1\"}]}]}"
    const char *day = "{\"days\":1,\"amount\":\"1\"}";
    SAME_TEXT(problem_of(text(&mem, VERSIONS, times(11, day), 19)), "none");
    SAME_TEXT(problem_of(text(&mem, VERSIONS, times(12, day), 18)),
              "components[0].rate_versions: must have at most 12 entries");
    #define NAMED "{\"components\":[%s],\"attributes\":{\"%s\":\"1\"}}"
    SAME_TEXT(problem_of(text(&mem, NAMED, flat, "a234567890123456789012345678901234567890")), "none");
    CU_ASSERT(strstr(problem_of(text(&mem, NAMED, flat, "a2345678901234567890123456789012345678901")),
                     "is no name") != NULL);
    arena_reset(&mem);
}

/* ---- The independent calculation ---- */

static const char *expected_of(json_t *c) {
    const char *refused = json_string_value(json_object_get(c, "refuse"));
    if (refused) return refused;
    Text t = text_start(&mem);
    json_t *line;
    size_t i;
    json_array_foreach(json_object_get(c, "lines"), i, line) {
        const char *quantity = json_string_value(json_array_get(line, 2));
        text_addf(&t, "%s%s %s%s%s", i ? ", " : "", json_string_value(json_array_get(line, 0)),
                  json_string_value(json_array_get(line, 1)),
                  quantity ? " @" : "", quantity ? quantity : "");
    }
    text_addf(&t, " = %s", json_string_value(json_object_get(c, "total")));
    return t.s;
}

/* Problems are compared by their path; a value too precise to be held may be refused, never be wrong. */
static bool agrees(const char *got, json_t *c) {
    const char *expected = expected_of(c);
    if (!json_object_get(c, "refuse")) return !strcmp(got, expected) || strstr(got, ": too precise");
    size_t n = strlen(expected);
    return !strncmp(got, expected, n) && !strncmp(got + n, ": ", 2);
}

/* A right document, exported, has the same answer; exported again, the same bytes. */
static bool exports_alike(const char *document) {
    const char *answer, *again;
    if (!quote_run(&mem, document, strlen(document), &answer)) return true;
    QuoteDocument d = quote_read(&mem, document, strlen(document));
    const char *exported = quote_export(&mem, &d);
    QuoteDocument e = quote_read(&mem, exported, strlen(exported));
    if (quote_run(&mem, exported, strlen(exported), &again) && !strcmp(answer, again)
        && !strcmp(exported, quote_export(&mem, &e))) return true;
    fprintf(stderr, "\n%s\nis exported as\n%s\n%s\n%s\n", document, exported, answer, again);
    return false;
}

/* A plan's own usage, without a document it was read from. */
static void exports(void) {
    QuoteDocument d = quote_read(&mem,
                                 document_of("{\"components\":[{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"4.50\"}]}"),
                                 strlen(document_of("{\"components\":[{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"4.50\"}]}")));
    d.usage = NULL;
    SAME_TEXT(quote_export(&mem, &d), "{\"format\": \"smart360-quote/1\", \"currency\": \"USD\", \"period\": "
                                      "{\"days\": 30}, \"usage\": {\"quantity\": \"12\"},\n"
              "  \"components\": [\n    {\"charge_type\": \"FIXED\", \"calc\": \"flat\", \"amount\": \"4.5\"} ] }\n");
    TouUsage tou[] = { { "peak", exact_ratio(2, 3) }, { "off", exact_whole(2) } };
    d.tariff.period.usage = (TariffUsage){ exact_ratio(8, 3), tou, 2 };
    CU_ASSERT_PTR_NOT_NULL(strstr(quote_export(&mem, &d),
                                  "\"usage\": {\"tou\": {\"peak\": \"0.666667\", \"off\": \"2\"}}"));
    arena_reset(&mem);
}

static void random_documents(void) {
    if (system("python3 -c 'import fractions' >/dev/null 2>&1")) { printf("skipped: no python3 "); return; }
    const char *count = getenv("QUOTE_RANDOM") ? getenv("QUOTE_RANDOM") : "4000", *seed = getenv("QUOTE_SEED")
        ? getenv("QUOTE_SEED") : "360";
    FILE *in = popen(text(&mem, "python3 '%s/tests/rules/quote_reference.py' %s %s", getenv("srcdir") ? getenv("srcdir")
                          : ".", seed, count), "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    char *row = NULL;
    size_t room = 0;
    int n = 0, wrong = 0, precise = 0;
    for (; getline(&row, &room, in) > 0; n++) {
        json_t *c = json_loads(row, 0, NULL);
        const char *document = json_string_value(json_object_get(c, "document")), *got = document ? run(document) : "?";
        precise += strstr(got, ": too precise") != NULL;
        if (document && !exports_alike(document)) wrong++;
        if (!agrees(got, c) && ++wrong < 5) fprintf(stderr, "\n%s\n got %s\nwant %s\n", document, got, expected_of(c));
        json_decref(c);
        arena_reset(&mem);
    }
    free(row);
    SAME_INT(pclose(in), 0);
    SAME_INT(n, atoi(count));
    SAME_INT(wrong, 0);
    CU_ASSERT(precise * 1000 <= n);
}

/* ---- The command ---- */

/* Standard output and standard error of a shell command, with its exit status in front. */
static const char *shell(const char *command) {
    FILE *in = popen(command, "r");
    Text t = text_start(&mem);
    char room[4096];
    size_t n;
    text_add(&t, "");
    while (in && (n = fread(room, 1, sizeof room, in)) > 0) text_add_n(&t, room, n);
    int status = in ? pclose(in) : -1;
    return text(&mem, "%d %s", WEXITSTATUS(status), t.s);
}

static void command(void) {
    if (access("./smart360", X_OK)) { printf("skipped: no ./smart360 here "); return; }
    FILE *f = fopen("test_quote.json", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(document_of("{\"components\":[{\"charge_type\":\"FIXED\",\"calc\":\"flat\",\"amount\":\"38.5\",\"label\":\"a "
                      "\\\"b\\\" \\\\\",\"service\":\"water\"}]}"), f);
    fclose(f);
    const char *answer = "0 { \"lines\": [\n"
        "    { \"charge_type\": \"FIXED\", \"service\": \"water\", \"label\": \"a \\\"b\\\" \\\\\", \"quantity\": "
        "null, \"amount\": \"38.50\",\n"
        "      \"explain\": \"38.50\" } ],\n  \"total\": \"38.50\", \"currency\": \"USD\" }\n";
    SAME_TEXT(shell("./smart360 quote test_quote.json"), answer);
    SAME_TEXT(shell("./smart360 quote - < test_quote.json"), answer);
    SAME_TEXT(shell("sed s/38.5/38.5.5/ test_quote.json | ./smart360 quote - 2>/dev/null"), "2 ");
    SAME_TEXT(shell("sed s/38.5/38.5.5/ test_quote.json | ./smart360 quote - 2>&1"),
              "2 components[0].amount: must be a decimal in a string: 1 to 9 digits, at most 6 decimals\n");
    SAME_TEXT(shell("./smart360 quote nobody.json 2>&1"), "2 nobody.json: No such file or directory\n");
    CU_ASSERT(!strncmp(shell("./smart360 quote 2>&1"), "2 ", 2));
    SAME_TEXT(shell("./smart360 quote test_quote.json >/dev/full"), "1 ");
    remove("test_quote.json");
    arena_reset(&mem);
}

int main(void) {
    int failed = suite_run("quote", (SuiteTest[]){
        { "ONB02US05 every row of the format, every refusal", case_table },
        { "ONB02US05 lines explain themselves", explains },
        { "ONB02US05 a document has at most 256 KiB", limits_the_size },
        { "ONB02US05 lists have their limits", limits_the_counts },
        { "ONB02US05 random documents agree with an independent calculation", random_documents },
        { "ONB02US05 exports what it imports", exports },
        { "smart360 quote", command },
        { 0 } });
    arena_end(&mem);
    return failed;
}
