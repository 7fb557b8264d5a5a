/*
 * Rules of readings: see reading_rules.h.
 */
#include "app/meters/reading_rules.h"

#include <string.h>

#include "lib/date.h"
#include "lib/exact.h"

enum { FUTURE_MINUTES = 10, SEASON_DAYS = 45, SEASON_LENGTH = 15, RECENT = 3, RECENT_DAYS = 400 };

/* --- numbers ------------------------------------------------------------------------------------------------------ */

const char *reading_format(Reading value, int digits, int decimals) {
    if (value.e3 < 0) return "meters.entry.negative";
    if (value.e3 / 1000 >= power_of_ten(digits)) return "meters.entry.digits";
    if (value.e3 % power_of_ten(3 - decimals) == 0) return NULL;
    return decimals ? "meters.entry.decimals" : "meters.entry.no_decimals";
}

bool reading_use(int64_t raw_e3, int64_t multiplier_e6, int64_t place_multiplier_e6, int64_t *use_e3) {
    Exact use = exact_mul(exact_ratio(raw_e3, 1000),
                          exact_mul(exact_micro(multiplier_e6), exact_micro(place_multiplier_e6)));
    Wide thousandths;
    return exact_round(use, 3, ROUND_HALF_UP, &thousandths) && wide_fits(thousandths, use_e3);
}

/* One unit in litres or in joules, as numerator / denominator. A US gallon is 231 cubic inches, a cubic foot 1,728 of
   them, an inch 2.54 cm; a therm is 100,000 Btu of 1,055.05585262 J. */
typedef struct { const char *unit; char measures; int64_t num, den; } UnitSize;

