/*
 * ZIP archives: read again by another program, the same bytes of the same files, limits.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/date.h"
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

int main(void) {
    int failed = suite_run(
        "zip", (SuiteTest[]){ { "an archive is read by others", is_read_by_others }, { "limits", has_limits }, { 0 } });
    arena_end(&mem);
    return failed;
}
