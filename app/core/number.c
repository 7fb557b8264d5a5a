/*
 * Issuing numbers (ONB02US07, I10): one row of id_sequence is locked in the caller's transaction, so that a gapless
 * number is given back when its document is rolled back, and no two documents get the same.
 */
#include "app/core/number.h"

#include <string.h>

#include "app/core/installation.h"
#include "lib/crypt.h"
#include "lib/date.h"
#include "lib/json.h"

enum { COUNT_MAX = 100000 };

/* --- formats ------------------------------------------------------------------------------------------------------ */

bool id_parts_read(Arena *a, const char *text_, IdFormat *to) {
    Json list = json_read(a, text_, strlen(text_), 64 * 1024, NULL);
    size_t n = json_size(list);
    if (json_kind(list) != JSON_KIND_LIST || !n || n > ID_PARTS_MAX) return false;
    to->parts = (int)n;
    for (size_t i = 0; i < n; i++) {
        Json part = json_item(list, i);
        IdPart *p = &to->part[i];
        *p = (IdPart){ .value = json_text(part, "value") };
        if (!id_part_kind(json_text(part, "part"), &p->kind)) return false;
        if (p->kind == ID_DATE && !id_date_format(json_text(part, "format"), &p->date)) return false;
    }
    return true;
}

char *id_parts_json(Arena *a, const IdFormat *f) {
    static const char *const kinds[] = { "service", "prefix", "area", "category", "date", "sequence", "check",
                                         "literal" };
    static const char *const dates[] = { "YYYY", "YY", "YYYYMM", "YYMM", "YYYYMMDD", "FY" };
    Text t = text_start(a);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (int i = 0; i < f->parts; i++) {
        const IdPart *p = &f->part[i];
        json_open_object(&o, NULL);
        json_add_text(&o, "part", kinds[p->kind]);
        if (p->value) json_add_text(&o, "value", p->value);
        if (p->kind == ID_DATE) json_add_text(&o, "format", dates[p->date]);
        json_close(&o);
    }
    json_close(&o);
    return t.s;
}

#define FORMAT(F, T) F(T, Id, id) F(T, const char *, parts) F(T, const char *, separator_char) F(T, int, seq_length) \
    F(T, int64_t, seq_start) \
    F(T, int, seq_increment) F(T, const char *, reset) F(T, const char *, check_digit)
ROW(FormatRow, FORMAT)
#define SURROUNDINGS(F, T) F(T, const char *, primary_service_code) F(T, const char *, fiscal_year_start)
ROW(Surroundings, SURROUNDINGS)

#define CHANGED(F, T) F(T, Time, created_at)
ROW(Changed, CHANGED)

typedef struct Series {
    Id          format;
    const char *entity;
    IdFormat    f;
    const char *service;
    Ymd         fiscal_start;
    Date        reset_on;               /* the day when it began to start again otherwise; DATE_NONE: never changed */
} Series;

static Ymd fiscal_start(const char *mm_dd) {
    if (!mm_dd || strlen(mm_dd) != 5) return (Ymd){ 1, 1, 1 };
    return (Ymd){ 1, (mm_dd[0] - '0') * 10 + mm_dd[1] - '0', (mm_dd[3] - '0') * 10 + mm_dd[4] - '0' };
}

static Date reset_changed_on(Ctx *c, Id format) {
    Changed *h = db_find(c, Changed, "select created_at from id_format_history where id_format_id=? "
        "and json_value(before_value, '$.reset')<>json_value(after_value, '$.reset') order by id desc limit 1", format);
    return h ? time_date(zone_find(utility_here(c)->time_zone), h->created_at) : DATE_NONE;
}

static const Series *series_of(Ctx *c, const char *entity) {
    const char *kind = text(c, "id_format:%s", entity);
    Series *s = fact_get(c, kind, c->utility.id);
    if (s) return s;
    FormatRow *row = db_find(c, FormatRow, "select id, parts, separator_char, seq_length, seq_start, seq_increment, "
                                           "`reset`, check_digit from id_format where utility_id=? and entity_type=?",
                             c->utility, entity);
    if (!row) fail(c, BROKEN, "this utility has no number format for %s", entity);
    Surroundings *around = db_one(c, Surroundings, "select u.primary_service_code, (select o.fiscal_year_start "
        "from organization_setting o limit 1) fiscal_year_start from utility u where u.id=?", c->utility);
    s = take(c, sizeof *s);
    *s = (Series){ .format = row->id, .entity = entity, .service = around->primary_service_code,
                   .fiscal_start = fiscal_start(around->fiscal_year_start),
                   .reset_on = reset_changed_on(c, row->id) };
    s->f = (IdFormat){ .separator = row->separator_char, .seq_length = row->seq_length, .seq_start = row->seq_start,
                       .seq_increment = row->seq_increment };
    if (!id_parts_read(&c->mem, row->parts, &s->f) || !id_reset(row->reset, &s->f.reset)
        || !id_check(row->check_digit, &s->f.check))
        fail(c, BROKEN, "the number format of %s cannot be read", entity);
    return fact_keep(c, kind, c->utility.id, s);
}

static IdRecord record_of(Ctx *c, const Series *s, const IdParts *p) {
    return (IdRecord){ .service = p && p->service_code ? p->service_code : s->service, .area = p ? p->area_code : NULL,
                       .category = p ? p->category_code : NULL,
                       .date = p && p->date.day && date_is_set(p->date) ? p->date : utility_today(c),
                       .fiscal_start = s->fiscal_start };
}

/* --- issuing ------------------------------------------------------------------------------------------------------ */

