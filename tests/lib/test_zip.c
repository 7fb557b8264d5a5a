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

static const char *content_of(const ZipEntry *e, int64_t most, ZipAnswer *answer) {
    char path[] = "/tmp/test_unzip_XXXXXX";
    int fd = mkstemp(path);
    *answer = zip_unpack(e, most, fd);
    char *room = take(&mem, 200000);
    CU_ASSERT_TRUE(pread(fd, room, 199999, 0) >= 0);
    close(fd);
    unlink(path);
    return room;
}

/* An archive by another program: packed and stored files, a folder, one with a password. */
static Bytes by_others(const char *script) {
    FILE *f = popen(text(&mem, "python3 -c \"import zipfile,io,sys; b=io.BytesIO(); z=zipfile.ZipFile(b, 'w', "
                               "zipfile.ZIP_DEFLATED); %s; z.close(); sys.stdout.buffer.write(b.getvalue())\"",
                         script), "r");
    uint8_t *room = take(&mem, 100000);
    size_t n = fread(room, 1, 100000, f);
    CU_ASSERT_EQUAL(pclose(f), 0);
    return (Bytes){ room, n };
}

static void reads_others(void) {
    Bytes b = by_others("z.writestr('a/', ''); z.writestr('a/one.txt', 'x' * 50000); "
                        "z.writestr('two.txt', 'two', zipfile.ZIP_STORED)");
    Zip z = zip_read(&mem, b);
    ZipAnswer answer;
    CU_ASSERT_TRUE(zip_is(b));
    CU_ASSERT_PTR_NULL_FATAL(z.problem);
    SAME_INT(z.n, 2);
    SAME_TEXT(z.v[0].name, "a/one.txt");
    SAME_INT(strlen(content_of(&z.v[0], 50000, &answer)), 50000);
    SAME_INT(answer, ZIP_DONE);
    content_of(&z.v[0], 49999, &answer);            /* whatever the directory says of its size */
    SAME_INT(answer, ZIP_LARGE);
    SAME_TEXT(content_of(&z.v[1], 10, &answer), "two");
    SAME_INT(answer, ZIP_DONE);
    CU_ASSERT_PTR_NULL(zip_read(&mem, by_others("pass")).problem);
    Bytes ours = zip_of(&mem, &(ZipFile){ "one", bytes("first"), DATE_NONE }, 1);
    SAME_INT(zip_read(&mem, ours).n, 1);
}

/* Cut off anywhere, or with any byte changed: never read beyond, never more than asked for. */
static void bears_damage(void) {
    Bytes b = by_others("z.writestr('one.txt', 'first first first'); z.writestr('two.txt', 'x' * 300)");
    CU_ASSERT_STRING_EQUAL(zip_read(&mem, (Bytes){ b.p, b.n - 30 }).problem, "damaged");
    CU_ASSERT_STRING_EQUAL(zip_read(&mem, bytes("PK\3\4 and no directory")).problem, "damaged");
    for (size_t i = 0; i < b.n; i++) {
        uint8_t *bad = malloc(b.n);                 /* of its own, so that a sanitizer sees every byte read beyond */
        memcpy(bad, b.p, b.n);
        bad[i] ^= 0xff;
        Zip z = zip_read(&mem, (Bytes){ bad, b.n });
        for (size_t k = 0; k < z.n; k++) {
            ZipAnswer answer;
            CU_ASSERT_TRUE(strlen(content_of(&z.v[k], 1000, &answer)) <= 1000);
        }
        free(bad);
    }
    ((uint8_t *)(uintptr_t)b.p)[6] |= 1;            /* the local head does not count, the directory does */
    CU_ASSERT_PTR_NULL(zip_read(&mem, b).problem);
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
                               { "archives of others are read", reads_others }, { "damage", bears_damage },
                               { "pages are compressed for those who take it", pages_are_compressed }, { 0 } });
    arena_end(&mem);
    return failed;
}
