/*
 * Data migration at work: dry run, import, taking back; each a job in steps of its own transaction (ONB04US01).
 *
 * The place in the file (dry run) or the line (import_batch.cursor_row) is committed together with the rows of the
 * step, so whatever stops a worker, the next one goes on at the first row that is not decided. import_link (unique on
 * utility, entity, legacy id) keeps a row from being stored twice even so. All or nothing is one transaction.
 */
#include <string.h>

#include "app/setup/import_page.h"
#include "app/setup/import_work.h"
#include "lib/csv.h"
#include "lib/db.h"
#include "lib/locale.h"
#include "lib/messages.h"

enum { CHECK_CHUNK = 1000, BACK_CHUNK = 200, FORGET_CHUNK = 20000 };

#define BATCH_COLUMNS \
    "id, batch_no, entity, file_name, document_id, archive_id, size, encoding, delimiter_char, header, " \
    "mapping, mapping_name, mode, " \
    "policy, state, problem, total_count, valid_count, warning_count, error_count, imported_count, skipped_count, " \
    "new_count, changed_count, unchanged_count, cursor_row, control_totals, has_ledger_effect, job_id, " \
    "started_at, finished_at, created_at, created_by, row_version"

Batch *batch_get(Ctx *c, Id id) {
    return db_one(c, Batch, "select " BATCH_COLUMNS " from import_batch where id=? and utility_id=?", id, c->utility);
}

static Batch *batch_lock(Ctx *c, Id id) {
    return db_one(c, Batch, "select " BATCH_COLUMNS " from import_batch where id=? and utility_id=? for update", id,
                  c->utility);
}

static Id batch_of_job(Ctx *c, const JobRow *job) {
    int64_t id = 0;
    Json p = json_read(&c->mem, job->payload, strlen(job->payload), JSON_SIZE_MAX, NULL);
    json_int(p, "batch", &id);
    return (Id){ id };
}

/* --- states ------------------------------------------------------------------------------------------------------- */

static void enqueue(Ctx *c, Id batch, const char *kind) {
    Id job = job_enqueue(c, &(NewJob){ .kind = kind, .payload = text(c, "{\"batch\":%lld}", (long long)batch.id) });
    db_run(c, "update import_batch set job_id=? where id=?", job, batch);
}

/* What a dry run found before goes: it is made anew (its rows by the job, for they may be a million). */
static void start_check(Ctx *c, Id batch, void *arg) {
    (void)arg;
    db_run(c, "update import_batch set total_count=0, valid_count=0, warning_count=0, error_count=0, new_count=0, "
              "changed_count=0, unchanged_count=0, problem=null, started_at=?, finished_at=null "
              "where id=?", c->now, batch);
    enqueue(c, batch, "import.validate");
}

/* One batch of an entity at a time: the others wait for it. */
static void start_import(Ctx *c, Id batch, void *arg) {
    (void)arg;
    Batch *b = batch_get(c, batch);
    db_run(c, "update import_batch set started_at=?, finished_at=null, problem=null where id=?", c->now, batch);
    if (db_int(c, "select count(*) from import_batch where utility_id=? and entity=? and state='importing' and id<>? "
                  "and job_id is not null", c->utility, b->entity, batch))
        db_run(c, "update import_batch set job_id=null where id=?", batch);
    else enqueue(c, batch, "import.run");
}

static void start_waiting(Ctx *c, const char *entity) {
    Id next = db_id(c, "select id from import_batch where utility_id=? and entity=? and state='importing' "
                       "and job_id is null order by id limit 1", c->utility, entity);
    if (next.id) enqueue(c, next, "import.run");
}

static void let_next(Ctx *c, Id batch, void *arg) {
    (void)arg;
    db_run(c, "update import_batch set job_id=null where id=?", batch);
    start_waiting(c, batch_get(c, batch)->entity);
}

static void start_back(Ctx *c, Id batch, void *arg) {
    (void)arg;
    enqueue(c, batch, "import.rollback");
}

static void finished(Ctx *c, Id batch, void *arg) {
    const Batch *b = batch_get(c, batch);
    db_run(c, "update import_batch set finished_at=? where id=?", c->now, batch);
    setup_step_touch(c, "data_migration");
    event_emit(c, &(Event){ .name = "import_batch.completed", .entity = "import_batch", .id = batch,
                            .number = b->batch_no,
                            .payload = json_pairs(c, "batch_id", text(c, "%lld", (long long)batch.id), NULL) });
    let_next(c, batch, arg);
}

