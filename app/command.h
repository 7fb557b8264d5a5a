/*
 * The commands of the program (`smart360 <command>`).
 *
 * To add one: write `int <name>_command(int argc, char **argv)`, declare it here and add its row in app/main.c.
 * argv[0] is the command's name; the answer is the exit status: 0 done, 1 failed, 2 wrong use.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

typedef struct Command {
    const char *name;
    int       (*run)(int argc, char **argv);
    const char *summary;        /* one line for `smart360 help` */
    const char *help;           /* options and an example for `smart360 help NAME` */
} Command;

/* One line on standard error that says what is right; returns 2. */
int command_misuse(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

int bench_command (int argc, char **argv);      /* app/billing/sample_bench.c */
int backup_command (int argc, char **argv);     /* app/core/backup.c: these two */
int restore_command(int argc, char **argv);
int jobs_command (int argc, char **argv);       /* app/core/jobs_command.c */
int keys_command (int argc, char **argv);       /* app/core/keys_command.c */
int run_command  (int argc, char **argv);       /* app/billing/run_command.c */
int quote_command(int argc, char **argv);       /* app/billing/quote_command.c */
int fixture_command(int argc, char **argv);     /* app/core/fixture.c */
int live_command   (int argc, char **argv);     /* app/setup/live.c */
int lint_command   (int argc, char **argv);     /* app/core/lint_command.c: these three */
int routes_command (int argc, char **argv);
int states_command (int argc, char **argv);
int number_command(int argc, char **argv);      /* app/core/number_command.c */
int sample_command (int argc, char **argv);     /* app/billing/sample.c */
int user_command (int argc, char **argv);        /* app/core/user_command.c */
int verify_command(int argc, char **argv);      /* app/core/verify.c */
int web_command  (int argc, char **argv);       /* app/core/web_command.c */

/* What web and jobs need before they fork: keys, texts, modules. 0, or 1 with the reason on standard error. */
int program_start(void);

#endif
