/*
 * Outside bytes of an HTTP request become values: path, query, form, files, cookies, headers, addresses.
 *
 * Pure functions over bytes and an arena: no FastCGI, no Ctx, no fail(). What is wrong with the input is a value
 * (Parsed), which the caller turns into an answer. Everything that comes out is valid UTF-8, free of NUL, and ends with
 * 0. Assurance S18, S19, S27, S28, S36; all of it is fuzzed (tests/fuzz), multipart also for equal results however the
 * bytes are cut. Every function takes time and memory proportional to its input.
 */
#ifndef LIB_REQUEST_H
#define LIB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"

/* The limits. What a route allows of body and files is the caller's; these hold everywhere. */
enum {
    REQUEST_FIELDS_MAX   = 1000,        /* parameters of one query, or fields of one body */
    REQUEST_NAME_MAX     = 256,         /* bytes of a parameter's name */
    REQUEST_PATH_MAX     = 2048,        /* bytes of a path as sent */
    REQUEST_SEGMENTS_MAX = 32,          /* parts of a path */
    REQUEST_QUERY_MAX    = 16 * 1024,   /* bytes of a query as sent */
    REQUEST_FORM_MAX     = 8 * 1024 * 1024,     /* bytes of an urlencoded body; routes allow less */
    REQUEST_COOKIES_MAX  = 200,         /* cookies of one request */
    REQUEST_HOST_MAX     = 253,         /* bytes of a host name */
    MULTIPART_BOUNDARY_MAX = 70,        /* RFC 2046 */
    MULTIPART_HEADER_MAX   = 4096,      /* bytes of the header of one part */
    MULTIPART_FILENAME_MAX = 255,
    MULTIPART_TYPE_MAX     = 127,       /* bytes of a part's Content-Type that are kept; a longer one becomes "" */
    MULTIPART_FILES_MAX    = 100,       /* the most a caller may allow */
};

/* The outcome: status 0 is good; else 400, 413 or 422 (503 only
 * when a file cannot be stored) with a sentence for the user. */
typedef struct { int status; const char *text; } Parsed;

/* ---- Parameters: query, form fields, cookies ---- */

typedef struct { const char *name, *value; size_t length; } Param;          /* value[length] is 0; no other 0 inside */
typedef struct { Arena *arena; Param *v; size_t n, room; } Params;          /* in the order sent */
typedef struct { const char **v; size_t n; } Texts;

#define params_start(owner) ((Params){ .arena = arena_of(owner) })

/* The value sent first under this name; NULL when there is none. */
const char *param_find  (const Params *p, const char *name);
size_t      param_count (const Params *p, const char *name);
/* All values of one name, in the order sent. */
Texts       param_all   (Arena *a, const Params *p, const char *name);
/* False when there are REQUEST_FIELDS_MAX already. The caller vouches for name and value. */
bool        param_add   (Params *p, const char *name, const char *value, size_t length);

/* `a=1&b=x+y%21` of a query or an application/x-www-form-urlencoded body. Appends to *out.
 * Refuses a broken %xx, %00 and NUL, invalid UTF-8 (400), too many
 * fields and too long names (413). Empty pairs are skipped. */
Parsed urlencoded_parse(Params *out, const char *bytes, size_t n);
/* A Cookie header. Names and values are taken as they are; malformed cookies are skipped (others set cookies too, and
 * they must not lock the user out); more than REQUEST_COOKIES_MAX are refused (400). */
Parsed cookies_parse(Params *out, const char *header, size_t n);

/* ---- The request's target ---- */

typedef struct {
    const char *text;                   /* decoded, for logs and for comparing; a %2F within a part shows as "/" here */
    const char *segment[REQUEST_SEGMENTS_MAX];      /* decoded parts: "/u/swa-w/bx" has three, "/" has none */
    size_t      n;
    bool        ends_with_slash;        /* true for "/" too */
} Path;

/* The path of a target, without its query. Refuses (400) what does not begin with "/", a broken %xx, NUL and control
 * characters, invalid UTF-8, backslashes, empty parts ("//"), "." and ".." parts also when they are encoded. */
