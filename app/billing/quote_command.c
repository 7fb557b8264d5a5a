/*
 * smart360 quote FILE: see quote.h. No database; exit status 0 and the bill, or 2 and what is wrong with the document.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/billing/quote.h"
#include "app/command.h"

/* At most one byte more than a document may have. Negative when it cannot be read. */
static long bytes_read(FILE *in, char *room, size_t size) {
    size_t n = fread(room, 1, size, in);
    return ferror(in) ? -1 : (long)n;
}

int quote_command(int argc, char **argv) {
    if (argc != 2) return command_misuse(argv[0], "give one file, or - for standard input");
    bool from_input = !strcmp(argv[1], "-");
    FILE *in = from_input ? stdin : fopen(argv[1], "rb");
    if (!in) return fprintf(stderr, "%s: %s\n", argv[1], strerror(errno)), 2;
    Arena a = { 0 };
    char *bytes = take(&a, QUOTE_BYTES_MAX + 1);
    long n = bytes_read(in, bytes, QUOTE_BYTES_MAX + 1);
    int problem = errno;
    if (!from_input) fclose(in);
    const char *answer;
    int status = 2;
    if (n < 0) fprintf(stderr, "%s: %s\n", argv[1], strerror(problem));
    else if (!quote_run(&a, bytes, (size_t)n, &answer)) fprintf(stderr, "%s\n", answer);
    else status = fputs(answer, stdout) < 0 || fflush(stdout) ? 1 : 0;
    arena_end(&a);
    return status;
}