static const UnitSize *unit_size(const char *unit) {
    static const UnitSize sizes[] = {
        { "CCF", 'V', 28316846592, 10000000 }, { "HCF", 'V', 28316846592, 10000000 },
        { "ft3", 'V', 28316846592, 1000000000 },
        { "gal", 'V', 3785411784, 1000000000 }, { "kgal", 'V', 3785411784, 1000000 }, { "Mgal", 'V', 3785411784, 1000 },
        { "m3", 'V', 1000, 1 }, { "kL", 'V', 1000, 1 }, { "L", 'V', 1, 1 },
        { "kWh", 'E', 3600000, 1 }, { "MWh", 'E', 3600000000, 1 }, { "therm", 'E', 105505585262, 1000 },
        { "GJ", 'E', 1000000000, 1 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!strcmp(sizes[i].unit, unit)) return &sizes[i];
    return NULL;
}

bool unit_convert(int64_t quantity_e3, const char *from, const char *to, int64_t *result_e3) {
    if (!strcmp(from, to)) {
        *result_e3 = quantity_e3;
        return true;
    }
    const UnitSize *a = unit_size(from), *b = unit_size(to);
    if (!a || !b || a->measures != b->measures) return false;
    Exact converted = exact_mul(exact_ratio(quantity_e3, 1000),
                                exact_div(exact_ratio(a->num, a->den), exact_ratio(b->num, b->den)));
    Wide thousandths;
    return exact_round(converted, 3, ROUND_HALF_UP, &thousandths) && wide_fits(thousandths, result_e3);
}

/* --- what is usual ------------------------------------------------------------------------------------------------ */

static int middle(Date from, Date to) { return from.day + (to.day - from.day) / 2; }
static int distance(int a, int b) { return a < b ? b - a : a - b; }

static UseBase same_season(const PastUse *past, size_t n, Date from, Date to) {
    UseBase best = { 0 };
    int wanted = middle(from, to) - 365, nearest = SEASON_DAYS + 1;
    for (size_t i = 0; i < n; i++) {
        int away = distance(middle(past[i].from, past[i].to), wanted);
        if (past[i].is_estimated || past[i].days < SEASON_LENGTH || away >= nearest) continue;
        nearest = away;
        best = (UseBase){ past[i].quantity_e3, past[i].days };
    }
    return best;
}

UseBase use_base(const PastUse *past, size_t n, Date from, Date to) {
    UseBase season = same_season(past, n, from, to), recent = { 0 };
    if (season.days) return season;
    int taken = 0;
    for (size_t i = 0; i < n && taken < RECENT; i++) {
        if (past[i].is_estimated || past[i].days <= 0 || date_days_between(past[i].to, to) > RECENT_DAYS) continue;
        recent.use_e3 += past[i].quantity_e3, recent.days += past[i].days, taken++;
    }
    return recent;
}

/* --- what no reading can be --------------------------------------------------------------------------------------- */

static void code_faults(Faults *to, size_t row, const ReadingFacts *f) {
    if (f->has_status && !f->knows_status) fault_add(to, row, FAULT_UNKNOWN, "status_code", "meters.entry.status_code");
    if (f->has_reason && !f->knows_reason) fault_add(to, row, FAULT_UNKNOWN, "reason_code", "meters.entry.reason_code");
    else if (f->has_reason && !f->reason_fits)
        fault_add(to, row, FAULT_RULE, "reason_code", "meters.entry.reason_fits");
    if (f->has_reason && f->needs_note && !f->has_note) fault_add(to, row, FAULT_REQUIRED, "note", "meters.entry.note");
    if (f->has_value) return;
    if (!f->has_status || f->needs_value) fault_add(to, row, FAULT_REQUIRED, "value", "meters.entry.value");
    else if (!f->has_reason) fault_add(to, row, FAULT_REQUIRED, "reason_code", "meters.entry.reason");
}

static void value_fault(Faults *to, size_t row, const ReadingFacts *f) {
    const char *key = f->has_value ? reading_format(f->value, f->digits, f->decimals) : NULL;
    if (!key) return;
    const char *most = arena_text(to->mem, "%d", strcmp(key, "meters.entry.decimals") ? f->digits : f->decimals);
    fault_with(fault_add(to, row, FAULT_TYPE, "value", key), "n", most);
}

static void time_faults(Faults *to, size_t row, const ReadingFacts *f) {
    if (f->at.us > f->now.us + FUTURE_MINUTES * MINUTE_US)
        fault_add(to, row, FAULT_VALUE, "read_at", "meters.entry.future");
    else if (date_is_set(f->installed_on) && date_compare(f->on, f->installed_on) < 0)
        fault_add(to, row, FAULT_RULE, "read_at", "meters.entry.before_installation");
    else if (f->is_before_billed) fault_add(to, row, FAULT_RULE, "read_at", "meters.entry.before_billed");
}

void reading_faults(Faults *to, size_t row, const ReadingFacts *f) {
    if (!f->meter_no) {
        fault_add(to, row, FAULT_UNKNOWN, "meter", "meters.entry.meter_unknown");
        return;
    }
    if (!f->register_code) {
        fault_with(fault_add(to, row, FAULT_UNKNOWN, "register", "meters.entry.register_unknown"), "no", f->meter_no);
        return;
    }
    if (!f->is_installed) fault_with(fault_add(to, row, FAULT_RULE, "meter", "meters.entry.not_installed"), "no",
                                     f->meter_no);
    code_faults(to, row, f);
    value_fault(to, row, f);
    time_faults(to, row, f);
}

/* --- what is doubtful --------------------------------------------------------------------------------------------- */

ReadingPolicy reading_policy_seed(void) {
    ReadingPolicy p = { .auto_pass = true, .tolerance_days = 3, .rollover_from_pct = 90, .rollover_to_pct = 10,
                        .zero_minimum_e3 = 100,
                        .zero_first_is_info = true, .stuck_times = 3, .high_pct = 100, .high_absolute_e3 = 10000,
                        .low_pct = 50,
                        .low_absolute_e3 = 10000, .vacant_tolerance_e3 = 1000, .estimates_max = 2,
                        .estimate_days_max = 120,
                        .sum_difference_ppm = 10000 };
    for (int i = 0; i < READING_RULES; i++) p.severity[i] = SEVERITY_HOLD;
    p.severity[RULE_ROLLOVER] = p.severity[RULE_FIRST] = SEVERITY_INFO;
    return p;
}

static void find_with(const ReadingPolicy *p, ReadingVerdict *v, int rule, Severity severity, const char *code) {
    if (p->severity[rule] == SEVERITY_OFF) return;
    v->found[v->n++] = (ReadingFinding){ rule, severity, code };
}

static void find(const ReadingPolicy *p, ReadingVerdict *v, int rule) {
    static const char *const codes[] = { "", "V01", "V02", "V03", "V04", "V05", "V06", "V07", "V08", "V09", "V10",
                                         "V11", "V12", "V13",
                                         "V14", "V15", "V16" };
    find_with(p, v, rule, p->severity[rule], codes[rule]);
}

/* use / days above (or below) base x (100 + pct) / 100, and further from what is expected than `absolute`. */
static bool is_high(const ReadingPolicy *p, const ReadingVerdict *v, const UseBase *b) {
    Wide use = (Wide)v->use_e3 * b->days * 100, most = (Wide)b->use_e3 * (100 + p->high_pct) * v->days;
    return use > most && (Wide)(v->use_e3 - p->high_absolute_e3) * b->days >= (Wide)b->use_e3 * v->days;
}

static bool is_low(const ReadingPolicy *p, const ReadingVerdict *v, const UseBase *b) {
    Wide use = (Wide)v->use_e3 * b->days * 100, least = (Wide)b->use_e3 * (100 - p->low_pct) * v->days;
    return v->use_e3 > 0 && use < least && (Wide)(v->use_e3 + p->low_absolute_e3) * b->days <= (Wide)b->use_e3
        * v->days;
}

/* From the last tenth of the register to the first one: it went round. */
static bool went_round(const ReadingPolicy *p, const ReadingFacts *f) {
    Wide full = (Wide)power_of_ten(f->digits) * 1000;
    return (Wide)f->before.e3 * 100 >= full * p->rollover_from_pct && (Wide)f->value.e3 * 100 <= full
        * p->rollover_to_pct;
}

/* Difference, use, average a day; false when no use can be told. */
static bool compute(const ReadingPolicy *p, const ReadingFacts *f, ReadingVerdict *v) {
    if (!f->has_value || !strcmp(f->kind, "initial") || (!f->has_before && !f->is_demand)) return false;
    v->raw_e3 = f->is_demand ? f->value.e3 : f->value.e3 - f->before.e3;
    v->days = f->has_before ? date_days_between(f->before_on, f->on) : 1;
    if (v->days < 1) v->days = 1;
    if (v->raw_e3 < 0 && went_round(p, f)) {
        v->raw_e3 += power_of_ten(f->digits) * 1000;
        v->is_rollover = true;
    }
    v->has_use = reading_use(v->raw_e3, f->multiplier_e6, f->place_multiplier_e6, &v->use_e3);
    if (!v->has_use) return false;
    v->adu_e6 = (int64_t)wide_divide((Wide)v->use_e3 * 1000, v->days, ROUND_HALF_UP);
    if (f->base.days <= 0) return true;
    v->base_adu_e6 = (int64_t)wide_divide((Wide)f->base.use_e3 * 1000, f->base.days, ROUND_HALF_UP);
    v->expected_e3 = (int64_t)wide_divide((Wide)f->base.use_e3 * v->days, f->base.days, ROUND_HALF_UP);
    return true;
}

static void judge_zero(const ReadingPolicy *p, const ReadingFacts *f, ReadingVerdict *v) {
    if (v->use_e3 || !f->is_account_active) return;
    bool usual = f->base.days > 0 && (Wide)f->base.use_e3 > (Wide)p->zero_minimum_e3 * f->base.days;
    bool first = p->zero_first_is_info && !f->zeros_before;
    if (usual) find_with(p, v, RULE_ZERO, first ? SEVERITY_INFO : p->severity[RULE_ZERO], "V08");
    if (!strcmp(f->kind, "regular") && f->zeros_before + 1 >= p->stuck_times) find(p, v, RULE_STUCK);
}

static void judge_rollover(const ReadingPolicy *p, const ReadingFacts *f, ReadingVerdict *v) {
    if (!v->is_rollover) return;
    bool doubtful = f->base.days <= 0
        || (Wide)v->use_e3 * f->base.days * 100 > (Wide)f->base.use_e3 * (100 + p->high_pct) * v->days;
    find_with(p, v, RULE_ROLLOVER, doubtful ? SEVERITY_HOLD : SEVERITY_INFO, "V07");
}

static void judge_use(const ReadingPolicy *p, const ReadingFacts *f, ReadingVerdict *v) {
    if (v->raw_e3 < 0) {
        bool overrun = f->before_is_estimated;
        find_with(p, v, RULE_NEGATIVE, p->severity[RULE_NEGATIVE], overrun ? "ESTIMATE_OVERRUN" : "V06");
        return;
    }
    judge_rollover(p, f, v);
    judge_zero(p, f, v);
    if (f->base.days > 0 && is_high(p, v, &f->base)) find(p, v, RULE_HIGH);
    if (f->base.days > 0 && is_low(p, v, &f->base)) find(p, v, RULE_LOW);
    if (!f->is_account_active && v->use_e3 > p->vacant_tolerance_e3) find(p, v, RULE_NO_ACCOUNT);
    if (f->q_max_e3 && (Wide)v->use_e3 > (Wide)f->q_max_e3 * 24 * v->days) find(p, v, RULE_CAPACITY);
    if (f->sibling_missing) find(p, v, RULE_SUM);
    else if (f->has_siblings_sum && v->use_e3) {
        Wide away = (Wide)v->use_e3 - f->siblings_use_e3;
        if ((away < 0 ? -away : away) * 1000000 > (Wide)v->use_e3 * p->sum_difference_ppm) find(p, v, RULE_SUM);
    }
}

static const char *status_of(const ReadingPolicy *p, const ReadingFacts *f, const ReadingVerdict *v) {
    for (int i = 0; i < v->n; i++)
        if (v->found[i].severity == SEVERITY_HOLD) return "exempted";
    if (f->effect && !strcmp(f->effect, "exempt")) return "exempted";
    bool waits = v->is_first || !p->auto_pass || !strcmp(f->source, "consumer")
        || (f->effect && !strcmp(f->effect, "pend"));
    return waits ? "pending" : "passed";
}

/* The first index of a meter is what it is; a check reading is compared, never billed. */
ReadingVerdict reading_judge(const ReadingPolicy *p, const ReadingFacts *f) {
    ReadingVerdict v = { 0 };
    bool counts = f->has_value && strcmp(f->kind, "check") != 0, opens = !strcmp(f->kind, "initial");
    if (f->same_value) find(p, &v, RULE_DUPLICATE);
    if (f->has_task && distance(f->on.day, f->nominal_on.day) > p->tolerance_days) find(p, &v, RULE_OUT_OF_CYCLE);
    if (f->has_after && !opens) find(p, &v, RULE_DATE);
    if (f->serial_differs) find(p, &v, RULE_METER);
    if (compute(p, f, &v)) judge_use(p, f, &v);
    if (counts && !opens && v.has_use && !f->is_demand && f->base.days <= 0 && p->severity[RULE_FIRST] != SEVERITY_OFF)
        {
        v.is_first = true;
        find(p, &v, RULE_FIRST);
    }
    if (!strcmp(f->kind, "estimated")
        && (f->estimates_before >= p->estimates_max || f->days_since_actual > p->estimate_days_max))
        find(p, &v, RULE_PROLONGED);
    v.status = f->has_value ? status_of(p, f, &v) : "captured";
    if (opens && v.n == 0) v.status = "passed";
    return v;
}