static void taken_back(Ctx *c, Id batch, void *arg) {
    (void)arg;
    const Batch *b = batch_get(c, batch);
    db_run(c, "update import_batch set rolled_back_at=? where id=?", c->now, batch);
    event_emit(c, &(Event){ .name = "import_batch.rolled_back", .entity = "import_batch", .id = batch,
                            .number = b->batch_no,
                            .payload = json_pairs(c, "batch_id", text(c, "%lld", (long long)batch.id), NULL) });
}

/* What this column refers to was neither brought in nor made by hand, as far as the dry run could tell. */
static bool wants_before(Ctx *c, const Batch *b, const ImportColumn *k) {
    if (!k->refers || !strcmp(k->refers, b->entity)) return false;
    if (k->flags & IMPORT_REQUIRED && b->valid_count + b->warning_count) return false;      /* others are found */
    return !db_int(c, "select exists (select 1 from import_link where utility_id=? and entity=?)", c->utility,
                   k->refers);
}

/* Rows whose reference is unknown, while nothing of that kind was brought in, or made by hand: the other file comes
   first. The dry run counts them once (check_ended), for they may be a million. */
static const char *file_before(Ctx *c, const Batch *b) {
    for (const ImportColumn *k = import_entity(b->entity)->columns; k->name; k++) {
        if (!wants_before(c, b, k)) continue;
        int64_t n = db_int(c, "select count(distinct r.line_no) from import_row r, json_table(r.messages, '$[*]' "
                              "columns (code varchar(4) path '$.code', column_name varchar(60) path '$.column')) m "
                              "where r.batch_id=? and r.state='error' and m.code='E07' and m.column_name=?", b->id,
                           k->name);
        if (n) return text(c, "Import %s before %s (%s rows refer to unknown %s).", k->refers, b->entity,
                           locale_count(&c->mem, c->locale, n), k->refers_words);
    }
    return NULL;
}

/* As the dry run found it, while it is still so. */
static const char *still_before(Ctx *c, const Batch *b) {
    if (!b->problem || strncmp(b->problem, "Import ", 7)) return NULL;
    for (const ImportColumn *k = import_entity(b->entity)->columns; k->name; k++) {
        const char *begin = k->refers ? text(c, "Import %s before ", k->refers) : NULL;
        if (begin && !strncmp(b->problem, begin, strlen(begin)) && wants_before(c, b, k)) return b->problem;
    }
    return NULL;
}

static Refusal order_refusal(Ctx *c, Id batch) {
    const Batch *b = batch_get(c, batch);
    const char *before = still_before(c, b);
    if (before) return REFUSE(c, CONFLICT, "%s", before);
    if (!strcmp(b->policy, "all_or_nothing") && b->total_count > IMPORT_ATOMIC_MAX)
        return REFUSE(c, CONFLICT, "All or nothing takes at most %s rows.",
                      locale_count(&c->mem, c->locale, IMPORT_ATOMIC_MAX));
    if (!b->valid_count && !b->warning_count) return REFUSE(c, CONFLICT, "No row can be imported.");
    return NO_REFUSAL;
}

/* Nothing of a file that is not valid comes in: says what to do first. */
static Refusal bad_refusal(Ctx *c, Id batch) {
    const Batch *b = batch_get(c, batch);
    Refusal first = order_refusal(c, batch);
    if (first.text && (b->valid_count || b->warning_count || !strncmp(first.text, "Import ", 7))) return first;
    if (!strcmp(b->policy, "all_or_nothing") && b->error_count)
        return REFUSE(c, CONFLICT, "The file has errors, and it is all or nothing: mend them, or bring it in as good "
                                   "rows only.");
    return REFUSE(c, CONFLICT, "No row can be imported.");
}

