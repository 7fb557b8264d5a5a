/*
 * Texts by key and language: see messages.h. Each language is an array sorted by key, so that all keys below a prefix
 * stand side by side; one key is found by its hash, some hundred times a page.
 */
#include "lib/messages.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

enum { KEY_MAX = 100, PROBLEMS_MAX = 50, FILES_MAX = 200 };

typedef struct { const char *key, *text, *file; int line; } Message;

typedef struct {
    char          name[12];
    Message      *v;
    int           n, room;
    uint16_t     *place;                    /* by hash: index + 1 into v; 0: nobody's */
    unsigned      places;                   /* a power of two, at least twice n */
    UPluralRules *plurals;
} Language;

_Static_assert(MESSAGES_MAX < UINT16_MAX, "an index of a text fits");
static Language    languages[LANGUAGES_MAX];
static int         languages_n;
static const char *names[LANGUAGES_MAX + 1];

typedef struct { Arena *a; Text problems; int problems_n; } Load;

static void problem(Load *l, const char *file, int line, const char *what, const char *detail) {
    if (l->problems_n++ == PROBLEMS_MAX) text_add(&l->problems, "... and more\n");
    if (l->problems_n > PROBLEMS_MAX) return;
    text_addf(&l->problems, "%s:%d: %s%s%s\n", file, line, what, detail ? " " : "", detail ? detail : "");
}

/* ---- reading ---- */

static char *read_all(Load *l, const char *file, size_t *n) {
    FILE *f = fopen(file, "rb");
    if (!f) return problem(l, file, 0, "cannot be read:", strerror(errno)), NULL;
    struct stat facts;
    size_t room = fstat(fileno(f), &facts) || facts.st_size > MESSAGE_FILE_MAX ? MESSAGE_FILE_MAX
                                                                             : (size_t)facts.st_size;
    char *bytes = arena_take(l->a, room + 2);                  /* all of them stay: no more than the file needs */
    *n = fread(bytes, 1, room + 1, f);
    fclose(f);
    if (*n > MESSAGE_FILE_MAX) return problem(l, file, 0, "is longer than 1 MiB", NULL), NULL;
    if (*n > room) return problem(l, file, 0, "grew while it was read", NULL), NULL;
    bytes[*n] = 0;
    if (strlen(bytes) != *n) return problem(l, file, 0, "has a NUL byte", NULL), NULL;
    int32_t units = 0;
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(NULL, 0, &units, bytes, (int32_t)*n, &status);
    if (status != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(status)) return problem(l, file, 0, "is not UTF-8", NULL), NULL;
    return bytes;
}

static bool key_is_sane(const char *key) {
    size_t n = strlen(key);
    if (!n || n > KEY_MAX || key[0] == '.' || key[n - 1] == '.' || strstr(key, "..")) return false;
    return strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.") == n;
}

static char *trim(char *s) {
    while (*s == ' ' || *s == '\t') s++;
    size_t n = strlen(s);
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r')) s[--n] = 0;
    return s;
}

/* \n, \s and \\ in place; false for another letter after a backslash. */
static bool unescape(char *s) {
    char *to = s;
    for (; *s; s++) {
        if (*s != '\\') { *to++ = *s; continue; }
        s++;
        if (*s == 'n') *to++ = '\n';
        else if (*s == 's') *to++ = ' ';
        else if (*s == '\\') *to++ = '\\';
        else return false;
    }
    *to = 0;
    return true;
}

static void add(Load *l, Language *lang, Message m) {
    if (lang->n == MESSAGES_MAX) return;
    if (lang->n == lang->room) {
        int room = lang->room ? lang->room * 2 : 512;
        Message *v = take_n(l->a, Message, (size_t)room);
        if (lang->n) memcpy(v, lang->v, (size_t)lang->n * sizeof *v);
        lang->v = v, lang->room = room;
    }
    lang->v[lang->n++] = m;
}

/* One text, its continuation lines already joined. */
static void read_text(Load *l, Language *lang, const char *file, int line, char *s) {
    char *equals = strchr(s, '=');
    if (!equals) return problem(l, file, line, "expected: key = text", NULL);
    *equals = 0;
    char *key = trim(s), *value = trim(equals + 1);
    if (!key_is_sane(key)) return problem(l, file, line, "not a key (a-z 0-9 _ and dots):", key);
    if (!*value) return problem(l, file, line, "no text for", key);
    if (!unescape(value)) return problem(l, file, line, "after a backslash stands n, s or a backslash:", key);
    add(l, lang, (Message){ key, value, file, line });
}

