/*
 * How the numbers that people quote are built (ONB02US07): the two groups of formats, the editor with its preview and
 * test, and who changed what. Numbers themselves are issued by id_next alone (app/core/number.c); old ones stay as they
 * are.
 *
 * The editor works without script: Up, Down and Preview send the form to /draft, which answers with the same page and
 * the draft in its address; nothing is stored before Save.
 */
#include <stdlib.h>
#include <string.h>

#include "app/core/front.h"
#include "app/core/number.h"
#include "app/setup/pages.h"
#include "lib/form.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/utf8.h"

#define ID_FORMAT(F, T) F(T, Id, id) F(T, const char *, entity_type) F(T, const char *, class) \
    F(T, const char *, parts) F(T, const char *, separator_char) F(T, int, seq_length) \
    F(T, int64_t, seq_start) F(T, int, seq_increment) F(T, const char *, reset) F(T, const char *, check_digit) \
        F(T, bool, gapless) F(T, int, version) F(T, int64_t, row_version) \
    F(T, Time, updated_at) F(T, const char *, updated_by_name)
ROW(IdFormatRow, ID_FORMAT)
#define ID_FORMAT_SELECT "select f.id, f.entity_type, f.class, f.parts, f.separator_char, f.seq_length, f.seq_start, " \
                         "f.seq_increment, f.`reset`, f.check_digit, f.gapless, f.version, f.row_version, " \
    "f.updated_at, u.full_name as updated_by_name from id_format f left join user u on u.id = f.updated_by "

static const char *entity_name(Req *r, const char *entity) {
    const char *key = text(r, "id.%s", entity);
    return msg_exists(key) ? msg(r->c.language, key) : entity;
}

static IdFormat format_of(Ctx *c, const IdFormatRow *row) {
    IdFormat f = { .separator = row->separator_char, .seq_length = row->seq_length, .seq_start = row->seq_start,
                   .seq_increment = row->seq_increment };
    if (!id_parts_read(&c->mem, row->parts, &f) || !id_reset(row->reset, &f.reset)
        || !id_check(row->check_digit, &f.check)) fail(c, BROKEN, "the number format of %s cannot be read",
        row->entity_type);
    return f;
}

static const char *const kind_words[] = { "service", "prefix", "area", "category", "date", "sequence", "check",
                                          "literal" };
static const char *const date_words[] = { "YYYY", "YY", "YYYYMM", "YYMM", "YYYYMMDD", "FY" };
/* messages id.date.* */
static const char *const date_keys[]  = { "yyyy", "yy", "yyyymm", "yymm", "yyyymmdd", "fy" };

/* "Service-CUST-YYYYMM-####" as people read a pattern. */
static const char *pattern_text(Req *r, const IdFormat *f) {
    Text t = text_start(r);
    text_add(&t, "");
    for (int i = 0; i < f->parts; i++) {
        const IdPart *p = &f->part[i];
        if (i && *f->separator) text_add(&t, f->separator);
        switch (p->kind) {
        case ID_PREFIX: case ID_LITERAL: text_add(&t, p->value ? p->value : ""); break;
        case ID_DATE:     text_add(&t, date_words[p->date]); break;
        case ID_SEQUENCE: for (int k = 0; k < f->seq_length; k++) text_add(&t, "#"); break;
        default:          text_addf(&t, "[%s]", msg(r->c.language, text(r, "id.part.%s", kind_words[p->kind])));
        }
    }
    return t.s;
}

/* --- the two groups ----------------------------------------------------------------------------------------------- */

