/* Uploaded files as the document store judges them: header of
 * a picture, name, type. The first byte chooses the kind. */
#include "app/core/document_rules.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    static const char *const kinds[] = { "document", "meter_photo", "logo_bill", "csv" };
    static const char *const types[] = { "image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain",
                                         "text/html", "image/heic" };
    if (n < 2) return;
    const DocumentKind *kind = document_kind(kinds[bytes[0] & 3]);
    const char *magic = types[bytes[1] % 7];
    int64_t width = 1, height = 1;
    if (picture_size(bytes + 2, n - 2, &width, &height))
        MUST(width >= 0 && height >= 0 && width <= UINT32_MAX && height <= UINT32_MAX);
    char *name = document_name(&mem, as_text(bytes + 2, n - 2));
    MUST(*name && strlen(name) <= DOCUMENT_NAME_MAX && !strpbrk(name, "/\\\"\r\n") && strcmp(name, ".."));
    const char *refusal = document_refusal(&mem, kind, magic, name, (int64_t)n - 2, bytes + 2, n - 2),
        *type = document_type(kind, magic, name);
    MUST(refusal || (type && strstr(kind->types, type)));
}
