/*
 * A file for data migration comes in (ONB04US01): CSV, or a ZIP of one; UTF-8, or another encoding that is converted;
 * its SHA-256 says whether it was here before. What is no CSV is refused in words that say how to make one of it.
 */
#include "app/setup/import_file.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "app/core/installation.h"
#include "lib/csv.h"
#include "lib/digest.h"
#include "lib/messages.h"
#include "lib/utf8.h"

enum { PIECE = 256 * 1024 };

static _Noreturn void refuse(Ctx *c, const char *field, const char *key) {
    fail_field(c, INVALID, field, "%s", msg(c->language, key));
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

typedef struct Mapped { void *at; size_t n; } Mapped;
static void unmap(void *m) { munmap(((Mapped *)m)->at, ((Mapped *)m)->n); }

static Bytes bytes_in(Ctx *c, int fd) {
    struct stat s;
    if (fstat(fd, &s)) fail(c, BROKEN, "the upload cannot be read: %s", strerror(errno));
    if (!s.st_size) return (Bytes){ "", 0 };
    void *at = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) fail(c, BROKEN, "the upload cannot be read: %s", strerror(errno));
    Mapped *m = take(c, sizeof *m);
    *m = (Mapped){ at, (size_t)s.st_size };
    later(c, unmap, m);
    return (Bytes){ at, m->n };
}

static void close_fd(void *fd) { close((int)(intptr_t)fd); }

/* A file without a name that ends with the work. */
static int scratch(Ctx *c) {
    int fd = open(installation()->uploads_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) fail(c, DOWN, "no file can be made: %s", strerror(errno));
    later(c, close_fd, (void *)(intptr_t)fd);
    return fd;
}

static void put(Ctx *c, int fd, const char *s, size_t n, int64_t *total) {
    *total += (int64_t)n;
    if (*total > IMPORT_BYTES_MAX) refuse(c, "file", "import.too_large");
    while (n) {
        ssize_t did = write(fd, s, n);
        if (did < 0 && errno == EINTR) continue;
        if (did <= 0) fail(c, DOWN, "a file cannot be written: %s", strerror(errno));
        s += did, n -= (size_t)did;
    }
}

/* --- ZIP ---------------------------------------------------------------------------------------------------------- */

static uint32_t le(const uint8_t *p, int n) {
    uint32_t v = 0;
    for (int i = n; i--;) v = v << 8 | p[i];
    return v;
}

typedef struct Entry { const char *name; size_t name_n; int method; uint32_t packed, size; const uint8_t *data; } Entry;

static bool ends_with(const Entry *e, const char *tail) {
    size_t n = strlen(tail);
    return e->name_n >= n && !strncasecmp(e->name + e->name_n - n, tail, n);
}

/* The central directory's entries: the only CSV, once nothing speaks for a workbook. */
static Entry entry_of(Ctx *c, Bytes b) {
    const uint8_t *s = b.p, *end = s + b.n;
    const uint8_t *tail = b.n < 22 ? NULL : end - 22;
    while (tail && tail > s && end - tail < 66000 && memcmp(tail, "PK\5\6", 4)) tail--;
    if (!tail || memcmp(tail, "PK\5\6", 4)) refuse(c, "file", "import.bad_zip");
    uint32_t count = le(tail + 10, 2), at = le(tail + 16, 4);
    Entry found = { 0 };
    int csv = 0;
    for (uint32_t i = 0; i < count; i++) {
        if ((size_t)at + 46 > b.n || memcmp(s + at, "PK\1\2", 4)) refuse(c, "file", "import.bad_zip");
        const uint8_t *p = s + at;
        Entry e = { .name = (const char *)p + 46, .name_n = le(p + 28, 2), .method = (int)le(p + 10, 2),
                    .packed = le(p + 20, 4), .size = le(p + 24, 4) };
        uint32_t local = le(p + 42, 4);
        at += 46 + (uint32_t)e.name_n + le(p + 30, 2) + le(p + 32, 2);
        if (at > b.n || (size_t)local + 30 > b.n || (le(p + 8, 2) & 1)) refuse(c, "file", "import.bad_zip");
        if (ends_with(&e, "[Content_Types].xml")) refuse(c, "file", "import.only_csv");
        size_t data = (size_t)local + 30 + le(s + local + 26, 2) + le(s + local + 28, 2);
        if (data + e.packed > b.n) refuse(c, "file", "import.bad_zip");
        e.data = s + data;
        if (!e.size || (e.name_n && e.name[e.name_n - 1] == '/')) continue;
        if (!ends_with(&e, ".csv") && !ends_with(&e, ".txt") && !ends_with(&e, ".tsv"))
            refuse(c, "file", "import.zip_of_one");
        if (csv++) refuse(c, "file", "import.zip_of_one");
        found = e;
    }
    if (!csv || (found.method != 0 && found.method != 8)) refuse(c, "file", "import.zip_of_one");
    return found;
}