static void show_group(Req *r, int n, const char *class, IdFormatRows all) {
    Ctx *c = &r->c;
    char *at_ = text(r, "show.sections.%d", n);
    show_text(r, text(r, "%s.title", at_), msg(c->language, text(c, "id.%s", class)));
    show_text(r, text(r, "%s.table.label", at_), msg(c->language, text(c, "id.%s", class)));
    static const char *const heads[] = { "id.entity", "id.pattern", "id.next", "id.issued", "id.changed" };
    for (int i = 0; i < 5; i++) {
        show_text(r, text(r, "%s.table.cols.%d.label", at_, i), msg(c->language, heads[i]));
        show_text(r, text(r, "%s.table.cols.%d.kind", at_, i), i == 3 ? "num" : i == 4 ? "date" : i ? "code" : "text");
        if (!i) show_text(r, text(r, "%s.table.cols.%d.place", at_, i), "id");
    }
    size_t k = 0;
    for (size_t i = 0; i < all.n; i++) {
        const IdFormatRow *row = &all.v[i];
        if (strcmp(row->class, class)) continue;
        IdFormat f = format_of(c, row);
        char *to = text(r, "%s.table.rows.%zu", at_, k++);
        show_text(r, text(r, "%s.url", to), link_path(r, "/id-formats/%s", row->entity_type));
        show_text(r, text(r, "%s.cells.0", to), entity_name(r, row->entity_type));
        if (row->gapless) show_text(r, text(r, "%s.cells.0.sub", to), msg(c->language, "id.gapless_short"));
        show_text(r, text(r, "%s.cells.1", to), pattern_text(r, &f));
        show_text(r, text(r, "%s.cells.2", to), id_preview(c, row->entity_type, 1)[0]);
        show_text(r, text(r, "%s.cells.3", to), locale_count(&c->mem, c->locale, id_issued(c, row->entity_type)));
        show_text(r, text(r, "%s.cells.4", to), locale_time(&c->mem, c->locale, row->updated_at));
        if (row->updated_by_name) show_text(r, text(r, "%s.cells.4.sub", to), row->updated_by_name);
    }
}

void id_format_list(Req *r) {
    IdFormatRows all = db_all(&r->c, IdFormatRow, ID_FORMAT_SELECT "where f.utility_id = ? order by f.id",
                              r->c.utility);
    show_text(r, "page.title", msg(r->c.language, "id.title"));
    show_text(r, "page.sub", msg(r->c.language, "id.how"));
    show_group(r, 0, "master", all);
    show_group(r, 1, "transaction", all);
    page(r, "layout/show");
}

/* --- what the editor sends ---------------------------------------------------------------------------------------- */

static const Choice separators[] = { { "-", "Dash -" }, { "/", "Slash /" }, { ".", "Point ." }, { "none", "None" },
                                     { 0 } };
static const Choice resets[]     = { { "never", "Never" }, { "yearly", "Each year" }, { "monthly", "Each month" },
                                     { "daily", "Each day" }, { 0 } };
static const Choice checks[]     = { { "none", "None" }, { "luhn", "Luhn (one digit)" },
                                     { "mod97", "Mod 97 (two digits)" }, { 0 } };

static const Form format_form = { .name = "id_format", .submit = "Save the format", .fields = FIELDS {
    { "separator",     "Separator",        CHOICE(separators), .flags = REQUIRED, .hint = "Stands between the parts." },
    { "seq_length",    "Digits of the sequence", INT(2, 10),   .flags = REQUIRED,
      .hint = "3 to 10 as a rule. When it overflows the sequence gets wider; it never starts again." },
    { "seq_start",     "First number",     INT(0, 9999999999), .flags = REQUIRED, .width = "10" },
    { "seq_increment", "Increment",        INT(1, 10),         .flags = REQUIRED },
    { "reset",         "Starts again",     CHOICE(resets),     .flags = REQUIRED,
      .hint = "Needs the matching date part." },
    { "check_digit",   "Check digit",      CHOICE(checks),     .flags = REQUIRED,
      .hint = "Stands behind the sequence unless a part of its own says where." },
    { "gapless",       "Without gaps",     BOOL,               .hint = "The number is taken together with its document "
        "and comes back when that fails." },
    { "reason",        "Reason",           TEXT(0, 500) },
    { 0 } } };

