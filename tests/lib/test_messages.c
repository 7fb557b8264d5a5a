/* lib/messages: loading with every refusal, fallback, placeholders, plurals, prefixes; and the product's own files. */
#include "lib/messages.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"

static Arena mem;
static char  folder[] = "/tmp/smart360-messages-XXXXXX";

static void write_file(const char *name, const char *content) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(content, f);
    fclose(f);
}

static const char *load(const char *english, const char *spanish) {
    write_file("en/a.msg", english);
    write_file("es/a.msg", spanish);
    const char *problems = messages_load(&mem, folder);
    size_t n = strlen(folder) + 1;                                   /* without the folder, to compare */
    return problems ? problems + (strncmp(problems, folder, n - 1) ? 0 : n) : NULL;
}

static void loads_and_falls_back(void) {
    SAME_TEXT(load("# Bills\nbill.title = Bills\nbill.due   =  Due {date}, {amount}  \n\nbill.long = one \\\n   two "
                   "\\\n three\nbill.lines = a\\nb\\\\\\s\n",
                   "bill.title = Facturas\nbill.due = {amount} vence el {date}\n"), NULL);
    SAME_TEXT(msg("en", "bill.title"), "Bills");
    SAME_TEXT(msg("es", "bill.title"), "Facturas");
    SAME_TEXT(msg("es-MX", "bill.title"), "Facturas");
    SAME_TEXT(msg("fr", "bill.title"), "Bills");
    SAME_TEXT(msg(NULL, "bill.title"), "Bills");
    SAME_TEXT(msg("es", "bill.long"), "one two three");
    SAME_TEXT(msg("en", "bill.lines"), "a\nb\\ ");
    SAME_TEXT(msg("en", "bill.nothing"), "[bill.nothing]");
    CU_ASSERT(msg_exists("bill.due"));
    CU_ASSERT_FALSE(msg_exists("bill"));
    SAME_TEXT(messages_missing(&mem, "bill.due", "x.c:1"), NULL);
    SAME_TEXT(messages_missing(&mem, "bill.no", "x.c:1"),
              "x.c:1: there is no text for \"bill.no\" in views/messages/en");
    SAME_TEXT(messages_languages()[0], "en");
    SAME_TEXT(messages_languages()[1], "es");
    SAME_TEXT(messages_languages()[2], NULL);
    CU_ASSERT(messages_has_language("es"));
    CU_ASSERT_FALSE(messages_has_language("fr"));
    SAME_INT(messages_untranslated("es", NULL, NULL), 2);
}

static void fills(void) {
    SAME_TEXT(msg_format(&mem, "en", "bill.due", { "date", "20 Mar" }, { "amount", "{date}" }), "Due 20 Mar, {date}");
    SAME_TEXT(msg_format(&mem, "es", "bill.due", { "date", "20 mar" }), "{amount} vence el 20 mar");
    SAME_TEXT(msg_format(&mem, "en", "bill.due", { "date", NULL }, { "amount", "" }), "Due , ");
    SAME_TEXT(msg_format(&mem, "en", "bill.title"), "Bills");
    SAME_TEXT(load("a = {x{y} { } {Y} {y}{y}\n", "# none\n"), NULL);
    SAME_TEXT(msg_format(&mem, "en", "a", { "y", "1" }, { "x", "2" }), "{x1 { } {Y} 11");
}

static void counts(void) {
    SAME_TEXT(load("n.one = {count} bill of {who}\nn.other = {count} bills of {who}\n",
                   "n.one = {count} factura de {who}\nn.other = {count} facturas de {who}\n"), NULL);
    SAME_TEXT(msg_plural(&mem, "en", "n", 1, NULL, { "who", "Ann" }), "1 bill of Ann");
    SAME_TEXT(msg_plural(&mem, "en", "n", 0, NULL, { "who", "Ann" }), "0 bills of Ann");
    SAME_TEXT(msg_plural(&mem, "es", "n", 2140, "2,140", { "who", "Ann" }), "2,140 facturas de Ann");
    SAME_TEXT(msg_plural(&mem, "fr", "n", 1, NULL, { "who", "Ann" }), "1 bill of Ann");
    SAME_TEXT(msg_plural(&mem, "en", "m", 1, NULL), "[m]");
    SAME_TEXT(messages_missing(&mem, "n", "x"), NULL);
}

