/*
 * ZIP archives: read again by another program, the same bytes of the same files, limits.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/date.h"
#include "lib/gzip.h"
#include "lib/zip.h"
#include "tests/suite.h"

static Arena mem;

static Bytes bytes(const char *s) { return (Bytes){ s, strlen(s) }; }

static void is_read_by_others(void) {
    ZipFile files[] = { { "one.txt", bytes("first"), date_of(2026, 5, 2) },
                        { "zweite Größe.txt", bytes(""), DATE_NONE } };
    Bytes zip = zip_of(&mem, files, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(zip.p);
    char path[] = "/tmp/test_zip_XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_EQUAL(write(fd, zip.p, zip.n), (ssize_t)zip.n);
    close(fd);
    FILE *f = popen(text(&mem, "python3 -c \"import zipfile,sys; z=zipfile.ZipFile('%s'); assert z.testzip() is None; "
                               "[print(i.filename, i.file_size, i.date_time[:3]) for i in z.infolist()]; "
                               "print(z.read('one.txt'))\"", path), "r");
    char room[400];
    size_t n = fread(room, 1, sizeof room - 1, f);
    room[n] = 0;
    CU_ASSERT_EQUAL(pclose(f), 0);
    SAME_TEXT(room, "one.txt 5 (2026, 5, 2)\nzweite Größe.txt 0 (1980, 1, 1)\nb'first'\n");
    unlink(path);
    Bytes again = zip_of(&mem, files, 2);
    SAME_INT(again.n, zip.n);
    CU_ASSERT_EQUAL(memcmp(again.p, zip.p, zip.n), 0);
}

static void has_limits(void) {
    CU_ASSERT_PTR_NOT_NULL(zip_of(&mem, NULL, 0).p);
    ZipFile large = { "large", { "", 61 * 1024 * 1024 }, DATE_NONE };
    CU_ASSERT_PTR_NULL(zip_of(&mem, &large, 1).p);
    CU_ASSERT_PTR_NULL(zip_of(&mem, &large, ZIP_FILES_MAX + 1).p);
}

static const char *unpacked(const char *s, size_t n) {
    char path[] = "/tmp/test_gzip_XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_EQUAL(write(fd, s, n), (ssize_t)n);
    close(fd);
    FILE *f = popen(text(&mem, "gzip -dc <%s", path), "r");
    char *room = take(&mem, 200000);
    room[fread(room, 1, 199999, f)] = 0;
    CU_ASSERT_EQUAL(pclose(f), 0);
    unlink(path);
    return room;
}

static void pages_are_compressed(void) {
    Text page = text_start(&mem);
    for (int i = 0; i < 2000; i++) text_addf(&page, "<tr><td>%d</td></tr>\n", i);
    size_t n;
    const char *small = gzip_bytes(&mem, page.s, page.n, &n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(small);
    CU_ASSERT_TRUE(n < page.n / 3);
    SAME_TEXT(unpacked(small, n), page.s);
    CU_ASSERT_PTR_NULL(gzip_bytes(&mem, "abc", 3, &n));
    const struct { const char *accept; bool takes; } rows[] = {
        { NULL, false }, { "", false }, { "gzip", true }, { "GZIP", true }, { "gzip, deflate, br", true },
        { "br;q=1.0, gzip;q=0.8, *;q=0.1", true }, { "br, gzip;q=0", false }, { "gzip;q=0.000, br", false },
        { "gzip; q=0.001", true }, { "*", true }, { "*;q=0", false }, { "deflate, br", false }, { "xgzip", false },
        { "gzipped", false }, { ",,gzip", true } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_ASSERT_EQUAL(gzip_accepted(rows[i].accept), rows[i].takes);
}

int main(void) {
    int failed = suite_run(
        "zip", (SuiteTest[]){ { "an archive is read by others", is_read_by_others }, { "limits", has_limits },
                               { "pages are compressed for those who take it", pages_are_compressed }, { 0 } });
    arena_end(&mem);
    return failed;
}