/* Parts as rows kind0 .. kind9 with value and date; empty rows are left out. */
static int read_parts(Req *r, const Params *from, IdPart *to) {
    int n = 0;
    for (int i = 0; i < ID_PARTS_MAX; i++) {
        const char *kind = param_find(from, text(r, "kind%d", i)), *value = param_find(from, text(r, "value%d", i)),
            *date = param_find(from, text(r, "date%d", i));
        IdPart p = { 0 };
        if (!kind || !id_part_kind(kind, &p.kind)) continue;
        if (p.kind == ID_PREFIX || p.kind == ID_LITERAL) p.value = value ? utf8_line(&r->c.mem, value) : "";
        if (p.kind == ID_DATE && (!date || !id_date_format(date, &p.date))) p.date = ID_YYYYMM;
        to[n++] = p;
    }
    return n;
}

/* "3-up" and "3-down" of the buttons beside a part. */
static void move_part(IdPart *part, int n, const char *move) {
    if (!move || !*move) return;
    char *end;
    long i = strtol(move, &end, 10), other = !strcmp(end, "-up") ? i - 1 : !strcmp(end, "-down") ? i + 1 : -1;
    if (i < 0 || i >= n || other < 0 || other >= n) return;
    IdPart kept = part[i];
    part[i] = part[other];
    part[other] = kept;
}

static const char *sent(const Params *from, const char *name, const char *otherwise) {
    const char *value = param_find(from, name);
    return value && *value ? value : otherwise;
}

/* A draft is whatever the address holds; what is wrong in it is said when it is saved. */
static IdFormat draft_of(Req *r, const Params *from, const IdFormat *stored) {
    IdFormat f = *stored;
    f.parts = read_parts(r, from, f.part);
    const char *separator = sent(from, "separator", "-");
    f.separator = !strcmp(separator, "none") ? "" : strlen(separator) == 1 && strchr("-/.", *separator)
        ? separator : "-";
    long length = strtol(sent(from, "seq_length", "4"), NULL, 10), step = strtol(sent(from, "seq_increment", "1"), NULL,
        10);
    f.seq_length = length >= 1 && length <= 10 ? (int)length : stored->seq_length;
    f.seq_increment = step >= 1 && step <= 10 ? (int)step : stored->seq_increment;
    long long start = strtoll(sent(from, "seq_start", "1"), NULL, 10);
    f.seq_start = start >= 0 && start <= 9999999999 ? start : stored->seq_start;
    id_reset(sent(from, "reset", "never"), &f.reset);
    id_check(sent(from, "check_digit", "none"), &f.check);
    return f;
}

/* --- the editor --------------------------------------------------------------------------------------------------- */

static IdFormatRow *row_of(Req *r) {
    IdFormatRow *row = db_find(&r->c, IdFormatRow, ID_FORMAT_SELECT "where f.utility_id = ? and f.entity_type = ?",
                               r->c.utility, path_text(r, "entity"));
    if (!row) fail(r, NOT_FOUND, "There is no such number format.");
    return row;
}

static bool always_gapless(const char *entity) {
    return !strcmp(entity, "bill") || !strcmp(entity, "receipt") || !strcmp(entity, "credit_note");
}