static void read_file(Load *l, Language *lang, const char *file) {
    size_t n;
    char *s = read_all(l, file, &n);
    if (!s) return;
    if (!strncmp(s, "\xef\xbb\xbf", 3)) s += 3;
    for (int line = 1; *s;) {
        char *start = s, *to = s;
        int first = line;
        for (;;) {                                                  /* joins continued lines towards `to` */
            char *end = s + strcspn(s, "\n");
            size_t length = (size_t)(end - s);
            if (length && s[length - 1] == '\r') length--;
            bool backslash = length && s[length - 1] == '\\' && (length < 2 || s[length - 2] != '\\');
            bool more = *end && backslash && *trim(start) != '#';
            if (more) length--;
            memmove(to, s, length);
            to += length;
            s = *end ? end + 1 : end;
            line++;
            if (!more) break;
            while (to > start && (to[-1] == ' ' || to[-1] == '\t')) to--;
            *to++ = ' ';
            s += strspn(s, " \t");
        }
        *to = 0;
        char *text = trim(start);
        if (*text && *text != '#') read_text(l, lang, file, first, text);
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder that end so (NULL: folders), sorted. */
static int folder_names(Load *l, const char *folder, const char *ending, const char **to, int max) {
    DIR *d = opendir(folder);
    if (!d) return problem(l, folder, 0, "cannot be read:", strerror(errno)), 0;
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) && n < max;) {
        if (e->d_name[0] == '.') continue;
        const char *dot = strrchr(e->d_name, '.');
        if (ending ? dot && !strcmp(dot, ending) : !dot) to[n++] = arena_copy(l->a, e->d_name);
    }
    closedir(d);
    qsort(to, (size_t)n, sizeof *to, by_name);
    return n;
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const Message *)a)->key, ((const Message *)b)->key);
}

static unsigned hash_of(const char *key) {
    unsigned h = 2166136261u;
    for (; *key; key++) h = (h ^ (unsigned char)*key) * 16777619u;
    return h ^ h >> 15;
}

static void hash_all(Load *l, Language *lang) {
    for (lang->places = 16; lang->places < 2u * (unsigned)lang->n;) lang->places *= 2;
    lang->place = take_n(l->a, uint16_t, lang->places);
    for (int i = 0; i < lang->n; i++) {
        unsigned at = hash_of(lang->v[i].key) & (lang->places - 1);
        while (lang->place[at]) at = (at + 1) & (lang->places - 1);
        lang->place[at] = (uint16_t)(i + 1);
    }
}

static void load_language(Load *l, const char *folder, const char *name) {
    Language *lang = &languages[languages_n++];
    *lang = (Language){ 0 };
    snprintf(lang->name, sizeof lang->name, "%s", name);
    UErrorCode status = U_ZERO_ERROR;
    lang->plurals = uplrules_open(name, &status);
    if (U_FAILURE(status)) lang->plurals = NULL;
    const char *files[FILES_MAX];
    const char *path = arena_text(l->a, "%s/%s", folder, name);
    int n = folder_names(l, path, ".msg", files, FILES_MAX);
    for (int i = 0; i < n; i++) read_file(l, lang, arena_text(l->a, "%s/%s", path, files[i]));
    if (lang->n == MESSAGES_MAX) problem(l, path, 0, "has too many texts", NULL);
    if (lang->n) qsort(lang->v, (size_t)lang->n, sizeof *lang->v, by_key);
    hash_all(l, lang);
    for (int i = 1; i < lang->n; i++)
        if (!strcmp(lang->v[i].key, lang->v[i - 1].key))
            problem(l, lang->v[i].file, lang->v[i].line, "stands already in another place:",
                    arena_text(l->a, "%s (%s:%d)", lang->v[i].key, lang->v[i - 1].file, lang->v[i - 1].line));
}

/* ---- finding ---- */