static Refusal back_refusal(Ctx *c, Id batch) {
    const Batch *b = batch_get(c, batch);
    if (time_is_set(b->finished_at) && c->now.us - b->finished_at.us > IMPORT_BACK_DAYS * DAY_US)
        return REFUSE(c, CONFLICT, "A batch can be taken back within %d days.", IMPORT_BACK_DAYS);
    if (b->has_ledger_effect && !strcmp(utility_here(c)->environment, "live"))
        return REFUSE(c, CONFLICT, "The utility is live: a batch that was posted stays. Correct it by adjustments.");
    return NO_REFUSAL;
}

/* pause and roll back want a page of their own or a form, so they carry no text here when they do */
static const Move moves[] = {
    { "uploaded",              "map",      "mapped",                CREATE, NULL,          NULL },
    { "mapped",                "map",      "mapped",                CREATE, NULL,          NULL },
    { "validated",             "map",      "mapped",                CREATE, NULL,          NULL },
    { "validation_failed",     "map",      "mapped",                CREATE, NULL,          NULL },
    { "mapped",                "validate", "validating",            CREATE, NULL,          start_check,
      .text = "Validate" },
    { "validated",             "import",   "importing",             CREATE, order_refusal, start_import,
      .text = "Import" },
    { "validated",             "validate", "validating",            CREATE, NULL,          start_check,
      .text = "Validate again" },
    { "validation_failed",     "validate", "validating",            CREATE, NULL,          start_check,
      .text = "Validate again" },
    { "validation_failed",     "import",   "importing",             CREATE, bad_refusal,   NULL },
    { "validating",            "good",     "validated",             VIEW,   NULL,          NULL },
    { "validating",            "bad",      "validation_failed",     VIEW,   NULL,          NULL },
    { "validating",            "break",    "validation_failed",             VIEW,   NULL,          NULL },
    { "importing",             "pause",    "paused",                EDIT,   NULL,          let_next, .text = "Pause" },
    { "paused",                "resume",   "importing",             EDIT,   NULL,          start_import,
      .text = "Resume" },
    { "failed",                "resume",   "importing",             EDIT,   NULL,          start_import,
      .text = "Resume" },
    { "importing",             "done",     "completed",             VIEW,   NULL,          finished },
    { "importing",             "errors",   "completed_with_errors", VIEW,   NULL,          finished },
    { "importing",             "break",    "failed",                VIEW,   NULL,          let_next },
    { "importing",             "nothing",  "validation_failed",     VIEW,   NULL,          let_next },
    { "uploaded",              "cancel",   "cancelled",             EDIT,   NULL,          NULL, .text = "Cancel",
      .danger = true },
    { "mapped",                "cancel",   "cancelled",             EDIT,   NULL,          NULL, .text = "Cancel",
      .danger = true },
    { "validated",             "cancel",   "cancelled",             EDIT,   NULL,          NULL, .text = "Cancel",
      .danger = true },
    { "validation_failed",     "cancel",   "cancelled",             EDIT,   NULL,          NULL, .text = "Cancel",
      .danger = true },
    { "paused",                "cancel",   "cancelled",             EDIT,   NULL,          NULL, .text = "Cancel",
      .danger = true },
    { "failed",                "cancel",   "cancelled",             EDIT,   NULL,          NULL, .text = "Cancel",
      .danger = true },
    { "completed",             "rollback", "rolling_back",          EDIT,   back_refusal,  start_back },
    { "completed_with_errors", "rollback", "rolling_back",          EDIT,   back_refusal,  start_back },
    { "partly_rolled_back",    "rollback", "rolling_back",          EDIT,   back_refusal,  start_back },
    { "rolling_back",          "back",     "rolled_back",           VIEW,   NULL,          taken_back },
    { "rolling_back",          "partly",   "partly_rolled_back",    VIEW,   NULL,          taken_back },
    { 0 } };

const Machine import_batch = { .name = "import_batch", .table = "import_batch", .number = "batch_no",
                               .feature = "core.migration", .moves = moves };

/* --- the dry run -------------------------------------------------------------------------------------------------- */

/* What is read of the file in one step. */
typedef struct Piece { RawRow *rows; size_t n; bool at_end; int64_t line, offset; const char *broken; } Piece;

static const char *const *kept_fields(Ctx *c, const CsvRow *row) {
    const char **v = take_n(c, const char *, row->n + 1);
    for (size_t i = 0; i < row->n; i++) v[i] = text_copy(c, row->fields[i]);
    return v;
}