static void show_part(Req *r, int i, const IdPart *p, int parts) {
    char *at_ = text(r, "parts.%d", i);
    show_int(r, text(r, "%s.no", at_), i + 1);
    for (size_t k = 0; k < sizeof kind_words / sizeof *kind_words; k++) {
        show_text(r, text(r, "%s.kinds.%zu.value", at_, k), kind_words[k]);
        show_text(r, text(r, "%s.kinds.%zu.text", at_, k), msg(r->c.language, text(r, "id.part.%s", kind_words[k])));
        if (p && p->kind == (IdPartKind)k) show_text(r, text(r, "%s.kinds.%zu.selected", at_, k), "1");
    }
    for (size_t k = 0; k < sizeof date_words / sizeof *date_words; k++) {
        show_text(r, text(r, "%s.dates.%zu.value", at_, k), date_words[k]);
        show_text(r, text(r, "%s.dates.%zu.text", at_, k), msg(r->c.language, text(r, "id.date.%s", date_keys[k])));
        if (p && p->kind == ID_DATE && p->date == (IdDateFormat)k)
            show_text(r, text(r, "%s.dates.%zu.selected", at_, k), "1");
    }
    show_flag(r, text(r, "%s.takes_value", at_), !p || p->kind == ID_PREFIX || p->kind == ID_LITERAL);
    show_flag(r, text(r, "%s.takes_date", at_), !p || p->kind == ID_DATE);
    if (!p) return;
    show_text(r, text(r, "%s.value", at_), p->value);
    show_text(r, text(r, "%s.help", at_), msg(r->c.language, text(r, "id.help.%s", kind_words[p->kind])));
    if (i) show_text(r, text(r, "%s.up", at_), text(r, "%d-up", i));
    if (i + 1 < parts) show_text(r, text(r, "%s.down", at_), text(r, "%d-down", i));
}

static int64_t largest(int digits) {
    int64_t n = 1;
    while (digits--) n *= 10;
    return n - 1;
}

static void show_preview(Req *r, const IdFormatRow *row, const IdFormat *f, const Params *from) {
    Ctx *c = &r->c;
    const char *refusal = id_format_refusal(&c->mem, f);
    show_text(r, "preview.pattern", pattern_text(r, f));
    if (f->parts) {
        const char *const *next = id_preview_of(c, row->entity_type, f, 3);
        for (int i = 0; i < 3; i++) show_text(r, text(r, "preview.next.%d", i), next[i]);
        IdParts widest = { .service_code = "SVCS", .area_code = "AREA-CODE1", .category_code = "CATEGORY-1",
                           .date = utility_today(c) };
        show_text(r, "preview.longest", id_try(c, row->entity_type, f, &widest, largest(f->seq_length)));
        show_text(r, "preview.length", msg_plural(c, c->language, "id.characters", id_longest(f), NULL));
    }
    show_text(r, "preview.refusal", refusal);
    const char *day = sent(from, "test_date", NULL), *sequence = sent(from, "test_sequence", NULL);
    show_text(r, "test.date", day);
    show_text(r, "test.sequence", sequence);
    Date d;
    if (!f->parts || !sequence || strlen(sequence) > 12 || strspn(sequence, "0123456789") != strlen(sequence)) return;
    IdParts parts = { .area_code = "AREA", .category_code = "CAT",
                      .date = day && read_date(c->locale, day, &d) == DATE_OK ? d : utility_today(c) };
    show_text(r, "test.result", id_try(c, row->entity_type, f, &parts, strtoll(sequence, NULL, 10)));
}

static const char *issued_words(Req *r, const char *entity) {
    int64_t n = id_issued(&r->c, entity);
    return msg_plural(r, r->c.language, "id.so_far", n, locale_count(&r->c.mem, r->c.locale, n));
}

static void show_tabs(Req *r, const IdFormatRow *row, bool history) {
    static const char *const keys[] = { "id.format", "id.history" };
    for (int i = 0; i < 2; i++) {
        show_text(r, text(r, "page.tabs.%d.text", i), msg(r->c.language, keys[i]));
        show_text(r, text(r, "page.tabs.%d.url", i), link_path(r, "/id-formats/%s%s", row->entity_type,
            i ? "/history" : ""));
        if (i == history) show_text(r, text(r, "page.tabs.%d.current", i), "1");
    }
    show_text(r, "page.title",
              msg_format(r, r->c.language, "id.numbers_of", { "entity", entity_name(r, row->entity_type) }));
    show_text(r, "page.sub", issued_words(r, row->entity_type));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "id.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/id-formats"));
    show_text(r, "page.crumbs.1.text", entity_name(r, row->entity_type));
}

