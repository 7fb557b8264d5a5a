/*
 * Rows of a file whose record is there (ONB04US01): what the file says differently is stored, with what stood there
 * before, so that a batch that is taken back gives it back. The same file twice changes nothing.
 *
 * What a change is, is kept as JSON {"phone": ["+15035550101", "+15035550199"]}: what stood there, what stands there
 * now. It is the report of a dry run, the audit of the import, and by it taking back knows whether somebody changed the
 * record since.
 */
#include <string.h>

#include "app/setup/import_work.h"
#include "lib/date.h"
#include "lib/messages.h"

/* --- records as they stand ---------------------------------------------------------------------------------------- */

/* Of each row of a set; a cell that cannot be told has told false. */
typedef struct Stood { const char **cell; bool *told, *found; int *version; const char **number, **refusal; } Stood;

static const char *time_cell(Ctx *c, int64_t us) {
    const Zone *z = zone_find(utility_here(c)->time_zone);
    Local l = time_local(z ? z : zone_utc(), (Time){ us });
    return text(c, "%sT%02d:%02d", date_iso(&c->mem, l.date), l.hour, l.minute);
}

static const char *cell_of(Ctx *c, const ImportColumn *k, Json v) {
    int64_t n = 0;
    const char *said = json_text(v, "");
    if (!said && json_int(v, "", &n)) said = k->type == IMPORT_TIME ? time_cell(c, n) : text(c, "%lld", (long long)n);
    return said && *said ? said : NULL;
}

static Stood stood_of(Ctx *c, const ImportEntity *e, const Id *ids, size_t n) {
    size_t width = import_width(e);
    Stood s = { take_n(c, const char *, n * width + 1), take_n(c, bool, n * width + 1), take_n(c, bool, n + 1),
                take_n(c, int, n + 1), take_n(c, const char *, n + 1), take_n(c, const char *, n + 1) };
    ImportTheres l = e->there(c, ids, n);
    for (size_t i = 0; i < l.n; i++) {
        const ImportThere *t = &l.v[i];
        size_t row = (size_t)t->row_no - 1;
        Json all = json_read(&c->mem, t->cells, strlen(t->cells), JSON_SIZE_MAX, NULL);
        s.found[row] = true, s.version[row] = t->version, s.number[row] = t->number, s.refusal[row] = t->refusal;
        for (size_t k = 0; k < width; k++) {
            Json v = json_member(all, e->columns[k].name);
            s.told[row * width + k] = json_kind(v) != JSON_KIND_NONE;
            s.cell[row * width + k] = cell_of(c, &e->columns[k], v);
        }
    }
    return s;
}

/* --- what differs ------------------------------------------------------------------------------------------------- */

static bool same_cell(const ImportColumn *k, const char *a, const char *b) {
    return cell_same(import_kind(k), k->flags & IMPORT_WORDS, a, b);
}

static void note_change(JsonOut *o, const char *column, const char *was, const char *now) {
    json_open_list(o, column);
    json_add_text(o, NULL, was);
    json_add_text(o, NULL, now);
    json_close(o);
}

static void say_fixed(Faults *to, size_t row, const ImportColumn *k, const char *is) {
    bool lives = k->flags & IMPORT_LIVES;
    const char *key = lives ? is ? "import.lives" : "import.lives_empty" : is ? "import.fixed" : "import.fixed_empty";
    Fault *f = fault_add(to, row, lives ? FAULT_SUSPECT : FAULT_RULE, k->name, key);
    if (is) fault_with(f, "value", is);
    fault_with(f, "instead", k->instead ? k->instead : "");
}

