/* The configuration file: a bad one is refused with its lines named, never half believed. */
#include <fcntl.h>
#include <unistd.h>

#include "lib/config.h"
#include "tests/fuzz/fuzz.h"

FUZZ(bytes, n) {
    static char file[64];
    if (!*file) {
        snprintf(file, sizeof file, "/tmp/smart360-fuzz-config-%d", (int)getpid());
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    const char *problems = NULL;
    const Config *c = config_read(&mem, file, &problems);
    MUST(!c == !!problems);
    unlink(file);
}
