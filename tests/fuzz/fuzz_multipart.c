/*
 * multipart/form-data: the same result however the bytes are cut (fed whole, and in pieces of 1, 3, 5, 7 bytes), within
 * the limits, and no file left behind. The first byte of the input chooses the boundary.
 */
#include <dirent.h>
#include <unistd.h>

#include "lib/request.h"
#include "tests/fuzz/fuzz.h"

static const char *folder(void) {
    static char name[] = "/tmp/smart360-fuzz-XXXXXX";
    static bool made;
    if (!made) MUST(mkdtemp(name));
    made = true;
    return name;
}

static const char *summary(const char *boundary, const uint8_t *bytes, size_t n, size_t piece) {
    const UploadLimits limits = { .folder = folder(), .file_max = 2000, .files_total_max = 3000,
                                  .fields_total_max = 4000, .files_max = 3 };
    Params fields = params_start(&mem);
    Uploads files;
    Multipart *m = multipart_start(&mem, boundary, &limits, &fields, &files);
    for (size_t at = 0; at < n; at += piece) {
        size_t some = n - at < piece ? n - at : piece;
        char *exact = arena_copy_n(&mem, (const char *)bytes + at, some);
        multipart_feed(m, exact, some);
    }
    Parsed end = multipart_end(m);
    if (end.status) return text(&mem, "%d %s", end.status, end.text);
    Text t = text_start(&mem);
    text_add(&t, "");
    for (size_t i = 0; i < fields.n; i++) {
        MUST(strlen(fields.v[i].value) == fields.v[i].length);
        text_addf(&t, "%s=%s;", fields.v[i].name, fields.v[i].value);
    }
    MUST(files.n <= limits.files_max);
    for (size_t i = 0; i < files.n; i++) {
        MUST(files.v[i].size <= limits.file_max && !strchr(files.v[i].filename, '/'));
        char *content = arena_take(&mem, (size_t)files.v[i].size + 1);
        MUST(pread(files.v[i].fd, content, (size_t)files.v[i].size + 1, 0) == files.v[i].size);
        text_addf(&t, "%s<%s>%s:%lld:", files.v[i].name, files.v[i].filename, files.v[i].sent_type,
                  (long long)files.v[i].size);
        text_add_n(&t, content, strlen(content));
    }
    return t.s;
}

FUZZ(bytes, n) {
    static const char *const boundaries[] = { "B", "----WebKitFormBoundary7MA4YWxkTrZu0gW",
                                              "0123456789012345678901234567890123456789012345678901234567890123456789",
                                              "-" };
    if (!n || n > 20000) return;
    const char *boundary = boundaries[bytes[0] % 4];
    const char *whole = summary(boundary, bytes + 1, n - 1, n);
    static const size_t pieces[] = { 1, 3, 5, 7 };
    for (size_t i = 0; i < 4; i++) MUST(!strcmp(whole, summary(boundary, bytes + 1, n - 1, pieces[i])));
}