void id_format_page(Req *r) {
    Ctx *c = &r->c;
    IdFormatRow *row = row_of(r);
    IdFormat stored = format_of(c, row);
    bool drafted = r->again || query_text(r, "kind0");
    const Params *from = r->again ? &r->fields : &r->query;
    IdFormat f = drafted ? draft_of(r, from, &stored) : stored;
    show_tabs(r, row, false);
    show_preview(r, row, &f, from);
    if (perm_may(c, "core.id_formats", EDIT)) {
        FormView *v = form_show(r, "form", &format_form, text(r, "/id-formats/%s", row->entity_type));
        form_text(v, "separator", *f.separator ? f.separator : "none");
        form_int(v, "seq_length", f.seq_length);
        form_int(v, "seq_start", f.seq_start);
        form_int(v, "seq_increment", f.seq_increment);
        form_text(v, "reset", drafted ? sent(from, "reset", row->reset) : row->reset);
        form_text(v, "check_digit", drafted ? sent(from, "check_digit", row->check_digit) : row->check_digit);
        form_bool(v, "gapless", always_gapless(row->entity_type)
                  || (drafted ? sent(from, "gapless", NULL) != NULL : row->gapless));
        form_text(v, "reason", drafted ? sent(from, "reason", NULL) : NULL);
        form_set(v, "gapless", "disabled", always_gapless(row->entity_type) ? "1" : NULL);
        form_version(v, row->row_version);
        for (int i = 0; i < f.parts || (i < f.parts + 2 && i < ID_PARTS_MAX); i++)
            show_part(r, i, i < f.parts ? &f.part[i] : NULL, f.parts);
        for (int i = 0; i < r->problems && r->again; i++)
            if (r->problem[i].field && !strcmp(r->problem[i].field, "parts"))
                show_text(r, "parts_error", r->problem[i].text);
        show_text(r, "draft_url", link_path(r, "/id-formats/%s/draft", row->entity_type));
        if (drafted && !r->again) show_text(r, "form.cancel_url", link_path(r, "/id-formats/%s", row->entity_type));
    }
    page(r, "setup/id_format");
}

/* Back to the editor with what was typed in the address, a part moved
 * where a button asked for it. Changes nothing: no csrf, no key. */
