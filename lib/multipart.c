/*
 * multipart/form-data, push style: see request.h. Bytes are gathered in one buffer; what is certainly value is passed
 * on at once, only as much is held back as could still turn into a delimiter. Every decision depends on the position in
 * the content and never on how the bytes were cut (tests/fuzz/fuzz_multipart.c compares).
 *
 * Strict where programs differ: lines end with CRLF, no folded headers, nothing but blanks behind a boundary, one
 * Content-Disposition a part, no attribute twice, no filename*, names quoted as browsers do (%22 %0D %0A, no
 * backslash).
 */
#include "lib/request.h"
#include "lib/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 16 * 1024, DELIMITER_MAX = 4 + MULTIPART_BOUNDARY_MAX, PADDING_MAX = 64 };

static const Parsed GOOD         = { 0, NULL };
static const Parsed BAD_FORM     = { 400, "The form could not be read." };
static const Parsed CUT_OFF      = { 400, "The form arrived incomplete. Send it again." };
static const Parsed BAD_TEXT     = { 400, "The form contains characters that cannot be read." };
static const Parsed LONG_HEADER  = { 413, "The header of a form field is too long." };
static const Parsed LONG_NAME    = { 413, "The name of a form field is too long." };
static const Parsed LONG_FILE    = { 413, "The name of a file is too long." };
static const Parsed MANY_FIELDS  = { 413, "The form has too many fields." };
static const Parsed MANY_FILES   = { 413, "The form has too many files." };
static const Parsed BIG_FIELDS   = { 413, "The form has too much text." };
static const Parsed BIG_FILE     = { 413, "A file is too large." };
static const Parsed BIG_FILES    = { 413, "The files are too large together." };
static const Parsed NO_ROOM      = { 503, "The file could not be stored. Try again later." };

typedef enum { PREAMBLE, DELIMITED, HEADER, CONTENT, EPILOGUE } State;
typedef enum { TO_NOWHERE, TO_FIELD, TO_FILE } Sink;

struct Multipart {
    Arena       *arena;
    UploadLimits limits;
    Params      *fields;
    Uploads     *files;
    State        state;
    Parsed       refused;
    Sink         sink;
    const char  *name;                  /* of the part being read */
    const char  *filename;              /* NULL for a text */
    const char  *type;
    Text         value;                 /* of a text part */
    Upload      *file;                  /* of a file part; NULL before its first byte */
    int64_t      fields_total, files_total;
    size_t       parts;
    size_t       padding;               /* blanks seen behind a boundary */
    size_t       delimiter_n;
    size_t       at, n;                 /* what is waiting in the buffer: from where, how much */
    char         delimiter[DELIMITER_MAX];
    char         buffer[BUFFER_SIZE];
};

Multipart *multipart_start(Arena *a, const char *boundary, const UploadLimits *limits, Params *fields, Uploads *files) {
    size_t length = strlen(boundary);
    assert(length && length <= MULTIPART_BOUNDARY_MAX && limits->files_max <= MULTIPART_FILES_MAX);
    Multipart *m = take(a, sizeof *m);
    *files = (Uploads){ .v = take_n(a, Upload, limits->files_max) };      /* never moves: hooks point into it */
    m->arena = a;
    m->limits = *limits;
    m->limits.folder = text_copy(a, limits->folder);
    m->fields = fields;
    m->files = files;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary, length);
    m->delimiter_n = 4 + length;
    memcpy(m->buffer, "\r\n", 2);                   /* so that the first boundary is found like the others */
    m->n = 2;
    return m;
}

static bool blank(char c)   { return c == ' ' || c == '\t'; }
static bool control(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }
static bool token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static char *waiting(Multipart *m) {
    return m->buffer + m->at;
}

static void drop(Multipart *m, size_t count) {
    m->at += count;
    m->n -= count;
}

/* ---- Files ---- */

static void close_upload(void *arg) {
    Upload *u = arg;
    if (u->fd >= 0) close(u->fd);
    u->fd = -1;
}

