/* lib/request, multipart: what browsers send, what they never send, limits, files and their end (S19, S28, F17). */
#include "lib/request.h"
#include "tests/suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static Arena mem;
static char folder[] = "/tmp/smart360-multipart-XXXXXX";

#define COUNT(table) (sizeof (table) / sizeof *(table))
#define PART(attributes, content) "--B\r\nContent-Disposition: form-data; " attributes "\r\n\r\n" content "\r\n"
#define END "--B--\r\n"

static UploadLimits limits(void) {
    return (UploadLimits){ .folder = folder, .file_max = 100, .files_total_max = 150, .fields_total_max = 200,
                           .files_max = 3 };
}

static const char *file_bytes(const Upload *u) {
    char *s = take(&mem, (size_t)u->size + 1);
    SAME_INT(pread(u->fd, s, (size_t)u->size + 1, 0), u->size);
    SAME_INT(lseek(u->fd, 0, SEEK_CUR), 0);
    return s;
}

/* "name=value;" for texts, then "name<filename>type:bytes;" for files; or the status. */
static const char *parsed(const char *body, size_t n, size_t piece, const UploadLimits *l) {
    Params fields = params_start(&mem);
    Uploads files;
    Multipart *m = multipart_start(&mem, "B", l, &fields, &files);
    for (size_t at = 0; at < n; at += piece) multipart_feed(m, body + at, n - at < piece ? n - at : piece);
    Parsed end = multipart_end(m);
    if (end.status) return text(&mem, "%d %s", end.status, end.text);
    Text t = text_start(&mem);
    text_add(&t, "");
    for (size_t i = 0; i < fields.n; i++) text_addf(&t, "%s=%s;", fields.v[i].name, fields.v[i].value);
    for (size_t i = 0; i < files.n; i++)
        text_addf(&t, "%s<%s>%s:%s;", files.v[i].name, files.v[i].filename, files.v[i].sent_type,
                  file_bytes(&files.v[i]));
    return t.s;
}