static Piece read_piece(Ctx *c, const Batch *b, const char *cursor) {
    int64_t offset = 0, line = 0;
    Json at = cursor ? json_read(&c->mem, cursor, strlen(cursor), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    json_int(at, "offset", &offset);
    json_int(at, "line", &line);
    CsvReader *r = csv_open_file(&c->mem, document_open(c, b->document_id)->path, (CsvRules){
        .rows_max = IMPORT_ROWS_MAX, .bytes_max = IMPORT_BYTES_MAX * 2, .delimiter = *b->delimiter_char });
    Piece p = { .rows = take_n(c, RawRow, CHECK_CHUNK) };
    if (cursor) csv_resume(r, offset, line);
    for (;;) {
        CsvRow row;
        CsvAnswer answer = csv_next(r, &row);
        if (answer == CSV_END || answer == CSV_BROKEN) {
            p.at_end = true;
            p.broken = answer == CSV_BROKEN ? text_copy(c, row.problem) : NULL;
            return p;
        }
        if (p.n == CHECK_CHUNK) {
            p.line = row.line, p.offset = row.offset;
            return p;
        }
        p.rows[p.n++] = (RawRow){ row.line, kept_fields(c, &row), row.n, answer == CSV_WRONG ? text_copy(c, row.problem)
                                  : NULL };
    }
}

static const char *raw_json(Ctx *c, const RawRow *row) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    for (size_t i = 0; i < row->n; i++) json_add_text(&o, NULL, row->fields[i]);
    json_close(&o);
    return t.s;
}

#define EARLIER(F, T) F(T, int, row_no) F(T, int, line_no)
ROW(Earlier, EARLIER)

static void say_twice(Judged *j, size_t row, const char *column, int64_t line) {
    fault_with(fault_add(&j->faults, row, FAULT_TWICE, column, "import.twice"), "line",
               arena_text(j->faults.mem, "%lld", (long long)line));
}

/* Keys that stand above in the file: in this piece, or in one before. */
static void find_twice(Ctx *c, const Batch *b, Judged *j) {
    const char *column = import_key_column(j->set.of);
    if (!column) return;
    const char **keys = take_n(c, const char *, j->set.n + 1);
    for (size_t i = 0; i < j->set.n; i++) keys[i] = judged_whole_key(j, i);
    Earliers l = db_all(c, Earlier, "select j.row_no, min(r.line_no) as line_no "
                                    "from json_table(?, '$[*]' columns (row_no "
                                    "int path '$[0]', value varchar(80) path '$[1]')) j straight_join import_row r "
                                    "on r.batch_id=? and r.key_value=j.value collate utf8mb4_bin group by j.row_no",
                        json_keys(c, keys, j->set.n), b->id);
    bool *said = take_n(c, bool, j->set.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        said[l.v[i].row_no] = true;
        say_twice(j, (size_t)l.v[i].row_no, column, l.v[i].line_no);
    }
    size_t *first = first_with_key(&c->mem, keys, j->set.n);
    for (size_t i = 0; i < j->set.n; i++)
        if (first[i] != i && !said[i]) say_twice(j, i, column, j->set.line[first[i]]);
}

typedef struct Counts { int total, valid, warning, error, new, changed, unchanged; } Counts;

static void count_effect(Counts *n, const char *effect, int by) {
    if (!effect) return;
    *(!strcmp(effect, "new") ? &n->new : !strcmp(effect, "changed") ? &n->changed : &n->unchanged) += by;
}

static const char *sum_column(const ImportEntity *e, unsigned flag) {
    const ImportColumn *k = e->columns;
    while (k->name && !(k->flags & flag)) k++;
    return k->name;
}

