/*
 * When a job is tried again, and when a recurring one is due (assurance "Job queue"; ONB02US04: scheduled_job). Pure.
 */
#ifndef APP_CORE_JOB_RULES_H
#define APP_CORE_JOB_RULES_H

#include "lib/arena.h"
#include "lib/date.h"
#include "lib/types.h"

enum { JOB_LEASE_S = 60, JOB_HEARTBEAT_S = 15, JOB_CRASHES_MAX = 3, JOB_ATTEMPTS = 12, JOB_STEP_STOP_S = 30 };

/*
 * Microseconds to wait after the `attempts`-th try has failed: min(6 h, 10 s * 2^(attempts-1)) times 0.8 to 1.2 (`dice`
 * of 0 to 999,999 chooses), or what the other side asked for when that is longer.
 */
int64_t job_wait_us(int attempts, int dice, int64_t retry_after_s);

/* What becomes of a running job whose try has ended without success. */
typedef enum { JOB_RETRY, JOB_DEAD } JobFate;
/* crashes: this one included */
typedef struct { int attempts, max_attempts, crashes; bool is_permanent, is_crash; } JobTry;
JobFate job_fate(JobTry t);

/*
 * A rule in local time: "daily 02:00", "hourly 15" (minutes after the hour), "weekly 1 06:00" (0 Sunday), "monthly 1
 * 03:00"
 * (the 31st: the last day), "every 15m" or "every 2h" (counted from midnight UTC; a part of a day).
 */
typedef struct { enum { RULE_DAILY, RULE_HOURLY, RULE_WEEKLY, RULE_MONTHLY, RULE_EVERY } kind; int day, minute, every_s;
                 } ScheduleRule;
bool schedule_parse(const char *s, ScheduleRule *to);
/*
 * The first due time after `after`. A local time that a change to summer time skips is due at the change itself (02:30
 * on that night: 03:00); one that comes twice is due the first time only.
 */
Time schedule_next(const ScheduleRule *rule, const Zone *zone, Time after);

#endif