static const struct { const char *body, *is; } cases[] = {
    { END, "" },
    { PART("name=\"a\"", "1") END, "a=1;" },
    { PART("name=\"a\"", "") PART("name=b", "x\r\ny\r\n") END, "a=;b=x\r\ny\r\n;" },
    { PART("name=\"a\"", "1") PART("name=\"a\"", "2") END, "a=1;a=2;" },
    { PART("name=\"n%22a\"", "\xc3\xa9") END, "n\"a=\xc3\xa9;" },
    { PART("name=\"f\"; filename=\"x.txt\"", "hello") END, "f<x.txt>:hello;" },
    { PART("name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain", "a\r\n--\r\n-B\r\n--") END,
      "f<x.txt>text/plain:a\r\n--\r\n-B\r\n--;" },
    { PART("filename=\"C:\\\\tmp\\\\x.txt\"; name=\"f\"", "1") END, "f<x.txt>:1;" },
    { PART("name=\"f\"; filename=\"../../etc/passwd\"", "1") END, "f<passwd>:1;" },
    { PART("name=\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream", "") END, "" },
    { PART("name=\"f\"; filename=\"empty.csv\"", "") END, "f<empty.csv>:;" },
    { PART("name=\"f\"; filename=\"\"", "x") END, "f<>:x;" },
    { "a preamble\r\n" PART("name=\"a\"", "1") END "an epilogue --B", "a=1;" },
    { "--B \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--", "a=1;" },
    { "--B\r\ncontent-disposition:FORM-DATA;NAME=a\r\nContent-Transfer-Encoding: binary\r\nX-Y: z\r\n\r\n1\r\n--B--",
      "a=1;" },
    { "", "400 The form arrived incomplete. Send it again." },
    { "--B", "400 The form arrived incomplete. Send it again." },
    { PART("name=\"a\"", "1"), "400 The form arrived incomplete. Send it again." },
    { PART("name=\"a\"", "1") "--B-", "400 The form arrived incomplete. Send it again." },
    { "--B\n", "400 The form arrived incomplete. Send it again." },
    { "--BX\r\n", "400 The form could not be read." },
    { "--B\n\n", "400 The form could not be read." },
    { "--B --\r\n", "400 The form could not be read." },
    { "--B\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\nX: y\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\n1\r\n" END,
      "400 The form could not be read." },
    { "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n1\r\n" END,
      "400 The form could not be read." },
    { PART("name=a; name=b", "1") END, "400 The form could not be read." },
    { PART("name=a; filename*=UTF-8''x", "1") END, "400 The form could not be read." },
    { PART("name=\"a", "1") END, "400 The form could not be read." },
    { PART("name=", "1") END, "400 The form could not be read." },
    { PART("name=\"a\" x", "1") END, "400 The form could not be read." },
    { PART("name=\"%0d%0a\"", "1") END, "400 The form contains characters that cannot be read." },
    { PART("name=\"\xff\"", "1") END, "400 The form contains characters that cannot be read." },
    { PART("name=a", "\xc3") END, "400 The form contains characters that cannot be read." },
    { PART("name=f; filename=\"\xff\"", "1") END, "400 The form contains characters that cannot be read." },
    { "--B\r\nX: y\r\n z\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END,
      "400 The form could not be read." },
    { "--B\r\nX y: z\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\nX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\n: x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END, "400 The form could not be read." },
    { "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 7bit\r\n\r\n1\r\n" END, "a=1;" },
    { "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding:8BIT \r\n\r\n1\r\n" END, "a=1;" },
    { "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: binary x\r\n\r\n1\r\n" END,
      "400 The form could not be read." },
    { PART("name=f; filename=x\r\nContent-Type: text/csv \t", "1") END, "f<x>text/csv:1;" },
    { PART("name=f; filename=x\r\nContent-Type: text/\xc3\xa9", "1") END, "f<x>:1;" },
    { PART("name=f; filename=x\r\nContent-Type: text/\x01", "1") END, "f<x>:1;" },
    { PART("name=f; filename=x\r\nContent-Type:", "1") END, "f<x>:1;" },
    { PART("name=f; filename=\"a%0Ab\"", "1") END, "400 The form contains characters that cannot be read." },
    { PART("name=f; filename=\"a\x7f\"", "1") END, "400 The form contains characters that cannot be read." },
    { PART("name=f; filename=\"%2g%\"", "1") END, "f<%2g%>:1;" },
    { PART("name=f; filename=a", "1") PART("name=f; filename=b", "2") PART("name=f; filename=c", "3") END,
      "f<a>:1;f<b>:2;f<c>:3;" },
    { PART("name=f; filename=a", "1") PART("name=f; filename=b", "2") PART("name=f; filename=c",
        "3") PART("name=f; filename=d", "4") END, "413 The form has too many files." },
};

static void reads_forms(void) {
    UploadLimits l = limits();
    static const size_t pieces[] = { 100000, 1, 2, 3, 5, 7, 64 };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(pieces); k++) {
            SAME_TEXT(parsed(cases[i].body, strlen(cases[i].body), pieces[k], &l), cases[i].is);
            arena_reset(&mem);
        }
    static const char nul[] = PART("name=a", "x\0y") END;
    SAME_TEXT(parsed(nul, sizeof nul - 1, 1000, &l), "400 The form contains characters that cannot be read.");
    static const char nul_name[] = PART("name=\"a\0b\"", "x") END;
    SAME_TEXT(parsed(nul_name, sizeof nul_name - 1, 1000, &l), "400 The form could not be read.");
    static const char nul_file[] = PART("name=f; filename=x", "x\0y") END;
    Params fields = params_start(&mem);
    Uploads files;
    Multipart *m = multipart_start(&mem, "B", &l, &fields, &files);
    multipart_feed(m, nul_file, sizeof nul_file - 1);
    SAME_INT(multipart_end(m).status, 0);
    SAME_INT(files.v[0].size, 3);
    arena_reset(&mem);
}

static const char *sized_part(const char *attributes, size_t n) {
    char *content = take(&mem, n + 1);
    memset(content, 'x', n);
    return text(&mem, "--B\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n", attributes, content);
}

static const char *status_of(const char *body) {
    UploadLimits l = limits();
    const char *whole = text(&mem, "%s" END, body), *is = parsed(whole, strlen(whole), 100000, &l);
    SAME_TEXT(parsed(whole, strlen(whole), 3, &l), is);
    return strstr(is, "413") == is ? is : "fits";
}

