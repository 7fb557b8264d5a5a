/* Every fuzz target over its seeds (tests/fuzz/corpus/<name>/),
 * each whole and cut short at every length up to 300 bytes. */
#include <dirent.h>
#include <stdlib.h>

#include "lib/arena.h"
#include "tests/suite.h"

typedef void (*Run)(const uint8_t *bytes, size_t n);
void fuzz_register(const char *file, Run run);

enum { TARGETS_MAX = 64, SEED_MAX = 64 * 1024, CUT_MAX = 300 };
static struct { char name[64]; Run run; } targets[TARGETS_MAX];
static size_t target_count;

/* "…/tests/fuzz/fuzz_json.c" is the target json. */
void fuzz_register(const char *file, Run run) {
    const char *name = strstr(file, "/fuzz_");
    if (!name || target_count == TARGETS_MAX) abort();
    snprintf(targets[target_count].name, sizeof targets->name, "%.*s", (int)strcspn(name + 6, "."), name + 6);
    targets[target_count++].run = run;
}

static void seed_run(Run run, const char *path) {
    FILE *f = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    uint8_t *bytes = malloc(SEED_MAX);
    size_t n = fread(bytes, 1, SEED_MAX, f);
    fclose(f);
    run(bytes, n);
    for (size_t cut = 0; cut < n && cut < CUT_MAX; cut++) {
        uint8_t *exact = malloc(cut + 1);           /* of its own, so that a sanitizer sees every byte read beyond */
        memcpy(exact, bytes, cut);
        run(exact, cut);
        free(exact);
    }
    free(bytes);
}

static void replays(void) {
    Arena names = { 0 };
    const char *source = getenv("srcdir");
    CU_ASSERT_TRUE(target_count >= 10);
    for (size_t i = 0; i < target_count; i++) {
        const char *folder = text(&names, "%s/tests/fuzz/corpus/%s", source ? source : SOURCE_DIR, targets[i].name);
        DIR *d = opendir(folder);
        int seeds = 0;
        for (struct dirent *e; d && (e = readdir(d));) {
            if (e->d_name[0] == '.') continue;
            seed_run(targets[i].run, text(&names, "%s/%s", folder, e->d_name));
            seeds++;
        }
        if (d) closedir(d);
        if (!seeds) fprintf(stderr, "\n%s: no seeds\n", folder);
        CU_ASSERT_TRUE(seeds > 0);
    }
    arena_end(&names);
}

int main(void) {
    return suite_run("corpus", (SuiteTest[]){ { "replays the seeds of all fuzz targets", replays }, {0} });
}