/* NULL when nothing differs. `whole` gets the row as it is to stand. */
static const char *changes_of(Ctx *c, Faults *to, const ImportSet *s, size_t i, const Stood *t, const char **whole) {
    Text words = text_start(c);
    JsonOut o = json_out(&words);
    bool any = false;
    json_open_object(&o, NULL);
    for (size_t k = 0; k < s->width; k++) {
        const ImportColumn *column = &s->of->columns[k];
        const char *file = s->cell[i * s->width + k], *is = t->cell[i * s->width + k];
        bool told = t->told[i * s->width + k];
        whole[k] = told ? is : file;
        if (!file || !told || same_cell(column, file, is)) continue;
        if (!(column->flags & IMPORT_CHANGES)) {
            say_fixed(to, i, column, is);
            continue;
        }
        any = true;
        whole[k] = file;
        note_change(&o, column->name, is, file);
    }
    json_close(&o);
    return any ? words.s : NULL;
}

/* --- storing ------------------------------------------------------------------------------------------------------ */

/* Rows of a set that are to be stored, as they are to stand. */
typedef struct Work { ImportSet set; Id *id; int *version; const char **number, **changes; size_t *row; } Work;

static Work work_of(Ctx *c, const ImportSet *s) {
    Work w = { .set = *s, .id = take_n(c, Id, s->n + 1), .version = take_n(c, int, s->n + 1),
               .number = take_n(c, const char *, s->n + 1), .changes = take_n(c, const char *, s->n + 1),
               .row = take_n(c, size_t, s->n + 1) };
    w.set.cell = take_n(c, const char *, s->n * s->width + 1);
    w.set.line = take_n(c, int64_t, s->n + 1);
    w.set.n = 0;
    return w;
}

static void work_add(Work *w, const ImportSet *s, size_t i, const Stood *t, Id id, const char *const *whole,
                     const char *changes) {
    size_t n = w->set.n++;
    memcpy((const char **)w->set.cell + n * s->width, whole, s->width * sizeof *whole);
    ((int64_t *)w->set.line)[n] = s->line[i];
    w->id[n] = id, w->version[n] = t->version[i], w->number[n] = t->number[i], w->changes[n] = changes, w->row[n] = i;
}

static ImportRecords records_of(const Work *w) {
    return (ImportRecords){ .id = w->id, .version = w->version, .number = w->number };
}

/* Values one side of the changes: 0 what stood there, 1 what stands there. */
static const char *side_of(Ctx *c, const char *changes, size_t side) {
    Json all = json_read(&c->mem, changes, strlen(changes), JSON_SIZE_MAX, NULL);
    JsonMember *m = json_members(&c->mem, all);
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (size_t i = 0; i < json_size(all); i++)
        json_add_text(&o, m[i].name, json_text(json_item(m[i].value, side), ""));
    json_close(&o);
    return t.s;
}

static void store(Ctx *c, const Work *w, bool is_back) {
    const ImportEntity *e = w->set.of;
    ImportRecords r = records_of(w);
    if (!w->set.n) return;
    if (e->change(c, &w->set, &r) != (int64_t)w->set.n) fail(c, RETRY, "A record of the file was changed meanwhile.");
    Audit *audits = take_n(c, Audit, w->set.n + 1);
    for (size_t i = 0; i < w->set.n; i++)
        audits[i] = (Audit){ .action = "edit", .entity = e->name, .id = w->id[i], .number = w->number[i],
                             .version = w->version[i] + 1, .before = side_of(c, w->changes[i], is_back ? 1 : 0),
                             .after = side_of(c, w->changes[i], is_back ? 0 : 1),
                             .reason = is_back ? "Import taken back" : "Import" };
    audits_write(c, audits, w->set.n);
}

static bool is_changed(Ctx *c, const char *changes, const char *column) {
    Json all = json_read(&c->mem, changes, strlen(changes), JSON_SIZE_MAX, NULL);
    return json_kind(json_member(all, column)) != JSON_KIND_NONE;
}