/* A file without a name in `folder`, which vanishes with its last descriptor. */
static int nameless_file(Arena *a, const char *folder) {
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
    char *name = text(a, "%s/upload-XXXXXX", folder);       /* a file system without nameless files */
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0) unlink(name);
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t n) {
    while (n) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static Parsed file_start(Multipart *m) {
    if (m->files->n == m->limits.files_max) return MANY_FILES;
    int fd = nameless_file(m->arena, m->limits.folder);
    if (fd < 0) return NO_ROOM;
    m->file = &m->files->v[m->files->n++];
    *m->file = (Upload){ m->name, m->filename, fd, 0, m->type };
    later(m->arena, close_upload, m->file);
    return GOOD;
}

static Parsed file_add(Multipart *m, const char *bytes, size_t n) {
    if (!n) return GOOD;
    if (!m->file) {
        Parsed p = file_start(m);
        if (p.status) return p;
    }
    int64_t file_left = m->limits.file_max - m->file->size, all_left = m->limits.files_total_max - m->files_total;
    if ((int64_t)n > file_left && file_left <= all_left) return BIG_FILE;      /* the limit that is met first */
    if ((int64_t)n > all_left) return BIG_FILES;
    if (!write_all(m->file->fd, bytes, n)) return NO_ROOM;
    m->file->size += (int64_t)n;
    m->files_total += (int64_t)n;
    return GOOD;
}

/* A named file may be empty; an input left empty (no name, no bytes) is no file. */
static Parsed file_end(Multipart *m) {
    if (!m->file && *m->filename) {
        Parsed p = file_start(m);
        if (p.status) return p;
    }
    if (m->file && lseek(m->file->fd, 0, SEEK_SET) < 0) return NO_ROOM;
    return GOOD;
}

/* ---- Texts ---- */

static Parsed field_count(Multipart *m, size_t n) {
    if ((int64_t)n > m->limits.fields_total_max - m->fields_total) return BIG_FIELDS;
    m->fields_total += (int64_t)n;
    return GOOD;
}

static Parsed field_add(Multipart *m, const char *bytes, size_t n) {
    Parsed p = field_count(m, n);
    if (!p.status) text_add_n(&m->value, bytes, n);
    return p;
}

static Parsed field_end(Multipart *m) {
    if (m->value.n && (memchr(m->value.s, 0, m->value.n) || !utf8_is_valid(m->value.s, m->value.n))) return BAD_TEXT;
    return param_add(m->fields, m->name, m->value.n ? m->value.s : "", m->value.n) ? GOOD : MANY_FIELDS;
}

static Parsed content_add(Multipart *m, size_t n) {
    Parsed p = m->sink == TO_FILE ? file_add(m, waiting(m), n) : field_add(m, waiting(m), n);
    drop(m, n);
    return p;
}

static Parsed content_end(Multipart *m) {
    Parsed p = m->sink == TO_FILE ? file_end(m) : field_end(m);
    m->sink = TO_NOWHERE;
    return p;
}

/* ---- The header of a part ---- */

typedef struct { const char *s, *end; } Line;

static bool skip_word(Line *l, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(l->end - l->s) < n || strncasecmp(l->s, word, n)) return false;
    l->s += n;
    return true;
}

static void skip_blanks(Line *l) {
    while (l->s < l->end && blank(*l->s)) l->s++;
}

/* Undoes what browsers do to a name in quotes. */
static const char *unquote(Arena *a, const char *s, size_t n) {
    Text t = text_start(a);
    text_add(&t, "");
    for (size_t i = 0; i < n; i++) {
        if (n - i >= 3 && !strncasecmp(s + i, "%22", 3))      text_add_n(&t, "\"", 1), i += 2;
        else if (n - i >= 3 && !strncasecmp(s + i, "%0d", 3)) text_add_n(&t, "\r", 1), i += 2;
        else if (n - i >= 3 && !strncasecmp(s + i, "%0a", 3)) text_add_n(&t, "\n", 1), i += 2;
        else text_add_n(&t, s + i, 1);
    }
    return t.s;
}

/* `attribute=token` or `attribute="text"`. NULL when it is neither. */
static const char *attribute_value(Arena *a, Line *l) {
    const char *start = l->s;
    if (l->s < l->end && *l->s == '"') {
        const char *close_quote = memchr(start + 1, '"', (size_t)(l->end - start - 1));
        if (!close_quote) return NULL;
        l->s = close_quote + 1;
        return unquote(a, start + 1, (size_t)(close_quote - start - 1));
    }
    while (l->s < l->end && token(*l->s)) l->s++;
    return l->s > start ? text_copy_n(a, start, (size_t)(l->s - start)) : NULL;
}