static Counts keep_rows(Ctx *c, const Batch *b, const RawRow *rows, const Judged *j) {
    Counts n = { .total = (int)j->set.n };
    const char *money = sum_column(j->set.of, IMPORT_SUM), *use = sum_column(j->set.of, IMPORT_USE);
    DbBulk *bulk = db_bulk(c,
        "insert into import_row (batch_id, line_no, raw, state, messages, key_value, amount_minor, use_micro, "
        "effect, before_value) values (?,?,?,?,?,?,?,?,?,?)");
    for (size_t i = 0; i < j->set.n; i++) {
        const char *said = judged_messages(c, j, i);
        bool good = judged_is_good(j, i);
        count_effect(&n, judged_effect(j, i), 1);
        n.error += !good, n.warning += good && said, n.valid += good && !said;
        db_bulk_add(bulk, b->id, rows[i].line, raw_json(c, &rows[i]), !good ? "error" : said ? "warning" : "valid",
                    said,
                    judged_key(j, i), money && import_has(&j->set, i, money)
                        ? bind_money(import_money(c, &j->set, i, money))
                    : (Bind){ 0 }, use && import_has(&j->set, i, use) ? bind_qty(import_qty(&j->set, i, use))
                        : (Bind){ 0 }, judged_effect(j, i), good ? j->changes[i] : NULL);
    }
    db_bulk_end(bulk);
    return n;
}

static CellMap *map_of(Ctx *c, const Batch *b) {
    Texts header = header_of(c, b);
    return mapping_read(c, import_entity(b->entity), b->mapping, header.v, header.n);
}

/* Good when a row can be brought in, or every row when it is all or nothing. */
static void check_ended(Ctx *c, Id batch, const char *broken) {
    const Batch *b = batch_get(c, batch);
    db_run(c, "update import_batch set finished_at=?, problem=left(?, 500) where id=?", c->now, broken, batch);
    bool atomic = !strcmp(b->policy, "all_or_nothing");
    const char *before = file_before(c, b);
    if (before) db_run(c, "update import_batch set problem=left(?, 500) where id=?", before, batch);
    bool good = !broken && b->valid_count + b->warning_count && !(atomic && b->error_count);
    machine_move_system(c, &import_batch, batch, good ? "good" : "bad", NULL, NULL);
}

/* Rows of a dry run before. false: there are no more. */
static bool forget_rows(Ctx *c, Id batch) {
    return db_run(c, "delete from import_row where batch_id=? order by line_no limit ?", batch, FORGET_CHUNK)
        == FORGET_CHUNK;
}

JobStep import_validate_job(Ctx *c, const JobRow *job) {
    Batch *b = batch_lock(c, batch_of_job(c, job));
    if (strcmp(b->state, "validating") != 0) return STEP_DONE;
    if (!job->cursor && forget_rows(c, b->id)) return STEP_AGAIN;
    Piece p = read_piece(c, b, job->cursor);
    if (p.n) {
        Judged j = judged_read(c, b, map_of(c, b), p.rows, p.n);
        find_twice(c, b, &j);
        judged_check(c, b, &j);
        Counts n = keep_rows(c, b, p.rows, &j);
        db_run(c, "update import_batch set total_count=total_count+?, valid_count=valid_count+?, "
                  "warning_count=warning_count+?, error_count=error_count+?, new_count=new_count+?, "
                  "changed_count=changed_count+?, unchanged_count=unchanged_count+? where id=?", n.total, n.valid,
               n.warning, n.error, n.new, n.changed, n.unchanged, b->id);
    }
    if (p.at_end) {
        check_ended(c, b->id, p.broken);
        return STEP_DONE;
    }
    int64_t size = document_open(c, b->document_id)->size;
    job_progress(c, text(c, "{\"offset\":%lld,\"line\":%lld}", (long long)p.offset, (long long)p.line), p.offset, size,
                 b->error_count);
    return STEP_AGAIN;
}

/* --- the import --------------------------------------------------------------------------------------------------- */

#define KEPT(F, T) F(T, int, line_no) F(T, const char *, raw) F(T, const char *, effect) F(T, bool, has_said)
ROW(Kept, KEPT)

static RawRow *raw_rows(Ctx *c, const Kepts *l) {
    RawRow *rows = take_n(c, RawRow, l->n + 1);
    for (size_t i = 0; i < l->n; i++) {
        Json list = json_read(&c->mem, l->v[i].raw, strlen(l->v[i].raw), JSON_SIZE_MAX, NULL);
        const char **v = take_n(c, const char *, json_size(list) + 1);
        for (size_t k = 0; k < json_size(list); k++) v[k] = json_text(json_item(list, k), "");
        rows[i] = (RawRow){ l->v[i].line_no, v, json_size(list), NULL };
    }
    return rows;
}

