/*
 * The log: one line per event, for machines and people (assurance S25).
 *
 *     2026-03-20T18:25:00.123456Z info job.done pid=4711 request=7KQ4-M2XD tenant=swa user=12 job=88 kind="bill run"
 *
 * Line = UTC time, level, event (module.what), process, what the line belongs to, then the fields given. Values are
 * encoded: control characters, quotes, backslashes and bytes that are no UTF-8 become escapes, so that nothing a
 * stranger sends can forge a line. Fields whose name says that they are secret (password, secret, token, authorization,
 * cookie, csrf, otp, pin, api_key, card, iban ... ) are written as ***; the text of a field is cut at 1,000 bytes, a
 * line at 8,000. Each line is one write(): lines of several processes do not mix. No memory is taken; may be called at
 * any time except in signal handlers. No locks: processes have one thread.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

typedef struct { const char *name; const char *text; int64_t number; bool is_number; } LogField;

#define LOG_TEXT(field, value) { .name = (field), .text = (value) }
#define LOG_INT(field, value)  { .name = (field), .number = (value), .is_number = true }

/* log_info("job.done", LOG_INT("job", id), LOG_TEXT("kind", kind)); a NULL text is left out. */
#define log_debug(...) LOG_LINE(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  LOG_LINE(LOG_INFO,  __VA_ARGS__)
#define log_warn(...)  LOG_LINE(LOG_WARN,  __VA_ARGS__)
#define log_error(...) LOG_LINE(LOG_ERROR, __VA_ARGS__)
#define LOG_LINE(level, event, ...) \
    log_write((level), (event), (const LogField[]){ __VA_ARGS__ __VA_OPT__(,) { .name = 0 } })
void log_write(LogLevel level, const char *event, const LogField *fields);

/* Where lines go: a file (opened for appending, mode 0640) or NULL for standard error. false when it cannot be opened:
   lines then go where they went before. */
bool log_open(const char *file);
/* For signal handlers (SIGHUP, SIGUSR1): the file is opened again by name before the next line. */
void log_reopen(void);
void log_level(LogLevel least);                          /* default LOG_INFO */

/* A number for one request or job step, short enough to be read out on the phone: "7KQ4-M2XD", 40 random bits, without
   I, L, O and U. */
enum { REQUEST_NO_SIZE = 10 };
void request_no_new(char room[REQUEST_NO_SIZE]);

/* What the following lines belong to, until the next call; NULL and 0 leave a part out. The texts are copied. */
void log_context(const char *request, const char *tenant, int64_t user);
void log_context_clear(void);

/* Events that strangers can cause at will are sampled: true for the first `per_minute` calls in a minute at this place.
   The first line of a later minute says how many were left out:
       static LogSample s; int64_t skipped;
       if (log_sample(&s, 10, &skipped)) log_warn("hook.unsigned", LOG_INT("skipped", skipped)); */
typedef struct { int64_t minute, count, skipped; } LogSample;
bool log_sample(LogSample *s, int per_minute, int64_t *skipped);

/* The path of a request for the log: parts that look like a secret (20 or more of A-Z a-z 0-9 - _ with a small letter
   and a digit or capital: tokens of links) keep their first four letters. Cut to room - 1 bytes; answers `to`. */
const char *log_path(char *to, int room, const char *path);

/* The encoded form of one line's value, for tests and for others who write lines: at most room - 1 bytes and a 0.
   Text that needs no quotes stays as it is. */
void log_encode(char *to, int room, const char *text);

#endif
