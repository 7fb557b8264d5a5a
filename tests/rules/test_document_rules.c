/*
 * Which files are taken (S19): content and name, sizes, pixels, names that would lead elsewhere.
 */
#include "app/core/document_rules.h"
#include "tests/suite.h"

static Arena mem;

static const uint8_t png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 2,
                               0x80, 0, 0, 1, 0xe0, 8, 2, 0, 0, 0 };
static const uint8_t bomb[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 1, 0,
                                0, 0, 1, 0, 0, 8, 2, 0, 0, 0 };
static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 4, 'J', 'F', 0xff, 0xc0, 0, 11, 8, 1, 0xe0, 2, 0x80, 3, 1,
                                0x22 };
static const uint8_t webp[] = { 'R', 'I', 'F', 'F', 40, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8', 'X', 10, 0, 0, 0, 0,
                                0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0, 0 };

static const char *refused(const char *kind, const char *magic, const char *name, int64_t size, const void *bytes,
                           size_t n) {
    return document_refusal(&mem, document_kind(kind), magic, name, size, bytes, n);
}

static void taken(void) {
    SAME_TEXT(refused("document", "application/pdf", "lease.pdf", 1000, "%PDF", 4), NULL);
    SAME_TEXT(refused("document", "application/pdf", "lease", 1000, "%PDF", 4), NULL);
    SAME_TEXT(refused(NULL, "image/png", "a.PNG", 1000, png, sizeof png), NULL);
    SAME_TEXT(refused("meter_photo", "image/jpeg", "a.jpg", 1000, jpeg, sizeof jpeg), NULL);
    SAME_TEXT(refused("meter_photo", "image/webp", "a.webp", 1000, webp, sizeof webp), NULL);
    SAME_TEXT(refused("csv", "text/plain", "reads.csv", 1000, "a,b", 3), NULL);
    SAME_TEXT(document_type(document_kind("csv"), "text/plain", "reads.csv"), "text/csv");
    SAME_TEXT(document_type(document_kind("document"), "image/heif", "x.heic"), "image/heic");
    SAME_TEXT(document_type(document_kind("generated"), "application/x-anything", "x.bin"), "application/x-anything");
    CU_ASSERT_PTR_NULL(document_kind("nothing"));
}

static void refusals(void) {
    SAME_TEXT(refused("document", "application/pdf", "a.pdf", 0, "", 0), "The file is empty.");
    SAME_TEXT(refused("document", "application/pdf", "a.pdf", 10 * 1024 * 1024 + 1, "%PDF", 4),
              "The file is larger than 10 MB.");
    SAME_TEXT(refused("logo_bill", "image/png", "a.png", 512 * 1024 + 1, png, sizeof png),
              "The file is larger than 512 KB.");
    SAME_TEXT(refused("document", "text/html", "a.pdf", 10, "<html>", 6),
              "Choose a PDF, JPEG, PNG, HEIC or WebP file.");
    SAME_TEXT(refused("document", "image/svg+xml", "a.svg", 10, "<svg>", 5),
              "Choose a PDF, JPEG, PNG, HEIC or WebP file.");
    SAME_TEXT(refused("document", "application/pdf", "a.html", 10, "%PDF", 4),
              "The file's content does not fit its name.");
    SAME_TEXT(refused("document", "image/png", "a.png.php", 10, png, sizeof png),
              "The file's content does not fit its name.");
    SAME_TEXT(refused("csv", "text/html", "a.csv", 10, "<html>", 6), "Choose a CSV file.");
    SAME_TEXT(refused("document", "image/png", "a.png", 1000, bomb, sizeof bomb),
              "The picture has more than 50 megapixels.");
    SAME_TEXT(refused("document", "image/png", "a.png", 1000, png, 10), "The picture is damaged.");
}

static void sizes(void) {
    int64_t w, h;
    CU_ASSERT_TRUE(picture_size(png, sizeof png, &w, &h) && w == 640 && h == 480);
    CU_ASSERT_TRUE(picture_size(jpeg, sizeof jpeg, &w, &h) && w == 640 && h == 480);
    CU_ASSERT_TRUE(picture_size(webp, sizeof webp, &w, &h) && w == 640 && h == 480);
    for (size_t n = 0; n < sizeof jpeg - 4; n++) picture_size(jpeg, n, &w, &h);
    CU_ASSERT_FALSE(picture_size("GIF89a", 6, &w, &h));
}

static void names(void) {
    SAME_TEXT(document_name(&mem, "../../etc/passwd"), "passwd");
    SAME_TEXT(document_name(&mem, "C:\\docs\\lease.pdf"), "lease.pdf");
    SAME_TEXT(document_name(&mem, "a\"b\r\nc?.pdf"), "a_b__c_.pdf");
    SAME_TEXT(document_name(&mem, ".."), "file");
    SAME_TEXT(document_name(&mem, ""), "file");
    SAME_TEXT(document_name(&mem, NULL), "file");
    char *long_name = take(&mem, 500);
    memset(long_name, 'x', 199);
    memcpy(long_name + 199, "\xc3\xa4.pdf", 7);
    SAME_INT(strlen(document_name(&mem, long_name)), 199);      /* not within a character */
}

int main(void) {
    return suite_run("document_rules", (SuiteTest[]){ { "files that are taken", taken },
        { "files that are refused", refusals }, { "pictures", sizes }, { "names", names }, { 0 } });
}