static void keep_links(Ctx *c, const Batch *b, const Judged *j, const Id *ids) {
    DbBulk *bulk = db_bulk(c, "insert into import_link (utility_id, entity, legacy_id, entity_id, batch_id) "
                              "values (?,?,?,?,?)");
    for (size_t i = 0; i < j->set.n; i++) {
        const char *key = judged_key(j, i);
        if (key && ids[i].id && (!j->there[i].id || j->unlinked[i]))
            db_bulk_add(bulk, c->utility, b->entity, key, ids[i], b->id);
    }
    db_bulk_end(bulk);
}

/* What came of the rows of a step. Those that have nothing to say and had nothing to say are written by one statement,
   which leaves the long columns alone: with them it would go through a table on disk. */
static void write_outcome(Ctx *c, const Batch *b, const Judged *j, const Id *ids, const bool *changed,
                          const char *const *said, const Kepts *l) {
    Text plain = text_start(c);
    JsonOut o = json_out(&plain);
    json_open_list(&o, NULL);
    DbBulk *bulk = db_bulk(c, "update import_row set state=?, entity_id=?, before_value=?, messages=?, effect=? "
                              "where batch_id=? and line_no=?");
    for (size_t i = 0; i < j->set.n; i++) {
        const char *state = !ids[i].id ? "error" : changed[i] ? "imported" : "skipped", *effect = judged_effect(j, i);
        if (said[i] || j->changes[i] || !ids[i].id || l->v[i].has_said) {
            db_bulk_add(bulk, state, ids[i], ids[i].id ? j->changes[i] : NULL, said[i], effect, b->id, j->set.line[i]);
            continue;
        }
        json_open_list(&o, NULL);
        json_add_int(&o, NULL, j->set.line[i]);
        json_add_text(&o, NULL, state);
        json_add_int(&o, NULL, ids[i].id);
        json_add_text(&o, NULL, effect);
        json_close(&o);
    }
    json_close(&o);
    db_bulk_end(bulk);
    db_run(c, "update json_table(?, '$[*]' columns (line int path '$[0]', state varchar(20) path '$[1]', id bigint "
              "path '$[2]', effect varchar(10) path '$[3]')) j straight_join import_row r on r.batch_id=? "
              "and r.line_no=j.line set r.state=j.state, r.entity_id=j.id, r.effect=j.effect", plain.s, b->id);
}

/* Rows of one step: imported, skipped (nothing differed) or in error after all; and how their effects are others than
   the dry run said. */
static void keep_outcome(Ctx *c, const Batch *b, const Judged *j, const Id *ids, const bool *changed, const Kepts *l) {
    int imported = 0, skipped = 0, wrong = 0;
    Counts n = { 0 };
    const char **said = take_n(c, const char *, j->set.n + 1);
    for (size_t i = 0; i < j->set.n; i++) {
        bool good = ids[i].id != 0;
        said[i] = judged_messages(c, j, i);
        imported += good && changed[i], skipped += good && !changed[i], wrong += !good;
        count_effect(&n, judged_effect(j, i), 1);
        count_effect(&n, l->v[i].effect, -1);
    }
    write_outcome(c, b, j, ids, changed, said, l);
    db_run(c, "update import_batch set imported_count=imported_count+?, skipped_count=skipped_count+?, "
              "error_count=error_count+?, new_count=new_count+?, changed_count=changed_count+?, "
              "unchanged_count=unchanged_count+?, cursor_row=?, updated_at=? where id=?", imported, skipped, wrong,
           n.new, n.changed, n.unchanged, j->set.line[j->set.n - 1], c->now, b->id);
}

static int chunk_of(const Batch *b) {
    int n = import_entity(b->entity)->chunk;
    return n ? n : IMPORT_CHUNK;
}

static bool import_chunk(Ctx *c, const Batch *b, const CellMap *map, int after, int *last, size_t *wrong) {
    Kepts l = db_all(c, Kept, "select line_no, raw, effect, messages is not null or before_value is not null as "
                              "has_said from import_row where batch_id=? and line_no>? and state in ('valid', "
                              "'warning') order by line_no limit ?", b->id, after, chunk_of(b));
    if (!l.n) return false;
    Judged j = judged_read(c, b, map, raw_rows(c, &l), l.n);
    Id *ids = take_n(c, Id, l.n + 1);
    bool *changed = take_n(c, bool, l.n + 1);
    judged_store(c, b, &j, ids, changed);
    for (size_t i = 0; i < l.n; i++) *wrong += !ids[i].id;
    keep_links(c, b, &j, ids);
    keep_outcome(c, b, &j, ids, changed, &l);
    *last = l.v[l.n - 1].line_no;
    return true;
}