static void keeps_limits(void) {
    const char *f = "name=f; filename=x";
    SAME_TEXT(status_of(sized_part(f, 100)), "fits");
    SAME_TEXT(status_of(sized_part(f, 101)), "413 A file is too large.");
    SAME_TEXT(status_of(text(&mem, "%s%s", sized_part(f, 100), sized_part(f, 50))), "fits");
    SAME_TEXT(status_of(text(&mem, "%s%s", sized_part(f, 100), sized_part(f, 51))),
              "413 The files are too large together.");
    SAME_TEXT(status_of(sized_part("name=a", 199)), "fits");
    SAME_TEXT(status_of(sized_part("name=a", 200)), "413 The form has too much text.");
    SAME_TEXT(status_of(text(&mem, "%s%s", sized_part(f, 60), sized_part(f, 101))),
              "413 The files are too large together.");
    SAME_TEXT(status_of(sized_part(text(&mem, "%s\r\nContent-Type: %0127d", f, 0), 1)), "fits");
    SAME_TEXT(status_of(sized_part(text(&mem, "%s\r\nContent-Type: %0128d", f, 0), 1)), "fits");
    for (int blanks = 64; blanks <= 65; blanks++) {
        const char *body = text(&mem, "--B%*s\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" END, blanks, "");
        UploadLimits l = limits();
        SAME_TEXT(parsed(body, strlen(body), 1000, &l), blanks == 64 ? "a=1;" : "400 The form could not be read.");
    }
    char name[300] = "name=";
    memset(name + 5, 'n', 256);
    SAME_TEXT(status_of(sized_part(name, 0)), "413 The form has too much text.");
    name[261] = 'n';
    SAME_TEXT(status_of(sized_part(name, 0)), "413 The name of a form field is too long.");
    char file[300] = "name=f; filename=";
    memset(file + 17, 'n', 255);
    SAME_TEXT(status_of(sized_part(file, 1)), "fits");
    file[272] = 'n';
    SAME_TEXT(status_of(sized_part(file, 1)), "413 The name of a file is too long.");
    arena_reset(&mem);
}

/* The header ends, with its empty line, at the limit or one behind. */
static void keeps_header_limit(void) {
    for (size_t over = 0; over < 2; over++) {
        size_t known = strlen("Content-Disposition: form-data; name=a\r\nX: ") + 4,
            n = MULTIPART_HEADER_MAX - known + over;
        char *filler = take(&mem, n + 1);
        memset(filler, 'x', n);
        SAME_TEXT(status_of(text(&mem, "--B\r\nContent-Disposition: form-data; name=a\r\nX: %s\r\n\r\n1\r\n", filler)),
                  over ? "413 The header of a form field is too long." : "fits");
    }
    arena_reset(&mem);
}

static void counts_parts(void) {
    for (size_t n = 1000; n <= 1001; n++) {
        Text t = text_start(&mem);
        for (size_t i = 0; i < n; i++) text_add(&t, PART("name=f; filename=\"\"", ""));
        SAME_TEXT(status_of(t.s), n == 1000 ? "fits" : "413 The form has too many fields.");
        arena_reset(&mem);
    }
}