static void collect(void *arg, const char *key, const char *text) {
    text_addf(arg, "%s=%s;", key, text);
}

static void walks_a_prefix(void) {
    SAME_TEXT(load("p.a = A\np.b.c = C\npp.x = X\np = P\np.z = Z\n", "p.z = ZZ\n"), NULL);
    Text t = text_start(&mem);
    messages_each("es", "p", collect, &t);
    SAME_TEXT(t.s, "a=A;b.c=C;z=ZZ;");
}

static void refuses(void) {
    static const struct { const char *english, *spanish, *problem; } cases[] = {
        { "a\n", "", "en/a.msg:1: expected: key = text\n" },
        { "# x\n\nA.b = 1\n", "", "en/a.msg:3: not a key (a-z 0-9 _ and dots): A.b\n" },
        { "a..b = 1\n", "", "en/a.msg:1: not a key (a-z 0-9 _ and dots): a..b\n" },
        { " = 1\n", "", "en/a.msg:1: not a key (a-z 0-9 _ and dots): \n" },
        { "a =\n", "", "en/a.msg:1: no text for a\n" },
        { "a = x\\t\n", "", "en/a.msg:1: after a backslash stands n, s or a backslash: a\n" },
        { "a = 1\nb = 1 \\\n2\nb = \\q\n", "", "en/a.msg:4: after a backslash stands n, s or a backslash: b\n" },
        { "a = \xff\n", "", "en/a.msg:0: is not UTF-8\n" },
        { "a = 1\n", "b = 2\n", "es/a.msg:1: has no English text: b\n" },
        { "a = {x}\n", "a = {y}\n", "es/a.msg:1: the English text has no {y}\n" },
        { "a.one = 1\n", "", "en/a.msg:1: a plural needs its .other: a.one\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        SAME_TEXT(load(cases[i].english, cases[i].spanish), cases[i].problem);
    char expected[300];
    const char *twice = load("a = 1\nb = 2\na = 3\n", "");
    snprintf(expected, sizeof expected, "en/a.msg:3: stands already in another place: a (%s/en/a.msg:1)\n", folder);
    /* which of the two is named second is not promised */
    const char *other = strstr(twice, "a.msg:1: stands");
    if (!other) SAME_TEXT(twice, expected);
    CU_ASSERT_PTR_NOT_NULL(messages_load(&mem, "/nowhere"));
    SAME_TEXT(msg("en", "a"), "[a]");
    SAME_TEXT(msg_plural(&mem, "en", "a", 1, NULL), "[a]");
}

/* The product's own texts are loaded as the program does it at start. */
static void own_files_are_right(void) {
    const char *problems = messages_load(&mem, VIEWS_DIR "/messages");
    SAME_TEXT(problems, NULL);
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    char path[100];
    snprintf(path, sizeof path, "%s/en", folder);
    if (mkdir(path, 0700)) return 2;
    snprintf(path, sizeof path, "%s/es", folder);
    if (mkdir(path, 0700)) return 2;
    int status = suite_run("messages", (SuiteTest[]){
        { "loads and falls back", loads_and_falls_back }, { "fills placeholders", fills }, { "counts", counts },
        { "walks a prefix", walks_a_prefix },
        { "refuses", refuses }, { "own files are right", own_files_are_right }, { 0 } });
    static const char *const made[] = { "en/a.msg", "es/a.msg", "en", "es", "" };
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, made[i]);
        remove(path);
    }
    arena_end(&mem);
    return status;
}
