/*
 * Which files are taken (spec/README section 2 rule 11; S19): by kind their types and sizes; pictures by their number
 * of pixels. The type is the content's, never what the client says. Pure.
 */
#ifndef APP_CORE_DOCUMENT_RULES_H
#define APP_CORE_DOCUMENT_RULES_H

#include <stdbool.h>

#include "lib/arena.h"

/* "document" (10 MB: PDF, JPEG, PNG, HEIC, WebP), "video", "meter_photo", "user_photo", "logo_organization",
   "logo_bill", "logo_portal", "csv", "contact_list", "migration", "generated" (made by us: any type). */
typedef struct { const char *kind; const char *types; int64_t bytes_max; const char *says; } DocumentKind;
const DocumentKind *document_kind(const char *kind);        /* NULL: "document"; NULL for an unknown one */

enum { DOCUMENT_NAME_MAX = 200, PICTURE_PIXELS_MAX = 50000000 };

/*
 * The type to store for what libmagic says of the content (it calls CSV plain text): NULL when the kind does not take
 * it. A file name whose ending belongs to another type is refused too.
 */
const char *document_type(const DocumentKind *kind, const char *magic, const char *file_name);
/* Why a file is refused, in the user's words; NULL when it is taken.
 * bytes, n: its beginning, at least 64 KiB of it if there are. */
const char *document_refusal(Arena *a, const DocumentKind *kind, const char *magic, const char *file_name, int64_t size,
                             const void *bytes, size_t n);

/* Width and height of a PNG, JPEG or WebP by its header; false when it is none of them or damaged. */
bool picture_size(const void *bytes, size_t n, int64_t *width, int64_t *height);

/* The name without folders, control characters and what file systems and browsers take amiss; at most DOCUMENT_NAME_MAX
   bytes of good UTF-8, "file" when nothing is left. */
char *document_name(Arena *a, const char *file_name);

#endif
