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

#include "app/core/installation.h"
#include "lib/csv.h"
#include "lib/digest.h"
#include "lib/messages.h"
#include "lib/utf8.h"
#include "lib/zip.h"

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

int import_scratch(Ctx *c) {
    int fd = open(installation()->uploads_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) fail(c, DOWN, "no file can be made: %s", strerror(errno));
    later(c, close_fd, (void *)(intptr_t)fd);
    return fd;
}

void import_write(Ctx *c, int fd, const char *s, size_t n) {
    while (n) {
        ssize_t did = write(fd, s, n);
        if (did < 0 && errno == EINTR) continue;
        if (did <= 0) fail(c, DOWN, "a file cannot be written: %s", strerror(errno));
        s += did, n -= (size_t)did;
    }
}

/* --- ZIP ---------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *tail) {
    size_t n = strlen(name), k = strlen(tail);
    return n >= k && !strcasecmp(name + n - k, tail);
}

static bool is_list(const char *name) {
    return ends_with(name, ".csv") || ends_with(name, ".txt") || ends_with(name, ".tsv");
}

/* The only CSV, once nothing speaks for a workbook; beside it stand the files it names, where there may be some. */
static const ZipEntry *list_of(Ctx *c, const Zip *z, bool has_files) {
    const ZipEntry *found = NULL;
    const char *one = has_files ? "import.zip_one_list" : "import.zip_of_one";
    for (size_t i = 0; i < z->n; i++) {
        if (ends_with(z->v[i].name, "[Content_Types].xml")) refuse(c, "file", "import.only_csv");
        bool list = is_list(z->v[i].name);
        if ((!list && !has_files && z->v[i].size) || (list && found)) refuse(c, "file", one);
        if (list) found = &z->v[i];
    }
    if (!found) refuse(c, "file", one);
    return found;
}

static int unpacked(Ctx *c, Bytes zip, bool has_files) {
    Zip z = zip_read(&c->mem, zip);
    if (z.problem) refuse(c, "file", strcmp(z.problem, "encrypted") ? "import.bad_zip" : "import.locked_zip");
    int fd = import_scratch(c);
    switch (zip_unpack(list_of(c, &z, has_files), IMPORT_BYTES_MAX, fd)) {
    case ZIP_DONE:    return fd;
    case ZIP_LARGE:   refuse(c, "file", "import.too_large");
    case ZIP_DAMAGED: refuse(c, "file", "import.bad_zip");
    default:          fail(c, DOWN, "a file cannot be written: %s", strerror(errno));
    }
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
    int fd = import_scratch(c);
    int64_t total = 0;
    char *piece = take(c, PIECE), *in = (char *)(uintptr_t)b.p;
    size_t left = b.n;
    while (left) {
        char *out = piece;
        size_t room = PIECE;
        size_t answer = iconv(cd, &in, &left, &out, &room);
        total += (int64_t)(PIECE - room);
        if (total > IMPORT_BYTES_MAX) refuse(c, "file", "import.too_large");
        import_write(c, fd, piece, PIECE - room);
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
    static const char known[] = ",;\t|";           /* the first wins where two stand there as often */
    size_t count[sizeof known] = { 0 }, most = 0;
    for (size_t i = 0; i < n && s[i] != '\n' && s[i] != '\r'; i++) {
        const char *is = s[i] ? strchr(known, s[i]) : NULL;
        if (is) count[is - known]++;
    }
    for (size_t k = 1; known[k]; k++)
        if (count[k] > count[most]) most = k;
    return known[most];
}

/* Every row takes a line, so that few files are read to their end to know how many rows they have. */
static bool has_too_many(CsvReader *r, Bytes b) {
    int64_t lines = 0;
    const char *s = b.p;
    for (size_t i = 0; i < b.n; i++) lines += s[i] == '\n' || s[i] == '\r';
    if (lines <= IMPORT_ROWS_MAX) return false;
    int64_t rows = 1;                               /* the first one was read */
    for (CsvRow row; rows <= IMPORT_ROWS_MAX; rows++) {
        CsvAnswer answer = csv_next(r, &row);
        if (answer == CSV_END || answer == CSV_BROKEN) return false;
    }
    return true;
}

ImportFile import_file_take(Ctx *c, const Upload *u, const char *encoding, bool has_files) {
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
    if (has_files && !zip_is(b)) refuse(c, "file", "import.wants_zip");
    if (zip_is(b)) f.fd = unpacked(c, b, has_files), b = bytes_in(c, f.fd);
    f.encoding = encoding_of(c, b, encoding);
    if (strcmp(f.encoding, "UTF-8")) f.fd = converted(c, b, f.encoding), b = bytes_in(c, f.fd);
    if (!utf8_is_valid(b.p, b.n) || memchr(b.p, 0, b.n)) refuse(c, "file", "import.only_csv");
    size_t skip = b.n >= 3 && !memcmp(b.p, "\xef\xbb\xbf", 3) ? 3 : 0;
    f.delimiter = delimiter_of((const char *)b.p + skip, b.n - skip);
    CsvReader *r = csv_open_bytes(&c->mem, b.p, b.n,
                                  (CsvRules){ .rows_max = IMPORT_ROWS_MAX + 1, .bytes_max = IMPORT_BYTES_MAX,
                                              .delimiter = f.delimiter });
    f.header = csv_header(r, &f.header_n);
    CsvRow row;
    CsvAnswer first = csv_next(r, &row);
    if (first == CSV_BROKEN) fail_field(c, INVALID, "file", "%s", row.problem);
    if (!f.header_n || header_find(f.header, f.header_n, "", NULL) >= 0) refuse(c, "file", "import.no_header");
    if (first == CSV_END) refuse(c, "file", "import.empty");
    if (has_too_many(r, b)) refuse(c, "file", "import.too_many");
    return f;
}

/* --- files beside the list ---------------------------------------------------------------------------------------- */

struct ImportArchive { Zip zip; };

const ImportArchive *import_archive(Ctx *c, Id document) {
    if (!document.id) return NULL;
    ImportArchive *a = take(c, sizeof *a);
    int fd = open(document_open(c, document)->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail(c, BROKEN, "the archive cannot be read: %s", strerror(errno));
    later(c, close_fd, (void *)(intptr_t)fd);
    a->zip = zip_read(&c->mem, bytes_in(c, fd));
    return a;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By its path, else by its name where no other has it. */
static const ZipEntry *file_named(const Zip *z, const char *name) {
    const ZipEntry *found = NULL;
    int same = 0;
    for (size_t i = 0; i < z->n; i++) {
        if (!strcmp(z->v[i].name, name)) return &z->v[i];
        if (!strcmp(last_part(z->v[i].name), name)) found = &z->v[i], same++;
    }
    return same == 1 ? found : NULL;
}

int import_file_open(Ctx *c, const ImportSet *s, const char *name, int64_t most, const char **problem) {
    const ZipEntry *e = s->files ? file_named(&s->files->zip, name) : NULL;
    *problem = e ? NULL : "import.no_file";
    if (!e) return -1;
    int fd = import_scratch(c);
    ZipAnswer answer = zip_unpack(e, most, fd);
    if (answer == ZIP_NO_ROOM) fail(c, DOWN, "a file cannot be written: %s", strerror(errno));
    *problem = answer == ZIP_DAMAGED ? "import.bad_file" : answer == ZIP_LARGE ? "import.large_file" : NULL;
    return *problem ? -1 : fd;
}
