/* A message file: loaded or refused with a line, and every text can be filled in. */
#include <sys/stat.h>
#include <unistd.h>

#include "lib/messages.h"
#include "tests/fuzz/fuzz.h"

static char folder[64];

static void fill(void *arg, const char *key, const char *shown) {
    (void)arg, (void)shown;
    char *full = text(&mem, "a.%s", key);
    MUST(msg_format(&mem, "en", full, { "x", "{x}" }, { "date", "1" }));
    MUST(msg_plural(&mem, "en", full, 3, NULL, { "x", "1" }));
}

FUZZ(bytes, n) {
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/smart360-fuzz-%d", getpid());
        mkdir(folder, 0700);
        mkdir(text(&mem, "%s/en", folder), 0700);
    }
    FILE *f = fopen(text(&mem, "%s/en/a.msg", folder), "w");
    MUST(f);
    fwrite(bytes, 1, n, f);
    fclose(f);
    const char *problems = messages_load(&mem, folder);
    MUST(!problems || strchr(problems, ':'));
    messages_each("en", "a", fill, NULL);
    messages_each("en", "", fill, NULL);
}