typedef struct Whole { const Batch *b; const CellMap *map; } Whole;

static void import_whole(Ctx *c, void *arg) {
    Whole *w = arg;
    size_t wrong = 0;
    for (int last = 0;;) {
        ArenaMark m = mark(c);
        bool more = import_chunk(c, w->b, w->map, last, &last, &wrong);
        rewind_to(c, m);
        if (wrong) fail(c, INVALID, "Line %d or one before it cannot be imported; nothing was.", last);
        if (!more) return;
    }
}

static JobStep import_atomic(Ctx *c, const Batch *b, const CellMap *map) {
    if (db_savepoint(c, import_whole, &(Whole){ b, map })) {
        machine_move_system(c, &import_batch, b->id, "done", NULL, NULL);
        return STEP_DONE;
    }
    db_run(c, "update import_batch set problem=left(?, 500) where id=?", c->failure.text, b->id);
    machine_move_system(c, &import_batch, b->id, "nothing", NULL, NULL);
    return STEP_DONE;
}

JobStep import_run_job(Ctx *c, const JobRow *job) {
    Batch *b = batch_lock(c, batch_of_job(c, job));
    if (strcmp(b->state, "importing") != 0 || b->job_id.id != job->id.id) return STEP_DONE;
    CellMap *map = map_of(c, b);
    if (!strcmp(b->policy, "all_or_nothing")) return import_atomic(c, b, map);
    int last = b->cursor_row;
    size_t wrong = 0;
    if (import_chunk(c, b, map, b->cursor_row, &last, &wrong)) {
        job_progress(c, NULL, b->imported_count + b->skipped_count, b->valid_count + b->warning_count,
                     b->error_count + (int)wrong);
        return STEP_AGAIN;
    }
    b = batch_get(c, b->id);
    machine_move_system(c, &import_batch, b->id, b->error_count ? "errors" : "done", NULL, NULL);
    return STEP_DONE;
}

/* --- taking it back ----------------------------------------------------------------------------------------------- */

#define BACK(F, T) F(T, int, line_no) F(T, Id, entity_id) F(T, const char *, before_value)
ROW(Back, BACK)

typedef struct Reverting { const ImportEntity *e; const Id *ids; size_t n; const char **why; } Reverting;
static void revert_work(Ctx *c, void *arg) {
    Reverting *r = arg;
    r->e->revert(c, r->ids, r->n, r->why);
}

/* In one go; where something unforeseen refers to one of them, each by itself. */
static void revert_rows(Ctx *c, const ImportEntity *e, const Id *ids, size_t n, const char **why) {
    if (!n || db_savepoint(c, revert_work, &(Reverting){ e, ids, n, why })) return;
    for (size_t i = 0; i < n; i++) {
        why[i] = NULL;
        if (!db_savepoint(c, revert_work, &(Reverting){ e, ids + i, 1, why + i }))
            why[i] = msg("en", "import.referred");
    }
}

typedef struct Restoring { const ImportEntity *e; const Id *ids; const char **changes; size_t n;
                           const char **why; } Restoring;
static void restore_work(Ctx *c, void *arg) {
    Restoring *r = arg;
    import_restore(c, r->e, r->ids, r->changes, r->n, r->why);
}

/* In one go; where something unforeseen stands against one of them, each by itself. */
static void restore_rows(Ctx *c, const ImportEntity *e, const Id *ids, const char **changes, size_t n,
                         const char **why) {
    if (!n || db_savepoint(c, restore_work, &(Restoring){ e, ids, changes, n, why })) return;
    for (size_t i = 0; i < n; i++) {
        why[i] = NULL;
        if (!db_savepoint(c, restore_work, &(Restoring){ e, ids + i, changes + i, 1, why + i }))
            why[i] = text(c, "%.200s", c->failure.text);
    }
}