/* `form-data; name="..."; filename="..."`, behind the colon. */
static Parsed disposition_parse(Multipart *m, Line l) {
    if (m->name) return BAD_FORM;
    skip_blanks(&l);
    if (!skip_word(&l, "form-data")) return BAD_FORM;
    for (;;) {
        skip_blanks(&l);
        if (l.s == l.end) break;
        if (*l.s++ != ';') return BAD_FORM;
        skip_blanks(&l);
        const char **to = skip_word(&l, "name=") ? &m->name : skip_word(&l, "filename=") ? &m->filename : NULL;
        if (!to || *to) return BAD_FORM;            /* filename* among them: RFC 7578 forbids it */
        if (!(*to = attribute_value(m->arena, &l))) return BAD_FORM;
    }
    return m->name ? GOOD : BAD_FORM;
}

static void type_parse(Multipart *m, Line l) {
    skip_blanks(&l);
    while (l.end > l.s && blank(l.end[-1])) l.end--;
    size_t n = (size_t)(l.end - l.s);
    m->type = "";
    if (n > MULTIPART_TYPE_MAX) return;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)l.s[i] < 0x20 || (unsigned char)l.s[i] > 0x7e) return;
    m->type = text_copy_n(m->arena, l.s, n);
}

static Parsed line_parse(Multipart *m, Line l) {
    const char *colon = l.s;
    while (colon < l.end && token(*colon)) colon++;
    if (colon == l.s || colon == l.end || *colon != ':') return BAD_FORM;      /* a folded line begins with a blank */
    Line value = { colon + 1, l.end };
    Line name = { l.s, colon + 1 };
    if (skip_word(&name, "content-disposition:")) return disposition_parse(m, value);
    if (skip_word(&name, "content-type:")) type_parse(m, value);
    else if (skip_word(&name, "content-transfer-encoding:")) {
        skip_blanks(&value);
        bool plain = skip_word(&value, "binary") || skip_word(&value, "7bit") || skip_word(&value, "8bit");
        skip_blanks(&value);
        if (!plain || value.s != value.end) return BAD_FORM;
    }
    return GOOD;
}

static bool has_control(const char *s) {
    for (; *s; s++)
        if (control(*s)) return true;
    return false;
}

/* Some old browsers send the whole path of the client. */
static const char *without_folders(const char *filename) {
    const char *base = filename;
    for (const char *s = filename; *s; s++)
        if (*s == '/' || *s == '\\') base = s + 1;
    return base;
}

static Parsed part_check(Multipart *m) {
    if (!m->name) return BAD_FORM;
    if (strlen(m->name) > REQUEST_NAME_MAX) return LONG_NAME;
    if (has_control(m->name) || !utf8_is_valid(m->name, strlen(m->name))) return BAD_TEXT;
    if (!m->filename) return field_count(m, strlen(m->name));
    m->filename = without_folders(m->filename);
    if (strlen(m->filename) > MULTIPART_FILENAME_MAX) return LONG_FILE;
    return has_control(m->filename) || !utf8_is_valid(m->filename, strlen(m->filename)) ? BAD_TEXT : GOOD;
}

/* Lines separated by CRLF, without the empty one at the end. */
static Parsed header_parse(Multipart *m, const char *s, size_t n) {
    if (++m->parts > REQUEST_FIELDS_MAX) return MANY_FIELDS;        /* inputs left empty count too */
    m->name = m->filename = NULL;
    m->type = "";
    m->file = NULL;
    m->value = text_start(m->arena);
    if (memchr(s, 0, n)) return BAD_FORM;
    for (const char *end = s + n; s < end;) {
        const char *stop = memmem(s, (size_t)(end - s), "\r\n", 2);
        if (!stop) stop = end;
        Parsed p = line_parse(m, (Line){ s, stop });
        if (p.status) return p;
        s = stop + 2;
    }
    m->sink = m->filename ? TO_FILE : TO_FIELD;
    return part_check(m);
}

/* ---- Steps: each returns true when it got further and wants to be called again ---- */

static bool refuse(Multipart *m, Parsed p) {
    m->refused = p;
    return !p.status;
}