static int place_of(const Language *lang, const char *key) {        /* of the first key not before `key` */
    int low = 0, high = lang->n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (strcmp(lang->v[middle].key, key) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static const Message *find_in(const Language *lang, const char *key) {
    if (!lang->place) return NULL;
    for (unsigned at = hash_of(key) & (lang->places - 1); lang->place[at]; at = (at + 1) & (lang->places - 1))
        if (!strcmp(lang->v[lang->place[at] - 1].key, key)) return &lang->v[lang->place[at] - 1];
    return NULL;
}

/* "es-MX" and "es_MX" are "es". */
static const Language *language_of(const char *name) {
    size_t n = name ? strcspn(name, "-_") : 0;
    for (int i = 0; n && i < languages_n; i++)
        if (!strncmp(languages[i].name, name, n) && !languages[i].name[n]) return &languages[i];
    return languages_n ? &languages[0] : NULL;
}

/* ---- what must hold after loading ---- */

static const char *const categories[] = { "zero", "one", "two", "few", "many", "other", NULL };

/* The length of "bill.count" in "bill.count.one"; 0 when the key is no plural form. */
static size_t plural_base(const char *key) {
    const char *dot = strrchr(key, '.');
    for (int i = 0; dot && categories[i]; i++)
        if (!strcmp(dot + 1, categories[i])) return (size_t)(dot - key);
    return 0;
}

/* The placeholder at s ("{name}"): its length with braces, else 0. */
static size_t placeholder(const char *s) {
    if (*s != '{') return 0;
    size_t n = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n && s[n + 1] == '}' ? n + 2 : 0;
}

static void check_placeholders(Load *l, const Message *m, const char *english) {
    for (const char *s = m->text; *s; s++) {
        size_t n = placeholder(s);
        if (n && !memmem(english, strlen(english), s, n))
            problem(l, m->file, m->line, "the English text has no", arena_copy_n(l->a, s, n));
    }
}

static const Message *english_of(Load *l, const char *key) {
    const Message *m = find_in(&languages[0], key);
    size_t base = plural_base(key);
    return m || !base ? m : find_in(&languages[0], arena_text(l->a, "%.*s.other", (int)base, key));
}

static void check_language(Load *l, const Language *lang) {
    for (int i = 0; i < lang->n; i++) {
        const Message *m = &lang->v[i], *english = english_of(l, m->key);
        size_t base = plural_base(m->key);
        if (base && base + 1 + strlen("one") == strlen(m->key) && !strcmp(m->key + base + 1, "one")
            && !find_in(lang, arena_text(l->a, "%.*s.other", (int)base, m->key)))
            problem(l, m->file, m->line, "a plural needs its .other:", m->key);
        if (lang == &languages[0]) continue;
        if (!english) problem(l, m->file, m->line, "has no English text:", m->key);
        else check_placeholders(l, m, english->text);
    }
}

static void forget_all(void) {
    for (int i = 0; i < languages_n; i++)
        if (languages[i].plurals) uplrules_close(languages[i].plurals);
    languages_n = 0;
    names[0] = NULL;
}

const char *messages_load(Arena *a, const char *folder) {
    Load l = { .a = a, .problems = { .arena = a } };
    forget_all();
    const char *found[LANGUAGES_MAX];
    int n = folder_names(&l, folder, NULL, found, LANGUAGES_MAX);
    for (int i = 0; i < n; i++)
        if (!strcmp(found[i], "en")) load_language(&l, folder, "en");
    if (!languages_n) problem(&l, folder, 0, "has no folder en", NULL);
    for (int i = 0; i < n && languages_n; i++) {
        if (!strcmp(found[i], "en")) continue;
        if (strlen(found[i]) > 3) problem(&l, folder, 0, "not a language:", found[i]);
        else load_language(&l, folder, found[i]);
    }
    for (int i = 0; i < languages_n; i++) {
        check_language(&l, &languages[i]);
        names[i] = languages[i].name;
    }
    names[languages_n] = NULL;
    return l.problems.s;
}

/* ---- using ---- */

const char *const *messages_languages(void) { return names; }

bool messages_has_language(const char *language) {
    for (int i = 0; i < languages_n; i++)
        if (language && !strcmp(languages[i].name, language)) return true;
    return false;
}

/* The text, or NULL; English where the language has none. */
static const char *find(const char *language, const char *key) {
    const Language *lang = language_of(language);
    const Message *m = lang ? find_in(lang, key) : NULL;
    if (!m && lang && lang != &languages[0]) m = find_in(&languages[0], key);
    return m ? m->text : NULL;
}

/* A key without a text, in brackets: seen by whoever looks at the page. A few are kept side by side, so that one line
   may show several of them. */
static const char *missing_text(const char *key) {
    static char rooms[8][KEY_MAX + 3];
    static unsigned next;
    char *room = rooms[next++ % 8];
    snprintf(room, sizeof rooms[0], "[%.*s]", KEY_MAX, key);
    return room;
}

const char *msg(const char *language, const char *key) {
    const char *text = find(language, key);
    return text ? text : missing_text(key);
}

bool msg_exists(const char *key) { return find("en", key) != NULL; }

const char *msg_said(const char *language, const char *key_or_words) {
    return key_or_words && msg_exists(key_or_words) ? msg(language, key_or_words) : key_or_words;
}

const char *messages_missing(Arena *a, const char *key, const char *declared_in) {
    if (msg_exists(key) || msg_exists(arena_text(a, "%s.other", key))) return NULL;
    return arena_text(a, "%s: there is no text for \"%s\" in views/messages/en", declared_in, key);
}

static char *fill(Arena *a, const char *text, const MsgPair *pairs) {
    Text out = { .arena = a };
    text_add(&out, "");                                              /* never NULL, also for an empty text */
    while (*text) {
        size_t n = placeholder(text);
        const MsgPair *p = n ? pairs : NULL;
        while (p && p->name && (strlen(p->name) != n - 2 || strncmp(p->name, text + 1, n - 2))) p++;
        if (p && p->name) {
            text_add(&out, p->value ? p->value : "");
            text += n;
        } else {
            size_t plain = n ? n : 1 + strcspn(text + 1, "{");
            text_add_n(&out, text, plain);
            text += plain;
        }
    }
    return out.s;
}

char *msg_fill(Arena *a, const char *language, const char *key, const MsgPair *pairs) {
    return fill(a, msg(language, key), pairs);
}

static const char *category_of(const Language *lang, int64_t n) {
    static char name[16];
    UChar wide[16];
    UErrorCode status = U_ZERO_ERROR;
    if (!lang || !lang->plurals) return n == 1 ? "one" : "other";
    int32_t length = uplrules_select(lang->plurals, (double)n, wide, 15, &status);
    if (U_FAILURE(status) || length < 0 || length > 15) return "other";
    u_UCharsToChars(wide, name, length);
    name[length] = 0;
    return name;
}

/* In the language: the category, then "other"; then the same in English by English rules. */
static const char *plural_text(const char *language, const char *key, int64_t n) {
    const Language *tries[] = { language_of(language), languages_n ? &languages[0] : NULL };
    for (int i = 0; i < 2; i++) {
        char full[KEY_MAX + 24];
        if (!tries[i]) continue;
        snprintf(full, sizeof full, "%.*s.%s", KEY_MAX, key, category_of(tries[i], n));
        const Message *m = find_in(tries[i], full);
        if (m) return m->text;
        snprintf(full, sizeof full, "%.*s.other", KEY_MAX, key);
        if ((m = find_in(tries[i], full))) return m->text;
    }
    return missing_text(key);
}

char *msg_count(Arena *a, const char *language, const char *key, int64_t n, const char *shown, const MsgPair *pairs) {
    MsgPair all[24] = { { "count", shown ? shown : arena_text(a, "%lld", (long long)n) } };
    int i = 1;
    for (; pairs->name && i < 23; pairs++) all[i++] = *pairs;
    assert(!pairs->name && "at most 22 placeholders");
    return fill(a, plural_text(language, key, n), all);
}

void messages_each(const char *language, const char *prefix, void (*each)(void *arg, const char *key, const char *text),
                   void *arg) {
    if (!languages_n) return;
    const Language *english = &languages[0];
    char start[KEY_MAX + 2];
    snprintf(start, sizeof start, "%.*s%s", KEY_MAX, prefix, *prefix ? "." : "");
    size_t n = strlen(start);
    for (int i = place_of(english, start); i < english->n && !strncmp(english->v[i].key, start, n); i++)
        each(arg, english->v[i].key + n, msg(language, english->v[i].key));
}

int messages_untranslated(const char *language, void (*each)(void *arg, const char *key), void *arg) {
    const Language *lang = language_of(language);
    int n = 0;
    for (int i = 0; lang && lang != &languages[0] && i < languages[0].n; i++) {
        if (find_in(lang, languages[0].v[i].key)) continue;
        n++;
        if (each) each(arg, languages[0].v[i].key);
    }
    return n;
}