static void end_inflate(void *z) { inflateEnd(z); }

static int unpacked(Ctx *c, Bytes zip) {
    Entry e = entry_of(c, zip);
    int fd = scratch(c);
    int64_t total = 0;
    if (!e.method) {
        put(c, fd, (const char *)e.data, e.packed, &total);
        return fd;
    }
    z_stream *z = take(c, sizeof *z);
    if (inflateInit2(z, -15) != Z_OK) fail(c, DOWN, "no memory to unpack");
    later(c, end_inflate, z);
    z->next_in = (Bytef *)(uintptr_t)e.data, z->avail_in = e.packed;
    char *piece = take(c, PIECE);
    int answer;
    do {
        z->next_out = (Bytef *)piece, z->avail_out = PIECE;
        answer = inflate(z, Z_NO_FLUSH);
        if (answer != Z_OK && answer != Z_STREAM_END) refuse(c, "file", "import.bad_zip");
        put(c, fd, piece, PIECE - z->avail_out, &total);
    } while (answer != Z_STREAM_END && (z->avail_in || !z->avail_out));
    if (answer != Z_STREAM_END) refuse(c, "file", "import.bad_zip");
    return fd;
}

/* --- encodings ---------------------------------------------------------------------------------------------------- */

const Choice import_encodings[] = { { "auto", "As the file says, else UTF-8" }, { "UTF-8", "UTF-8" },
                                    { "WINDOWS-1252", "Windows-1252 (Western European)" },
                                    { "ISO-8859-1", "ISO-8859-1 (Latin 1)" },
                                    { "ISO-8859-15", "ISO-8859-15 (Latin 9)" },
                                    { "WINDOWS-1250", "Windows-1250 (Central European)" },
                                    { "UTF-16", "UTF-16" }, { 0 } };

static void end_iconv(void *cd) { iconv_close((iconv_t)cd); }

static int converted(Ctx *c, Bytes b, const char *from) {
    iconv_t cd = iconv_open("UTF-8", from);
    if (cd == (iconv_t)-1) fail(c, BROKEN, "there is no conversion from %s", from);
    later(c, end_iconv, (void *)cd);
    int fd = scratch(c);
    int64_t total = 0;
    char *piece = take(c, PIECE), *in = (char *)(uintptr_t)b.p;
    size_t left = b.n;
    while (left) {
        char *out = piece;
        size_t room = PIECE;
        size_t answer = iconv(cd, &in, &left, &out, &room);
        put(c, fd, piece, PIECE - room, &total);
        if (answer == (size_t)-1 && errno != E2BIG) refuse(c, "encoding", "import.not_encoding");
    }
    return fd;
}