static int descriptors(void) {
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static int files_in_folder(void) {
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* A body of 5 MiB in pieces of odd size keeps its bytes; memory
 * stays small; rewind leaves no descriptor and no file. */
static void streams_files(void) {
    UploadLimits l = { .folder = folder, .file_max = 6 << 20, .files_total_max = 6 << 20, .fields_total_max = 10,
                       .files_max = 1 };
    int before = descriptors();
    Params fields = params_start(&mem);
    Uploads files;
    Multipart *m = multipart_start(&mem, "B", &l, &fields, &files);
    static const char head[] = "--B\r\nContent-Disposition: form-data; name=f; filename=big\r\n\r\n";
    multipart_feed(m, head, sizeof head - 1);
    char piece[10007];
    int64_t size = 0;
    uint32_t seed = 1;
    for (int i = 0; i < 524; i++, size += (int64_t)sizeof piece) {
        for (size_t k = 0; k < sizeof piece; k++)
            piece[k] = "\r\n-BxY"[(seed = seed * 1664525 + 1013904223) >> 24 & 3 ? 5 : (seed >> 20) % 6];
        for (size_t k = 0; k + 5 < sizeof piece; k++) if (!memcmp(piece + k, "\r\n--B", 5)) piece[k] = 'x';
        piece[0] = 'x', piece[sizeof piece - 1] = 'x';
        SAME_INT(multipart_feed(m, piece, sizeof piece).status, 0);
    }
    multipart_feed(m, "\r\n--B--", 7);
    SAME_INT(multipart_end(m).status, 0);
    SAME_INT(files.n, 1);
    SAME_INT(files.v[0].size, size);
    char back[sizeof piece];
    SAME_INT(pread(files.v[0].fd, back, sizeof back, size - (int64_t)sizeof back), sizeof back);
    CU_ASSERT_FALSE(memcmp(back, piece, sizeof back));
    CU_ASSERT_TRUE(mem.total < 200 * 1024);
    SAME_INT(files_in_folder(), 0);
    arena_reset(&mem);
    SAME_INT(descriptors(), before);
}

static void keeps_uploads(void) {
    UploadLimits l = limits();
    Params fields = params_start(&mem);
    Uploads files;
    Multipart *m = multipart_start(&mem, "B", &l, &fields, &files);
    static const char body[] = PART("name=f; filename=x", "bytes") END;
    multipart_feed(m, body, sizeof body - 1);
    SAME_INT(multipart_end(m).status, 0);
    const char *path = text(&mem, "%s/kept", folder), *other = text(&mem, "/dev/shm/smart360-kept-%d", (int)getpid());
    CU_ASSERT_TRUE(upload_keep(&files.v[0], path));
    CU_ASSERT_FALSE(upload_keep(&files.v[0], path));
    SAME_INT(errno, EEXIST);
    CU_ASSERT_TRUE(upload_keep(&files.v[0], other));                /* most often another file system */
    CU_ASSERT_FALSE(upload_keep(&files.v[0], "/nowhere/at/all"));
    char *long_path = text(&mem, "%s/%05000d", folder, 0);
    CU_ASSERT_FALSE(upload_keep(&files.v[0], long_path));
    char before[1024];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(before, sizeof before));
    CU_ASSERT_TRUE(!chdir(folder) && upload_keep(&files.v[0], "relative") && !unlink("relative") && !chdir(before));
    SAME_TEXT(file_bytes(&files.v[0]), "bytes");
    struct stat st;
    SAME_INT(stat(path, &st), 0);
    SAME_INT(st.st_size, 5);
    SAME_INT(st.st_mode & 0777, 0640);
    SAME_INT(stat(other, &st), 0);
    SAME_INT(st.st_size, 5);
    unlink(path);
    unlink(other);
    arena_reset(&mem);
}

static void says_when_it_cannot_store(void) {
    UploadLimits l = limits();
    static const char body[] = PART("name=f; filename=x", "12345") END, empty[] = PART("name=f; filename=x", "") END;
    static const char *const folders[] = { "/nowhere/at/all", "/proc", "" };
    for (size_t i = 0; i < COUNT(folders); i++) {
        l.folder = folders[i];
        SAME_TEXT(parsed(body, sizeof body - 1, 1000, &l), "503 The file could not be stored. Try again later.");
        SAME_TEXT(parsed(empty, sizeof empty - 1, 1000, &l), "503 The file could not be stored. Try again later.");
    }
    l.folder = folder;
    struct rlimit had, less = { .rlim_cur = 4 };            /* as on a full disk: the fifth byte cannot be written */
    getrlimit(RLIMIT_FSIZE, &had);
    less.rlim_max = had.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &less);
    const char *is = parsed(body, sizeof body - 1, 1000, &l);
    setrlimit(RLIMIT_FSIZE, &had);
    signal(SIGXFSZ, handler);
    SAME_TEXT(is, "503 The file could not be stored. Try again later.");
    SAME_INT(files_in_folder(), 0);
    arena_reset(&mem);
}

/* Fields that are there already count. */
static void shares_the_limit_of_fields(void) {
    for (size_t before = 999; before <= 1000; before++) {
        UploadLimits l = limits();
        Params fields = params_start(&mem);
        Uploads files;
        for (size_t i = 0; i < before; i++) param_add(&fields, "a", "1", 1);
        Multipart *m = multipart_start(&mem, "B", &l, &fields, &files);
        static const char body[] = PART("name=b", "2") END;
        multipart_feed(m, body, sizeof body - 1);
        SAME_INT(multipart_end(m).status, before == 999 ? 0 : 413);
        SAME_INT(multipart_feed(m, "x", 1).status, before == 999 ? 0 : 413);       /* the same answer again */
        arena_reset(&mem);
    }
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    int status = suite_run("multipart", (SuiteTest[]){
        { "reads forms however they are cut", reads_forms }, { "keeps limits", keeps_limits },
        { "keeps the header limit", keeps_header_limit }, { "counts parts", counts_parts },
        { "streams files", streams_files }, { "keeps uploads", keeps_uploads },
        { "says when it cannot store", says_when_it_cannot_store },
        { "shares the limit of fields", shares_the_limit_of_fields }, {0} });
    arena_end(&mem);
    rmdir(folder);
    return status;
}
