/*
 * Which column of the file is which (ONB04US01): a line for each target column. What is saved is remembered under its
 * name and found again for the next file with the same columns.
 */
#include <string.h>

#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/csv.h"
#include "lib/form.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"

enum { SHOWN = 5 };

static const Form map_form = { .name = "import_map", .fields = FIELDS {
    { "name", "Name of this mapping", TEXT(1, 80), .flags = REQUIRED,
      .hint = "It is offered again for files with the same columns." },
    { 0 } } };

/* --- the form ----------------------------------------------------------------------------------------------------- */

static void option(Req *r, const char *field, size_t i, const char *value, const char *words) {
    show_text(r, text(r, "%s.options.%zu.value", field, i), value);
    show_text(r, text(r, "%s.options.%zu.text", field, i), words);
}

/* A file that only changes what is there needs its key alone. */
static bool is_wanted(const Batch *b, const ImportColumn *k) {
    return k->flags & IMPORT_REQUIRED && (strcmp(b->mode, "update") != 0 || k->flags & IMPORT_KEY);
}

static const char *takes(Req *r, const Batch *b, const ImportColumn *k) {
    return text(r, "%s%s%s", k->name, is_wanted(b, k) ? " *" : "", k->values ? text(r, " (%s)", k->values)
                : "");
}

/* A line for each target: its name, the file's column, a constant, a change, words in place of words. */
static void show_lines(Req *r, const Batch *b, const Texts *header, const CellMap *map) {
    const ImportEntity *e = import_entity(b->entity);
    const char *field = "form.fields.map";
    static const char *const cols[] = { "target", "from", "constant", "change", "values" };
    show_text(r, text(r, "%s.name", field), "map");
    show_text(r, text(r, "%s.kind", field), "lines");
    show_text(r, text(r, "%s.fixed", field), "1");
    show_text(r, text(r, "%s.stacked", field), "1");
    show_text(r, text(r, "%s.label", field), msg(r->c.language, "import.map_columns"));
    show_text(r, text(r, "%s.hint", field), msg(r->c.language, "import.map_how"));
    for (size_t k = 0; k < 5; k++) {
        bool list = k == 1 || k == 3;
        show_text(r, text(r, "%s.cols.%s.label", field, cols[k]),
                  msg(r->c.language, text(r, "import.map.%s", cols[k])));
        show_text(r, text(r, "%s.cols.%s.kind", field, cols[k]), list ? "select" : k ? "text" : "static");
    }
    const char *from = text(r, "%s.cols.from", field), *change = text(r, "%s.cols.change", field);
    option(r, from, 0, "", msg(r->c.language, "import.map.none"));
    for (size_t i = 0; i < header->n; i++) option(r, from, i + 1, header->v[i], header->v[i]);
    option(r, change, 0, "", msg(r->c.language, "import.change.none"));
    for (size_t i = 0; cell_changes[i]; i++)
        option(r, change, i + 1, cell_changes[i], msg(r->c.language, text(r, "import.change.%s", cell_changes[i])));
    Texts sent[5];
    for (size_t k = 0; k < 5; k++) sent[k] = param_all(&r->c.mem, &r->fields, cols[k]);
    for (size_t i = 0; e->columns[i].name; i++) {
        const char *now[] = { takes(r, b, &e->columns[i]), map[i].from >= 0 ? header->v[map[i].from] : NULL,
                              map[i].constant,
                              map[i].change, map[i].values };
        for (size_t k = 0; k < 5; k++)
            show_text(r, text(r, "%s.lines.%zu.%s.value", field, i, cols[k]),
                      k && r->again && i < sent[k].n ? sent[k].v[i] : now[k] ? now[k] : "");
    }
    for (int i = 0; i < r->problems && r->again; i++)
        if (r->problem[i].field && !strcmp(r->problem[i].field, "map"))
            show_text(r, text(r, "%s.error", field), r->problem[i].text);
}

/* The first rows of the file, so that columns are known by what is in them. */
static void show_sample(Req *r, const Batch *b, const Texts *header) {
    CsvReader *file = csv_open_file(&r->c.mem, document_open(&r->c, b->document_id)->path, (CsvRules){
        .rows_max = IMPORT_ROWS_MAX, .bytes_max = IMPORT_BYTES_MAX * 2, .delimiter = *b->delimiter_char });
    show_text(r, "form.sections.0.title", msg(r->c.language, "import.first_rows"));
    TableView *t = table_start(r, "form.sections.0.table", msg(r->c.language, "import.first_rows"));
    for (size_t i = 0; i < header->n; i++) table_column(t, header->v[i], "text", i ? NULL : "id");
    CsvRow row;
    while (table_rows(t) < SHOWN && csv_next(file, &row) == CSV_ROW) {
        table_row(t, NULL);
        for (size_t i = 0; i < header->n; i++) table_cell(t, i < row.n ? text_copy(r, row.fields[i]) : "");
    }
}