static const char *why_json(Ctx *c, const char *why) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_list(&o, NULL);
    json_open_object(&o, NULL);
    json_add_text(&o, "code", "E08");
    json_add_text(&o, "text", why);
    json_close(&o);
    json_close(&o);
    return t.s;
}

static void back_chunk(Ctx *c, const Batch *b, const Backs *l) {
    const ImportEntity *e = import_entity(b->entity);
    Id *ids = take_n(c, Id, l->n + 1), *theirs = take_n(c, Id, l->n + 1);
    const char **why = take_n(c, const char *, l->n + 1), **stays = take_n(c, const char *, l->n + 1),
        **changes = take_n(c, const char *, l->n + 1), **kept = take_n(c, const char *, l->n + 1);
    size_t *row = take_n(c, size_t, l->n + 1), *there = take_n(c, size_t, l->n + 1), n = 0, many = 0;
    for (size_t i = 0; i < l->n; i++) {
        const Back *one = &l->v[i];
        if (!one->before_value) row[n] = i, ids[n++] = one->entity_id;
        else there[many] = i, theirs[many] = one->entity_id, changes[many++] = one->before_value;
    }
    revert_rows(c, e, ids, n, why);
    restore_rows(c, e, theirs, changes, many, stays);
    for (size_t i = 0; i < n; i++) kept[row[i]] = why[i];
    for (size_t i = 0; i < many; i++) kept[there[i]] = stays[i];
    DbBulk *bulk = db_bulk(c, "update import_row set state=?, messages=coalesce(?, messages) "
                              "where batch_id=? and line_no=?");
    DbBulk *links = db_bulk(c,
                            "delete from import_link where utility_id=? and entity=? and entity_id=? and batch_id=?");
    for (size_t i = 0; i < l->n; i++) {
        db_bulk_add(bulk, kept[i] ? "blocked" : "rolled_back", kept[i] ? why_json(c, kept[i]) : NULL, b->id,
                    l->v[i].line_no);
        if (!kept[i]) db_bulk_add(links, c->utility, b->entity, l->v[i].entity_id, b->id);
    }
    db_bulk_end(bulk);
    db_bulk_end(links);
}

JobStep import_rollback_job(Ctx *c, const JobRow *job) {
    Batch *b = batch_lock(c, batch_of_job(c, job));
    if (strcmp(b->state, "rolling_back") != 0) return STEP_DONE;
    int64_t before = INT32_MAX, done = 0, total = 0;
    Json at = job->cursor ? json_read(&c->mem, job->cursor, strlen(job->cursor), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    json_int(at, "before", &before);
    json_int(at, "done", &done);
    if (!json_int(at, "total", &total))
        total = db_int(c, "select count(*) from import_row where batch_id=? and state in ('imported', 'blocked')",
                       b->id);
    Backs l = db_all(c, Back, "select line_no, entity_id, before_value from import_row where batch_id=? and line_no<? "
                              "and state in ('imported', 'blocked') order by line_no desc limit ?", b->id, before,
                     BACK_CHUNK);
    if (l.n) {
        back_chunk(c, b, &l);
        done += (int64_t)l.n;
        job_progress(c, text(c, "{\"before\":%d,\"done\":%lld,\"total\":%lld}", l.v[l.n - 1].line_no,
                             (long long)done, (long long)total), done, total, 0);
        return STEP_AGAIN;
    }
    bool left = db_int(c, "select count(*) from import_row where batch_id=? and state='blocked'", b->id) > 0;
    machine_move_system(c, &import_batch, b->id, left ? "partly" : "back", NULL, NULL);
    return STEP_DONE;
}

/* --- what no retry could help ------------------------------------------------------------------------------------- */

/* A batch whose job was given up says so, and can be resumed. */
void import_job_failed(Ctx *c, const EventRow *e) {
    Id batch = db_id(c, "select id from import_batch where job_id=? and state in ('validating', 'importing')", e->id);
    if (!batch.id) return;
    Json p = json_read(&c->mem, e->payload, strlen(e->payload), JSON_SIZE_MAX, NULL);
    utility_enter(c, db_id(c, "select utility_id from import_batch where id=?", batch));
    db_run(c, "update import_batch set problem=left(?, 500) where id=?", json_text(p, "error"), batch);
    machine_move_system(c, &import_batch, batch, "break", NULL, NULL);
}