void id_format_draft(Req *r) {
    IdFormatRow *row = row_of(r);
    IdPart part[ID_PARTS_MAX];
    int n = read_parts(r, &r->fields, part);
    move_part(part, n, field_text(r, "move"));
    Text url = text_start(r);
    text_add(&url, link_path(r, "/id-formats/%s", row->entity_type));
    for (int i = 0; i < n; i++) {
        text_addf(&url, "%ckind%d=%s", i ? '&' : '?', i, kind_words[part[i].kind]);
        if (part[i].value && *part[i].value) text_addf(&url, "&value%d=%s", i, url_part(r, part[i].value));
        if (part[i].kind == ID_DATE) text_addf(&url, "&date%d=%s", i, date_words[part[i].date]);
    }
    static const char *const others[] = { "separator", "seq_length", "seq_start", "seq_increment", "reset",
                                          "check_digit", "gapless", "reason", "test_date", "test_sequence", NULL };
    for (int i = 0; n && others[i]; i++) {
        Texts all = param_all(&r->c.mem, &r->fields, others[i]);
        if (all.n && *all.v[all.n - 1]) text_addf(&url, "&%s=%s", others[i], url_part(r, all.v[all.n - 1]));
    }
    go_to(r, url.s);
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

static void pattern_check(Req *r, const IdFormat *f, const IdFormatRow *row) {
    Ctx *c = &r->c;
    const char *refusal = id_format_refusal(&c->mem, f);
    if (refusal) problem(r, strstr(refusal, "another reset") ? "reset" : strstr(refusal, "check digit is")
                         ? "check_digit" : "parts", "%s", refusal);
    if (refusal) return;
    const char *service = db_text(c, "select primary_service_code from utility where id = ?", c->utility);
    IdFormatRows others = db_all(c, IdFormatRow, ID_FORMAT_SELECT "where f.utility_id = ? and f.id <> ?", c->utility,
                                 row->id);
    for (size_t i = 0; i < others.n; i++) {
        IdFormat other = format_of(c, &others.v[i]);
        if (!id_same_numbers(&c->mem, f, &other, service)) continue;
        problem(r, "parts", "%s", msg_format(c, c->language, "id.same", { "a", entity_name(r, row->entity_type) },
                                             { "b", entity_name(r, others.v[i].entity_type) }));
        return;
    }
}

/* The highest number issued so far; below it no sequence may begin again. */
static void start_check(Req *r, const IdFormat *f, const IdFormat *stored, const IdFormatRow *row) {
    Ctx *c = &r->c;
    if (f->seq_start == stored->seq_start || !id_issued(c, row->entity_type)) return;
    int64_t last = id_next_max(c, row->entity_type) - stored->seq_increment;
    if (f->seq_start <= last)
        problem(r, "seq_start", "%s",
                msg_format(c, c->language, "id.above",
                           { "number", text(c, "%0*lld", f->seq_length, (long long)last) }));
}

static const char *format_json(Ctx *c, const IdFormat *f, const char *reset, const char *check, bool gapless) {
    return json_pairs(c, "parts", id_parts_json(&c->mem, f), "separator", f->separator, "seq_length",
                      text(c, "%d", f->seq_length), "seq_start", text(c, "%lld", (long long)f->seq_start),
                      "seq_increment", text(c, "%d", f->seq_increment), "reset", reset, "check_digit", check, "gapless",
                      gapless ? "yes" : "no", NULL);
}

void id_format_save(Req *r) {
    Ctx *c = &r->c;
    IdFormatRow *row = row_of(r);
    IdFormat stored = format_of(c, row), f = draft_of(r, &r->fields, &stored);
    Input *in = form_read(r, &format_form);
    bool gapless = always_gapless(row->entity_type) || in_bool(in, "gapless");
    const char *reason = in_text(in, "reason");
    if (!r->problems) pattern_check(r, &f, row);
    if (!r->problems) start_check(r, &f, &stored, row);
    bool same = id_same_pattern(&f, &stored) && f.seq_length == stored.seq_length && f.reset == stored.reset;
    if (!same && (gapless || row->gapless) && id_issued(c, row->entity_type) && !reason)
        problem(r, "reason", "%s", msg(c->language, "id.needs_reason"));
    problems_end(r);
    const char *before = format_json(c, &stored, row->reset, row->check_digit, row->gapless),
        *after = format_json(c, &f, in_text(in, "reset"), in_text(in, "check_digit"), gapless);
    db_must(c, 1, CONFLICT, "update id_format set parts = ?, separator_char = ?, seq_length = ?, seq_start = ?, "
                            "seq_increment = ?, `reset` = ?, check_digit = ?, gapless = ?, active_from = ?, "
                            "version = version + 1, updated_at = ?, updated_by = ?, row_version = row_version + 1 "
                            "where id = ? and row_version = ?",
            id_parts_json(&c->mem, &f), f.separator, f.seq_length, f.seq_start, f.seq_increment, in_text(in, "reset"),
                in_text(in, "check_digit"), gapless, utility_today(c), c->now, c->user,
            row->id, in->row_version);
    if (f.seq_start > stored.seq_start)         /* the period that runs goes on there, too */
        db_run(c, "update id_sequence set next_value = greatest(next_value, ?) where id_format_id = ?", f.seq_start,
               row->id);
    if (f.reset != stored.reset)            /* one that is taken up again goes on above all that were issued since */
        db_run(c, "update id_sequence set next_value = (select max(x.next_value) from (select next_value "
                  "from id_sequence where id_format_id = ?) x) where id_format_id = ?", row->id, row->id);
    db_run(c, "insert into id_format_history (id_format_id, version, before_value, after_value, reason, created_at, "
              "created_by) values (?,?,?,?,?,?,?)",
           row->id, row->version + 1, before, after, reason, c->now, c->user);
    setup_step_touch(c, "id_formats");
    audit_write(c, &(Audit){ .action = "edit", .entity = "id_format", .id = row->id, .number = row->entity_type,
                             .version = row->row_version + 1, .before = before, .after = after, .reason = reason });
    event_emit(c, &(Event){ .name = "id_format.changed", .entity = "id_format", .id = row->id,
                            .number = row->entity_type });
    note(r, "%s", msg(c->language, "id.saved"));
    go(r, "/id-formats/%s", row->entity_type);
}

/* --- who changed what --------------------------------------------------------------------------------------------- */

#define CHANGE(F, T) F(T, Time, created_at) F(T, const char *, who) F(T, const char *, before_value) \
    F(T, const char *, after_value) F(T, const char *, reason)
ROW(Change, CHANGE)

/* A stored state as its pattern and the settings beside it. */
static const char *state_text(Req *r, const char *json) {
    Arena *a = &r->c.mem;
    if (!json) return "";
    Json j = json_read(a, json, strlen(json), 8192, NULL);
    IdFormat f = { .separator = json_text(j, "separator") ? json_text(j, "separator") : "",
                   .seq_length = json_text(j, "seq_length") ? atoi(json_text(j, "seq_length")) : 4 };
    const char *parts = json_text(j, "parts"), *reset = json_text(j, "reset"), *check = json_text(j, "check_digit"),
        *start = json_text(j, "seq_start");
    if (!parts || !id_parts_read(a, parts, &f)) return "";
    return text(r, "%s, %s %s, %s %s%s%s", pattern_text(r, &f), msg(r->c.language, "id.from"), start ? start : "",
                msg(r->c.language, "id.again"), reset ? reset : "",
                check && strcmp(check, "none") ? ", " : "", check && strcmp(check, "none") ? check : "");
}

void id_format_history(Req *r) {
    Ctx *c = &r->c;
    IdFormatRow *row = row_of(r);
    show_tabs(r, row, true);
    Changes all = db_all(c, Change, "select h.created_at, u.full_name as who, h.before_value, h.after_value, h.reason "
                                    "from id_format_history h left join user u on u.id = h.created_by "
                                    "where h.id_format_id = ? order by h.id desc limit 200", row->id);
    static const char *const heads[] = { "id.when", "id.who", "id.old", "id.new", "id.reason" };
    show_text(r, "show.sections.0.table.label", msg(c->language, "id.history"));
    for (int i = 0; i < 5; i++) {
        show_text(r, text(r, "show.sections.0.table.cols.%d.label", i), msg(c->language, heads[i]));
        show_text(r, text(r, "show.sections.0.table.cols.%d.kind", i), i ? "text" : "date");
        if (!i) show_text(r, text(r, "show.sections.0.table.cols.%d.place", i), "id");
    }
    for (size_t i = 0; i < all.n; i++) {
        const Change *h = &all.v[i];
        const char *cells[] = { locale_time(&c->mem, c->locale, h->created_at), h->who ? h->who : "\xE2\x80\x93",
                                state_text(r, h->before_value), state_text(r, h->after_value), h->reason
                                ? h->reason : "\xE2\x80\x93" };
        for (int k = 0; k < 5; k++) show_text(r, text(r, "show.sections.0.table.rows.%zu.cells.%d", i, k), cells[k]);
    }
    if (!all.n) {
        show_text(r, "show.sections.0.table.empty.title", msg(c->language, "id.no_changes"));
        show_text(r, "show.sections.0.table.empty.text", msg(c->language, "id.no_changes_how"));
        show_text(r, "show.sections.0.table.empty.icon", "history");
    }
    page(r, "layout/show");
}