void import_map_page(Req *r) {
    Batch *b = batch_of(r);
    const ImportEntity *e = import_entity(b->entity);
    Texts header = header_of(&r->c, b);
    FormView *v = form_show(r, "form", &map_form, text(r, "/migration/%s/mapping", b->batch_no));
    form_text(v, "name", b->mapping_name ? b->mapping_name : text(r, "%s, %zu columns", e->name, header.n));
    show_lines(r, b, &header, mapping_read(&r->c, e, b->mapping, header.v, header.n));
    show_text(r, "form.submit", msg(r->c.language, "import.save_map"));
    show_text(r, "form.cancel_url", link_path(r, "/migration/%s", b->batch_no));
    show_sample(r, b, &header);
    show_text(r, "page.title", msg(r->c.language, "import.map_columns"));
    show_text(r, "page.crumbs.0.text", msg(r->c.language, "import.title"));
    show_text(r, "page.crumbs.0.url", link_path(r, "/migration"));
    show_text(r, "page.crumbs.1.text", msg_format(r, r->c.language, "import.batch", { "no", b->batch_no }));
    show_text(r, "page.crumbs.1.url", link_path(r, "/migration/%s", b->batch_no));
    show_text(r, "page.crumbs.2.text", msg(r->c.language, "import.map_columns"));
    page(r, "layout/form");
}

/* --- what was sent ------------------------------------------------------------------------------------------------ */

static const char *sent_text(const Texts *t, size_t i) { return i < t->n && *t->v[i] ? t->v[i] : NULL; }

static int column_of(const Texts *header, const char *name) {
    for (size_t i = 0; name && i < header->n; i++)
        if (!strcmp(header->v[i], name)) return (int)i;
    return -1;
}

static bool is_change(const char *word) {
    for (const char *const *c = cell_changes; *c; c++)
        if (!strcmp(*c, word)) return true;
    return false;
}

static CellMap *map_sent(Req *r, const Batch *b, const Texts *header) {
    const ImportEntity *e = import_entity(b->entity);
    Texts from = param_all(&r->c.mem, &r->fields, "from"), constant = param_all(&r->c.mem, &r->fields, "constant"),
        change = param_all(&r->c.mem, &r->fields, "change"), values = param_all(&r->c.mem, &r->fields, "values");
    CellMap *map = take_n(r, CellMap, import_width(e) + 1);
    for (size_t i = 0; e->columns[i].name; i++) {
        map[i] = (CellMap){ .from = column_of(header, sent_text(&from, i)), .constant = sent_text(&constant, i),
                            .change = sent_text(&change, i), .values = sent_text(&values, i) };
        if (sent_text(&from, i) && map[i].from < 0)
            problem(r, "map", "The file has no column %.60s.", sent_text(&from, i));
        if (map[i].change && !is_change(map[i].change)) problem(r, "map", "There is no such change.");
        if (is_wanted(b, &e->columns[i]) && map[i].from < 0 && !map[i].constant)
            problem(r, "map", "%s", msg_format(r, r->c.language, "import.unmapped", { "column", e->columns[i].name }));
    }
    return map;
}

#define SAVED(F, T) F(T, Id, id) F(T, const char *, mapping) F(T, int, row_version)
ROW(Saved, SAVED)

static void remember(Ctx *c, const char *entity, const char *name, const char *json) {
    Saved *was = db_find(c, Saved, "select id, mapping, row_version from import_mapping "
                                   "where utility_id=? and entity=? "
                                   "and name=? for update", c->utility, entity, name);
    Id id = was ? was->id : (Id){ 0 };
    if (was)
        db_run(c, "update import_mapping set mapping=?, updated_at=?, updated_by=?, row_version=row_version+1 "
                  "where id=?",
               json, c->now, c->user, id);
    else
        id = db_insert(c, "insert into import_mapping (utility_id, entity, name, mapping, created_at, created_by, "
                          "updated_at, updated_by) values (?,?,?,?,?,?,?,?)", c->utility, entity, name, json, c->now,
                       c->user, c->now, c->user);
    audit_write(c, &(Audit){ .action = was ? "edit" : "create", .entity = "import_mapping", .id = id, .number = name,
                             .version = was ? was->row_version + 1 : 1 });
}

void import_map_post(Req *r) {
    Ctx *c = &r->c;
    Batch *b = batch_of(r);
    const ImportEntity *e = import_entity(b->entity);
    Texts header = header_of(c, b);
    Input *in = form_read(r, &map_form);
    CellMap *map = map_sent(r, b, &header);
    problems_end(r);
    const char *json = mapping_write(c, e, map, header.v), *name = in_text(in, "name");
    machine_move(c, &import_batch, b->id, "map", NULL, NULL);
    db_run(c, "update import_batch set mapping=?, mapping_name=? where id=?", json, name, b->id);
    remember(c, e->name, name, json);
    note(r, "%s", msg(c->language, "import.mapped"));
    go(r, "/migration/%s", b->batch_no);
}