Parsed path_parse(Arena *a, const char *bytes, size_t n, Path *out);
/* A whole target as in REQUEST_URI: path, and behind the first "?" the query. */
Parsed target_parse(Arena *a, const char *uri, Path *path, Params *query);
/* Whether a redirect may go there: an own path, "/" followed
 * by neither "/" nor "\", without control characters (S36). */
bool   path_is_own(const char *s);

/* ---- Headers ---- */

typedef enum { BODY_NONE, BODY_URLENCODED, BODY_MULTIPART, BODY_JSON, BODY_OTHER } BodyKind;
typedef struct {
    BodyKind    kind;                   /* BODY_NONE when the header is absent */
    const char *type;                   /* lower case, without parameters: "multipart/form-data" */
    const char *boundary;               /* of multipart, else NULL */
} ContentType;

/* Refuses (400) malformed headers, a multipart form without a boundary of 1..70 allowed characters, a parameter given
 * twice, and a charset other than UTF-8 for the kinds we read as text. `header` may be NULL. */
Parsed content_type_parse(Arena *a, const char *header, ContentType *out);
/* Digits only, at most 15; absent or empty is 0. Anything else is refused (400). */
Parsed content_length_parse(const char *header, int64_t *out);
/* The host of a Host header in lower case without port and
 * final dot, IPv6 in brackets kept. NULL when it is not one. */
const char *host_parse(Arena *a, const char *header);

/* ---- Addresses of clients ---- */

typedef struct { uint8_t bytes[16]; bool is_v4; } Address;      /* v4 is kept mapped (::ffff:a.b.c.d) */
typedef struct { Address address; int bits; } Network;          /* bits count within 128 */

/* Textual IPv4 or IPv6 without port, zone, brackets or leading zeros; ::ffff:a.b.c.d becomes v4. */
bool        address_parse (const char *s, Address *out);
const char *address_text  (Arena *a, const Address *address);
/* "203.0.113.0/24", "2001:db8::/32" or a single address. Bits behind the prefix must be 0. */
bool        network_parse (const char *s, Network *out);
bool        network_has   (const Network *network, const Address *address);

/* ---- Files: multipart/form-data, fed as the bytes arrive ---- */

typedef struct {
    const char *name;                   /* of the form's field */
    const char *filename;
    /* as sent, without folders; for showing only, never a path of ours; may be "" */
    /* a nameless file, at offset 0, for reading and writing; closed when the arena rewinds */
    int         fd;
    int64_t     size;                   /* bytes */
    const char *sent_type;              /* what the client claims, "" if nothing; never to be trusted */
} Upload;
typedef struct { Upload *v; size_t n; } Uploads;

typedef struct {
    const char *folder;                 /* where file parts are kept; on the file system where they shall stay */
    int64_t     file_max;               /* bytes of one file */
    int64_t     files_total_max;        /* bytes of all files */
    int64_t     fields_total_max;       /* bytes of all text values, each counted with its name */
    size_t      files_max;              /* number of files, at most MULTIPART_FILES_MAX */
} UploadLimits;

typedef struct Multipart Multipart;

/* Text parts are appended to *fields, files to *files (which is set empty here); a file input left empty gives nothing.
 * Holds one buffer of 16 KiB whatever the size of the body. `boundary` and the limits are copied. */
Multipart *multipart_start(Arena *a, const char *boundary, const UploadLimits *limits, Params *fields, Uploads *files);
/* The next bytes, however they are cut. After a refusal every further call gives the same one. */
Parsed     multipart_feed (Multipart *m, const void *bytes, size_t n);
/* Refuses (400) a body that ended before its closing boundary. Only now may fields and files be used. */
Parsed     multipart_end  (Multipart *m);

/* Gives an upload its place for good: written through to the disk, mode 0640, never over an existing file.
 * False with errno when that fails; then nothing is left at `path`. The upload stays readable. */
bool upload_keep(const Upload *u, const char *path);

#endif