/* What is wrong with a cell that the file leaves as it was, was wrong before. */
static bool is_of_file(Ctx *c, const Work *w, const Fault *f) {
    bool of_cell = f->kind == FAULT_REQUIRED || f->kind == FAULT_TYPE || f->kind == FAULT_LENGTH
        || f->kind == FAULT_VALUE || f->kind == FAULT_SUSPECT;
    if (!of_cell || !f->field) return true;
    for (const ImportColumn *k = w->set.of->columns; k->name; k++)
        if ((!strcmp(k->name, f->field) || (k->field && !strcmp(k->field, f->field)))
            && is_changed(c, w->changes[f->row], k->name)) return true;
    return false;
}

Faults import_change(Ctx *c, const ImportSet *s, const Id *ids, const char **changes, bool dry) {
    Faults to = faults_start(c);
    Stood t = stood_of(c, s->of, ids, s->n);
    Work w = work_of(c, s);
    const char **whole = take_n(c, const char *, s->width + 1);
    for (size_t i = 0; i < s->n; i++) {
        if (!t.found[i]) {
            fault_add(&to, i, FAULT_UNKNOWN, import_key_column(s->of), "import.gone");
            continue;
        }
        changes[i] = changes_of(c, &to, s, i, &t, whole);
        if (changes[i] && t.refusal[i]) fault_add(&to, i, FAULT_RULE, NULL, t.refusal[i]);
        if (changes[i] && !fault_of_row(&to, i)) work_add(&w, s, i, &t, ids[i], whole, changes[i]);
    }
    if (!w.set.n) return to;
    ImportRecords r = records_of(&w);
    Faults all = s->of->judge ? s->of->judge(c, &w.set, &r) : faults_start(c);
    for (size_t i = 0; i < all.n; i++) {
        if (!is_of_file(c, &w, &all.v[i])) continue;
        Fault f = all.v[i];
        f.row = w.row[f.row];
        *fault_add(&to, 0, FAULT_RULE, NULL, NULL) = f;
    }
    if (dry) return to;
    Work good = work_of(c, s);
    for (size_t i = 0; i < w.set.n; i++)
        if (!fault_of_row(&to, w.row[i]))
            work_add(&good, s, w.row[i], &t, w.id[i], w.set.cell + i * s->width, w.changes[i]);
    store(c, &good, false);
    return to;
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

/* Former values in the row; the column that somebody changed since, or NULL. */
static const char *former(Ctx *c, const ImportEntity *e, const char *changes, const Stood *t, size_t i,
                          const char **whole) {
    size_t width = import_width(e);
    Json all = json_read(&c->mem, changes, strlen(changes), JSON_SIZE_MAX, NULL);
    for (size_t k = 0; k < width; k++) {
        Json v = json_member(all, e->columns[k].name);
        const char *is = t->cell[i * width + k];
        whole[k] = is;
        if (json_kind(v) == JSON_KIND_NONE) continue;
        bool both = json_kind(v) == JSON_KIND_LIST;
        if (both && !same_cell(&e->columns[k], json_text(json_item(v, 1), ""), is)) return e->columns[k].name;
        whole[k] = both ? json_text(json_item(v, 0), "") : json_text(v, "");
    }
    return NULL;
}

void import_restore(Ctx *c, const ImportEntity *e, const Id *ids, const char *const *changes, size_t n,
                    const char **why) {
    size_t width = import_width(e);
    int64_t *none = take_n(c, int64_t, n + 1);
    ImportSet s = { .of = e, .n = n, .width = width, .line = none, .locale = c->locale, .by = c->user };
    Stood t = stood_of(c, e, ids, n);
    Work w = work_of(c, &s);
    const char **whole = take_n(c, const char *, width + 1);
    for (size_t i = 0; i < n; i++) {
        const char *since = t.found[i] ? former(c, e, changes[i], &t, i, whole) : NULL;
        why[i] = !t.found[i] ? msg("en", "import.gone")
            : t.refusal[i] ? msg("en", t.refusal[i])
            : since ? msg_format(c, "en", "import.edited_since", { "column", since }) : NULL;
        if (!why[i]) work_add(&w, &s, i, &t, ids[i], whole, changes[i]);
    }
    store(c, &w, true);
}