/* Where a period begins that has no sequence yet: of days before the numbers began to start again otherwise (each month
   in place of each day), above all that were issued, so that none comes twice. */
static int64_t period_start(Ctx *c, const Series *s, const char *period) {
    if (!date_is_set(s->reset_on)) return s->f.seq_start;
    IdRecord then = { .service = s->service, .date = s->reset_on, .fiscal_start = s->fiscal_start };
    if (strcmp(period, id_period(&c->mem, &s->f, &then)) > 0) return s->f.seq_start;
    int64_t next = db_int(c, "select coalesce(max(next_value), 0) from id_sequence where id_format_id=?", s->format);
    return next > s->f.seq_start ? next : s->f.seq_start;
}

/* The first of `count` values, the row locked until the transaction ends. */
static int64_t take_values(Ctx *c, const Series *s, const char *period, size_t count) {
    int64_t step = s->f.seq_increment * (int64_t)count;
    return db_int(c,
               "insert into id_sequence (id_format_id, period_key, next_value, issued) values (?,?,?,?) "
               "on duplicate key update next_value=next_value+?, issued=issued+values(issued) returning next_value",
               s->format, period, period_start(c, s, period) + step, (int64_t)count, step)
        - step;
}

static const char *number_of(Ctx *c, const Series *s, const IdRecord *r, int64_t value) {
    if (id_is_wide(&s->f, value))
        alert_raise(c, "id_format.overflow", "warning", text(c, "id_format:%lld", (long long)s->format.id),
                    text(c, "The sequence of %s has outgrown its %d digits; numbers are longer from now on.", s->entity,
                         s->f.seq_length), "/id-formats");
    return id_text(&c->mem, &s->f, r, value);
}

static const char *const *issue(Ctx *c, const char *entity, const IdParts *parts, size_t count) {
    if (!count || count > COUNT_MAX) fail(c, BROKEN, "%zu numbers at once", count);
    const Series *s = series_of(c, entity);
    IdRecord r = record_of(c, s, parts);
    int64_t first = take_values(c, s, id_period(&c->mem, &s->f, &r), count);
    const char **v = take_n(c, const char *, count + 1);
    for (size_t i = 0; i < count; i++) v[i] = number_of(c, s, &r, first + (int64_t)i * s->f.seq_increment);
    return v;
}

const char *id_next     (Ctx *c, const char *entity)                        { return issue(c, entity, NULL, 1)[0]; }
const char *id_next_with(Ctx *c, const char *entity, const IdParts *parts)  { return issue(c, entity, parts, 1)[0]; }
const char *const *id_next_many(Ctx *c, const char *entity, Date date, size_t count) {
    return issue(c, entity, &(IdParts){ .date = date }, count);
}

const char *series_next(Ctx *c, const char *pattern) {
    int digits;
    char *filled = series_pattern(&c->mem, pattern, utility_today(c), &digits);
    int64_t next = db_int(c, "insert into number_series (utility_id, series, next_value) values (?,?,2) "
                             "on duplicate key update next_value=next_value+1 returning next_value", c->utility,
                          filled);
    return series_text(&c->mem, filled, next - 1);
}

const char *public_id_new(Ctx *c) { return random_public_id(&c->mem); }

/* --- previews ----------------------------------------------------------------------------------------------------- */

static int64_t next_value(Ctx *c, const Series *s, const char *period) {
    int64_t next = db_int(c, "select next_value from id_sequence where id_format_id=? and period_key=?", s->format,
                          period), start = next ? s->f.seq_start : period_start(c, s, period);
    return next > start ? next : start;
}

static const char *const *preview(Ctx *c, const Series *s, size_t n) {
    IdRecord r = record_of(c, s, NULL);
    if (!r.area) r.area = "AREA";
    if (!r.category) r.category = "CAT";
    int64_t next = next_value(c, s, id_period(&c->mem, &s->f, &r));
    const char **v = take_n(c, const char *, n + 1);
    for (size_t i = 0; i < n; i++) v[i] = id_text(&c->mem, &s->f, &r, next + (int64_t)i * s->f.seq_increment);
    return v;
}

const char *const *id_preview(Ctx *c, const char *entity, size_t n) { return preview(c, series_of(c, entity), n); }

const char *const *id_preview_of(Ctx *c, const char *entity, const IdFormat *f, size_t n) {
    Series s = *series_of(c, entity);
    if (s.f.reset != f->reset) s.reset_on = utility_today(c);
    s.f = *f;
    return preview(c, &s, n);
}

const char *id_try(Ctx *c, const char *entity, const IdFormat *f, const IdParts *parts, int64_t sequence) {
    IdRecord r = record_of(c, series_of(c, entity), parts);
    return id_text(&c->mem, f, &r, sequence);
}

int64_t id_issued(Ctx *c, const char *entity) {
    return db_int(c, "select sum(s.issued) from id_sequence s join id_format f on f.id=s.id_format_id "
                     "where f.utility_id=? and f.entity_type=?", c->utility, entity);
}

int64_t id_next_max(Ctx *c, const char *entity) {
    return db_int(c, "select max(s.next_value) from id_sequence s join id_format f on f.id=s.id_format_id "
                     "where f.utility_id=? and f.entity_type=?", c->utility, entity);
}

void id_start_above(Ctx *c, const char *entity, Date date, int64_t value) {
    const Series *s = series_of(c, entity);
    IdRecord r = record_of(c, s, &(IdParts){ .date = date });
    db_run(c, "insert into id_sequence (id_format_id, period_key, next_value) values (?,?,?) "
              "on duplicate key update next_value=greatest(next_value, values(next_value))",
           s->format, id_period(&c->mem, &s->f, &r), value + s->f.seq_increment);
}