/* PREAMBLE and CONTENT: up to the next delimiter. */
static bool step_to_delimiter(Multipart *m) {
    const char *found = memmem(waiting(m), m->n, m->delimiter, m->delimiter_n);
    size_t held = m->delimiter_n - 1;
    size_t sure = found ? (size_t)(found - waiting(m)) : m->n > held ? m->n - held : 0;
    if (m->state == CONTENT) {
        if (!refuse(m, content_add(m, sure))) return false;
    } else drop(m, sure);
    if (!found) return false;
    drop(m, m->delimiter_n);
    if (m->state == CONTENT && !refuse(m, content_end(m))) return false;
    m->state = DELIMITED;
    m->padding = 0;
    return true;
}

/* Behind a boundary: "--" ends it all; blanks and CRLF begin a part. */
static bool step_delimited(Multipart *m) {
    if (!m->n) return false;
    if (blank(*waiting(m))) {
        drop(m, 1);
        return ++m->padding <= PADDING_MAX || refuse(m, BAD_FORM);
    }
    if (m->n < 2) return false;
    bool ends = !m->padding && !memcmp(waiting(m), "--", 2);
    if (!ends && memcmp(waiting(m), "\r\n", 2)) return refuse(m, BAD_FORM);
    drop(m, 2);
    m->state = ends ? EPILOGUE : HEADER;
    return true;
}

static bool step_header(Multipart *m) {
    if (m->n >= 2 && !memcmp(waiting(m), "\r\n", 2)) return refuse(m, BAD_FORM);    /* a part without a name */
    size_t window = m->n < MULTIPART_HEADER_MAX ? m->n : MULTIPART_HEADER_MAX;
    const char *end = memmem(waiting(m), window, "\r\n\r\n", 4);
    if (!end) return window == MULTIPART_HEADER_MAX ? refuse(m, LONG_HEADER) : false;
    size_t n = (size_t)(end - waiting(m));
    if (!refuse(m, header_parse(m, waiting(m), n))) return false;
    drop(m, n + 4);
    m->state = CONTENT;
    return true;
}

static bool step(Multipart *m) {
    switch (m->state) {
    case PREAMBLE:
    case CONTENT:   return step_to_delimiter(m);
    case DELIMITED: return step_delimited(m);
    case HEADER:    return step_header(m);
    case EPILOGUE:  m->n = 0; return false;
    }
    return false;
}

Parsed multipart_feed(Multipart *m, const void *bytes, size_t n) {
    const char *s = bytes;
    while (n && !m->refused.status) {
        memmove(m->buffer, waiting(m), m->n);
        m->at = 0;
        size_t part = sizeof m->buffer - m->n;
        if (part > n) part = n;
        assert(part);                               /* every state leaves room: the most held is a header */
        memcpy(m->buffer + m->n, s, part);
        m->n += part;
        s += part;
        n -= part;
        while (step(m)) { }
    }
    return m->refused;
}

Parsed multipart_end(Multipart *m) {
    if (m->refused.status) return m->refused;
    return m->state == EPILOGUE ? GOOD : CUT_OFF;
}

/* ---- Keeping ---- */

static bool copy_to(int from, int to, int64_t size) {
    char buffer[16 * 1024];
    for (int64_t at = 0; at < size;) {
        ssize_t got = pread(from, buffer, sizeof buffer, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || !write_all(to, buffer, (size_t)got)) return false;
        at += got;
    }
    return true;
}

/* A new name needs the folder written through as well. */
static bool sync_folder(const char *path) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int n = slash ? (int)(slash - path) : 1;
    if (n >= (int)sizeof folder) return errno = ENAMETOOLONG, false;
    snprintf(folder, sizeof folder, "%.*s", n ? n : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = !fsync(fd);
    close(fd);
    return done;
}

static bool keep_copy(const Upload *u, const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) return false;
    bool done = copy_to(u->fd, fd, u->size) && !fsync(fd);
    int why = errno;
    close(fd);
    if (!done) unlink(path);
    errno = why;
    return done;
}

bool upload_keep(const Upload *u, const char *path) {
    char own[64];
    snprintf(own, sizeof own, "/proc/self/fd/%d", u->fd);
    bool linked = !fchmod(u->fd, 0640) && !fsync(u->fd) && !linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
    if (!linked && errno == EEXIST) return false;
    if (!linked && !keep_copy(u, path)) return false;       /* another file system, or one without nameless files */
    if (sync_folder(path)) return true;
    int why = errno;
    unlink(path);
    errno = why;
    return false;
}