static const char *encoding_of(Ctx *c, Bytes b, const char *said) {
    const uint8_t *s = b.p;
    bool wide = b.n >= 2 && ((s[0] == 0xff && s[1] == 0xfe) || (s[0] == 0xfe && s[1] == 0xff));
    if (!said || !strcmp(said, "auto")) said = wide ? "UTF-16" : "UTF-8";
    if (strcmp(said, "UTF-8")) return said;
    if (!utf8_is_valid(b.p, b.n)) refuse(c, "encoding", "import.not_utf8");
    return said;
}

/* --- a virus scanner, where one is configured --------------------------------------------------------------------- */

/* Runs `command FILE`: 0 good, 1 bad; anything else is no answer. */
static void scan(Ctx *c, int fd) {
    const char *command = installation()->scan_command;
    if (!command || !*command) return;
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), fd);
    pid_t pid = fork();
    if (!pid) {
        execl(command, command, path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
        fail(c, DOWN, "the virus scanner %s gave no answer", command);
    if (WEXITSTATUS(status)) refuse(c, "file", "import.virus");
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool is_workbook(Bytes b, const char *name) {
    const char *dot = name ? strrchr(name, '.') : NULL;
    static const char *const tails[] = { ".xlsx", ".xls", ".xlsm", ".ods", ".pdf", ".json", ".xml", NULL };
    for (const char *const *t = tails; dot && *t; t++)
        if (!strcasecmp(dot, *t)) return true;
    return b.n >= 8 && (!memcmp(b.p, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) || !memcmp(b.p, "%PDF", 4));
}

static char delimiter_of(const char *s, size_t n) {
    size_t comma = 0, semicolon = 0, tab = 0;
    for (size_t i = 0; i < n && s[i] != '\n' && s[i] != '\r'; i++)
        comma += s[i] == ',', semicolon += s[i] == ';', tab += s[i] == '\t';
    return tab > comma && tab > semicolon ? '\t' : semicolon > comma ? ';' : ',';
}

ImportFile import_file_take(Ctx *c, const Upload *u, const char *encoding) {
    ImportFile f = { .size = (int64_t)u->size };
    if (f.size > IMPORT_BYTES_MAX) refuse(c, "file", "import.too_large");
    Bytes b = bytes_in(c, u->fd);
    if (!b.n) refuse(c, "file", "import.empty");
    uint8_t sum[DIGEST_MAX];
    digest(SHA256, b, sum);
    memcpy(f.sha256, sum, sizeof f.sha256);
    if (is_workbook(b, u->filename)) refuse(c, "file", "import.only_csv");
    scan(c, u->fd);
    f.fd = u->fd;
    if (b.n > 4 && !memcmp(b.p, "PK\3\4", 4)) f.fd = unpacked(c, b), b = bytes_in(c, f.fd);
    f.encoding = encoding_of(c, b, encoding);
    if (strcmp(f.encoding, "UTF-8")) f.fd = converted(c, b, f.encoding), b = bytes_in(c, f.fd);
    if (!utf8_is_valid(b.p, b.n) || memchr(b.p, 0, b.n)) refuse(c, "file", "import.only_csv");
    size_t skip = b.n >= 3 && !memcmp(b.p, "\xef\xbb\xbf", 3) ? 3 : 0;
    f.delimiter = delimiter_of((const char *)b.p + skip, b.n - skip);
    CsvReader *r = csv_open_bytes(&c->mem, b.p, b.n,
                                  (CsvRules){ .rows_max = IMPORT_ROWS_MAX, .bytes_max = IMPORT_BYTES_MAX,
                                                                 .delimiter = f.delimiter });
    f.header = csv_header(r, &f.header_n);
    CsvRow row;
    CsvAnswer first = csv_next(r, &row);
    if (first == CSV_BROKEN) fail_field(c, INVALID, "file", "%s", row.problem);
    if (!f.header_n || header_find(f.header, f.header_n, "", NULL) >= 0) refuse(c, "file", "import.no_header");
    if (first == CSV_END) refuse(c, "file", "import.empty");
    return f;
}
