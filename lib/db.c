/*
 * The database: one connection, its prepared statements and its transaction. See db.h.
 *
 * The statement cache is keyed by schema and statement: a prepared statement stays bound to the schema in which it was
 * prepared, even after USE, so a cache without the schema would show one tenant another's rows (measured).
 */
#include "lib/db.h"

#include <assert.h>
#include <errno.h>
#include <mysql.h>
#include <errmsg.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/date.h"
#include "lib/log.h"

enum {
    CACHE = 256,                    /* prepared statements a connection keeps */
    COLUMNS_MAX = 120,
    TEXT_FIRST = 96,                /* bytes a text column is fetched into before its length is known */
    BULK_ROWS = 1000, BULK_PARAMS_MAX = 120,
    BULK_ROWS_FIRST = 8,
    TX_TRIES = 5,
    LOCK_WAIT_S = 8, ER_LOCK_WAIT_TIMEOUT = 1205,
    CONNECT_S = 2, ANSWER_S = 2,      /* beyond the time a statement may take */
    SCHEMA_MAX = 64, AFTER_MAX = 32,
};

typedef struct Prepared {
    char          schema[SCHEMA_MAX + 1];
    const DbSite *site;             /* NULL: built by lib/list.c, known by `text` */
    char         *text;
    MYSQL_STMT   *stmt;
    uint64_t      used;
    bool          is_watched;       /* writes a table of db_watch */
    bool          is_spoilt;        /* it failed: to be prepared anew */
} Prepared;

struct Db {
    DbConfig  config;
    MYSQL    *my;                   /* NULL while there is no connection */
    char      schema[SCHEMA_MAX + 1];
    Prepared  cache[CACHE];
    uint64_t  tick;
    int64_t   trips;
    bool      in_tx, wrote, lost;
    bool      reads_only;           /* the transaction that runs */
    bool      chains;               /* db_chain */
    bool      is_chained, has_looked;       /* a transaction stands open that reads only; something was read in it */
    bool      next_is_watched, touched;     /* of the statement that was prepared last; of the transaction */
    int64_t   tx_number;
    struct { void (*work)(Ctx *, void *); void *arg; } after[AFTER_MAX];
    int       after_n;
    struct Db *side;                /* for what must be committed by itself (id ranges) */
    struct { char name[SCHEMA_MAX * 2]; int64_t next, end; } ids[32];
    int       ids_n;
};

/* --- connections ---------------------------------------------------------------------------------------------- */

Db *db_open(const DbConfig *config) {
    Db *db = calloc(1, sizeof *db);
    if (!db) abort();
    db->config = *config;
    return db;
}

static void forget_statements(Db *db) {
    for (Prepared *p = db->cache; p < db->cache + CACHE; p++) {
        if (p->stmt) mysql_stmt_close(p->stmt);
        free(p->text);
        *p = (Prepared){ 0 };
    }
}

static void disconnect(Db *db) {
    if (!db->my) return;
    forget_statements(db);
    mysql_close(db->my);
    db->my = NULL;
    db->schema[0] = 0;
    db->in_tx = db->wrote = db->lost = db->is_chained = false;
}

void db_close(Db *db) {
    if (!db) return;
    if (db->side) db_close(db->side);
    disconnect(db);
    free(db);
}

static bool lost_connection(unsigned error) {
    return error == CR_SERVER_GONE_ERROR || error == CR_SERVER_LOST || error == CR_CONN_HOST_ERROR
        || error == CR_CONNECTION_ERROR
        || error == 1053 || error == 1927;      /* shutting down, killed */
}

/* NULL when connected, else why not. */
static const char *connect_now(Db *db) {
    static char why[300];
    MYSQL *my = mysql_init(NULL);
    if (!my) abort();
    unsigned connect_s = CONNECT_S, answer_s = db->config.statement_time_s ? (unsigned)db->config.statement_time_s
        + ANSWER_S : 3600;
    mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &answer_s);
    mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
    mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    char init[300];
    snprintf(init, sizeof init,
        "set session time_zone='+00:00', "
        "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE', "
        "innodb_lock_wait_timeout=%d, max_statement_time=%d", LOCK_WAIT_S, db->config.statement_time_s);
    mysql_options(my, MYSQL_INIT_COMMAND, init);
    if (!mysql_real_connect(my, NULL, db->config.user, db->config.password, NULL, 0, db->config.socket,
                            CLIENT_FOUND_ROWS)) {
        snprintf(why, sizeof why, "%u %s", mysql_errno(my), mysql_error(my));
        mysql_close(my);
        return why;
    }
    db->my = my;
    return NULL;
}

/* Between statements the server has nothing to say: whatever can be read is the end of the connection. */
static bool closed_while_idle(const Db *db) {
    struct pollfd p = { .fd = (int)mysql_get_socket(db->my), .events = POLLIN };
    return poll(&p, 1, 0) > 0;
}

static void need_connection(Ctx *c) {
    Db *db = c->db;
    if (!db) fail(c, BROKEN, "this piece of work has no database");
    if (!db->in_tx && db->my && (db->lost || closed_while_idle(db))) disconnect(db);
    if (db->my) return;
    const char *why = connect_now(db);
    if (why) {
        c->failure.retry_after_s = 5;
        fail(c, DOWN, "no database: %s", why);
    }
}

bool db_ping(Db *db) {
    if (db->lost && !db->in_tx) disconnect(db);
    if (!db->my && connect_now(db)) return false;
    if (!mysql_ping(db->my)) return true;
    disconnect(db);
    return false;
}

bool db_is_lost(const Db *db) { return db && db->lost; }

int64_t db_round_trips(const Db *db) { return db->trips; }

/* The rows' first columns, each behind "; "; false when the server does not say. */
static bool add_rows(Db *db, Text *to, const char *sql) {
    db->trips++;
    MYSQL_RES *rows = mysql_query(db->my, sql) ? NULL : mysql_store_result(db->my);
    for (MYSQL_ROW row; rows && (row = mysql_fetch_row(rows));)
        text_addf(to, "%s%s", to->n ? "; " : "", row[0] ? row[0] : "?");
    bool is_said = rows != NULL;
    mysql_free_result(rows);
    return is_said;
}

/*
 * A lock was waited for in vain: one line says which statement waited and which transactions stood open by then, oldest
 * first; one that sleeps within its transaction is the likely holder. To see those takes the right PROCESS; without it
 * the line names the statements that our own user runs. Of a statement only the beginning is told, up to the first
 * text.
 */
static void log_lock_wait(Ctx *c, const DbSite *site, const char *file, int line) {
    static const char open[] =
        "select concat(t.trx_mysql_thread_id, ' ', lower(coalesce(p.command, '?')), ' ', coalesce(p.time, 0), ' s', "
        "if(t.trx_state = 'LOCK WAIT', ' (waits too)', ''), ': ', "
        "substring_index(left(coalesce(t.trx_query, '-'), 160), char(39 using utf8mb4), 1)) "
        "from information_schema.innodb_trx t left join information_schema.processlist p on p.id=t.trx_mysql_thread_id "
        "where t.trx_mysql_thread_id<>connection_id() order by t.trx_started limit 6";
    static const char running[] =
        "select concat(id, ' ', lower(command), ' ', time, ' s: ', "
        "substring_index(left(coalesce(info, '-'), 160), char(39 using utf8mb4), 1)) "
        "from information_schema.processlist where command not in ('Sleep', 'Daemon') and id<>connection_id() "
        "order by time desc limit 6";
    Text others = text_start(c);
    bool is_seen = add_rows(c->db, &others, open);
    if (!is_seen) add_rows(c->db, &others, running);
    log_warn("db.lock_wait", LOG_TEXT("statement", site ? site->sql : NULL), LOG_TEXT("file", file),
             LOG_INT("line", line), LOG_INT("waited_s", LOCK_WAIT_S), LOG_TEXT("sees", is_seen ? "transactions"
             : "statements"), LOG_TEXT("others", others.n ? others.s : "none"));
}

/* Raises what the server said. In a transaction the connection
 * is kept until its end, so that it is rolled back once. */
static _Noreturn void raise_error(Ctx *c, unsigned error, const char *said, const DbSite *site) {
    Db *db = c->db;
    const char *file = site ? site->file : __FILE__;
    int line = site ? site->line : __LINE__;
    if (lost_connection(error)) {
        db->lost = true;
        if (db->in_tx) fail_at(c, RETRY, NULL, file, line, "connection lost: %u %s", error, said);
        disconnect(db);
        fail_at(c, DOWN, NULL, file, line, "connection lost: %u %s", error, said);
    }
    if (error == ER_LOCK_WAIT_TIMEOUT) log_lock_wait(c, site, file, line);
    switch (error) {
    case 1213: case ER_LOCK_WAIT_TIMEOUT: case 1020: case 1047:
        fail_at(c, RETRY, NULL, file, line, "%u %s", error, said);
    case 1062:
        fail_at(c, CONFLICT, NULL, file, line, "This exists already.");
    case 1451:                              /* a row that others refer to; the caller may have a better text */
        fail_at(c, CONFLICT, NULL, file, line, "This is used elsewhere and cannot be deleted.");
    case 1021: case 1114: case 1030: case 1026: case 1040: case 1290: case 1041:
        c->failure.retry_after_s = 30;
        fail_at(c, DOWN, NULL, file, line, "%u %s", error, said);
    default:
        fail_at(c, BROKEN, NULL, file, line, "%u %s (in: %s)", error, said, site ? site->sql : "?");
    }
}

/* Ends the transaction that stands open for reading: what follows writes, or wants to see what is new. */
static void unchain(Ctx *c) {
    Db *db = c->db;
    if (!db->is_chained || db->in_tx) return;
    db->is_chained = false;
    db->trips++;
    if (mysql_query(db->my, "commit")) raise_error(c, mysql_errno(db->my), mysql_error(db->my), NULL);
}

static bool only_reads(const char *sql) {
    return (!strncmp(sql, "select", 6) || !strncmp(sql, "(select", 7)) && !strstr(sql, " for update");
}

/* A statement outside of transactions. */
static void look_or_unchain(Ctx *c, const char *sql) {
    if (!c->db->is_chained || c->db->in_tx) return;
    if (only_reads(sql)) c->db->has_looked = true;
    else unchain(c);
}

void db_chain(Db *db) { db->chains = true; }

void db_look_anew(Ctx *c) {
    if (c->db && c->db->is_chained) need_connection(c);
    if (c->db) unchain(c);
}

static void query(Ctx *c, const char *sql) {
    Db *db = c->db;
    need_connection(c);
    unchain(c);
    db->trips++;
    if (mysql_query(db->my, sql)) raise_error(c, mysql_errno(db->my), mysql_error(db->my), NULL);
}

void db_use(Ctx *c, const char *schema) {
    assert(schema && strlen(schema) <= SCHEMA_MAX);
    c->schema = text_copy(c, schema);
}

/* The session's schema follows c->schema when a statement needs it. */
static void follow_schema(Ctx *c) {
    Db *db = c->db;
    const char *want = c->schema ? c->schema : db->config.platform;
    if (!strcmp(db->schema, want)) return;
    db->trips++;
    if (mysql_select_db(db->my, want)) raise_error(c, mysql_errno(db->my), mysql_error(db->my), NULL);
    snprintf(db->schema, sizeof db->schema, "%s", want);
}

void db_reset(Db *db) {
    db->after_n = 0;
    if (!db->my) return;
    bool is_open = db->in_tx || (db->is_chained && db->has_looked);     /* nobody may hold an old view of the rows */
    if (is_open && (db->lost || mysql_query(db->my, "rollback"))) {
        disconnect(db);
        return;
    }
    if (is_open) db->is_chained = false;
    db->in_tx = db->wrote = false;
    if (db->lost) disconnect(db);
}

/* --- statements ------------------------------------------------------------------------------------------------ */

static Prepared *cache_slot(Db *db, const DbSite *site, const char *sql) {
    Prepared *oldest = NULL;
    for (Prepared *p = db->cache; p < db->cache + CACHE; p++) {
        if (!p->stmt) {
            if (!oldest || oldest->stmt) oldest = p;
            continue;
        }
        bool same = site ? p->site == site : !p->site && !strcmp(p->text, sql);
        if (same && !strcmp(p->schema, db->schema)) return p;
        if (!oldest || (oldest->stmt && p->used < oldest->used)) oldest = p;
    }
    if (oldest->stmt) mysql_stmt_close(oldest->stmt);
    free(oldest->text);
    *oldest = (Prepared){ 0 };
    return oldest;
}

/* --- tables that are kept somewhere ------------------------------------------------------------------------------- */

static const char *const *watched;
static void (*watched_changed)(Ctx *);

void db_watch(const char *const *tables, void (*changed)(Ctx *)) {
    watched = tables;
    watched_changed = changed;
}

static bool is_part_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool names(const char *from, const char *end, const char *table) {
    size_t n = strlen(table);
    for (const char *s = from; (s = strstr(s, table)) && s < end; s += n)
        if ((s == from || !is_part_of_name(s[-1])) && !is_part_of_name(s[n])) return true;
    return false;
}

/* Where the names of the written tables may stand: up to the columns, the values, SET or WHERE. */
static bool writes_watched(const char *sql) {
    static const char *const writes[] = { "insert", "update", "delete", "replace" }, *const ends[] = { "(", " set ",
        " where ", " select " };
    if (!watched) return false;
    size_t kind = 0;
    while (kind < 4 && strncmp(sql, writes[kind], strlen(writes[kind]))) kind++;
    if (kind == 4) return false;
    bool is_update = kind == 1;                 /* of several tables: json_table(...) may stand before */
    const char *end = sql + strlen(sql);
    for (size_t i = is_update ? 1 : 0; i < (is_update ? 2 : 4); i++) {
        const char *s = strstr(sql, ends[i]);
        if (s && s < end) end = s;
    }
    for (const char *const *t = watched; *t; t++)
        if (names(sql, end, *t)) return true;
    return false;
}

/* After a statement that went well. */
static void note_written(Ctx *c, bool is_watched) {
    c->db->wrote = true;
    if (!is_watched) return;
    if (c->db->in_tx) c->db->touched = true;
    else watched_changed(c);
}

static void close_statement(void *stmt) { mysql_stmt_close(stmt); }

/* A prepared statement, ready to bind. Not cached: closed when the memory of c is rewound. */
static MYSQL_STMT *prepared(Ctx *c, const DbSite *site, const char *sql, bool cached) {
    Db *db = c->db;
    need_connection(c);
    follow_schema(c);
    look_or_unchain(c, sql);
    Prepared *slot = cached ? cache_slot(db, site, sql) : NULL;
    if (slot && slot->stmt && !slot->is_spoilt) {
        slot->used = ++db->tick;
        db->next_is_watched = slot->is_watched;
        return slot->stmt;
    }
    db->next_is_watched = writes_watched(sql);
    MYSQL_STMT *stmt = slot && slot->stmt ? slot->stmt : mysql_stmt_init(db->my);
    if (!stmt) abort();
    if (slot) {
        free(slot->text);
        *slot = (Prepared){ 0 };
    }
    db->trips++;
    if (mysql_stmt_prepare(stmt, sql, strlen(sql))) {
        unsigned error = mysql_stmt_errno(stmt);
        char *said = text_copy(c, mysql_stmt_error(stmt));
        mysql_stmt_close(stmt);
        raise_error(c, error, said, site);
    }
    if (!slot) {
        later(c, close_statement, stmt);
        return stmt;
    }
    *slot = (Prepared){ .site = site, .text = site ? NULL : strdup(sql), .stmt = stmt, .used = ++db->tick,
                        .is_watched = db->next_is_watched };
    memcpy(slot->schema, db->schema, sizeof slot->schema);
    return stmt;
}

/* A statement that failed is prepared anew before it is used again. One that failed while its rows came (a lock waited
   for in vain, after the columns were sent) is left by the library as if rows were still to come: executed once more
   it would wait for them for ever. The MYSQL_STMT stays the same, so that whoever is to free its result still can. */
static void spoil_statement(Db *db, MYSQL_STMT *stmt) {
    mysql_stmt_free_result(stmt);
    for (Prepared *p = db->cache; p < db->cache + CACHE; p++)
        if (p->stmt == stmt) p->is_spoilt = true;
}

static _Noreturn void raise_statement(Ctx *c, MYSQL_STMT *stmt, const DbSite *site) {
    unsigned error = mysql_stmt_errno(stmt);
    char *said = text_copy(c, mysql_stmt_error(stmt));
    spoil_statement(c->db, stmt);
    raise_error(c, error, said, site);
}

static MYSQL_TIME time_of_date(Date d) {
    Ymd y = date_ymd(d);
    return (MYSQL_TIME){ .year = (unsigned)y.year, .month = (unsigned)y.month, .day = (unsigned)y.day,
                         .time_type = MYSQL_TIMESTAMP_DATE };
}

static MYSQL_TIME time_of_time(Time t) {
    int64_t us = t.us % 86400000000, day = t.us / 86400000000;
    if (us < 0) us += 86400000000, day--;
    MYSQL_TIME m = time_of_date((Date){ (int32_t)day });
    m.time_type = MYSQL_TIMESTAMP_DATETIME;
    m.hour = (unsigned)(us / 3600000000);
    m.minute = (unsigned)(us / 60000000 % 60);
    m.second = (unsigned)(us / 1000000 % 60);
    m.second_part = (unsigned long)(us % 1000000);
    return m;
}

static Date date_of_time(const MYSQL_TIME *m) {
    return date_of((int)m->year, (int)m->month, (int)m->day);
}

static Time time_of_mysql(const MYSQL_TIME *m) {
    int64_t s = (int64_t)date_of_time(m).day * 86400 + m->hour * 3600 + m->minute * 60 + m->second;
    return (Time){ s * 1000000 + (int64_t)m->second_part };
}

static bool is_number(Kind k) {
    return k == KIND_ID || k == KIND_MONEY || k == KIND_QUANTITY || k == KIND_PRICE || k == KIND_READING
        || k == KIND_INT
        || k == KIND_INT64 || k == KIND_BOOL;
}

/* Binds and executes; the server's error number, 0 when it went well. */
static unsigned try_execute(Ctx *c, MYSQL_STMT *stmt, const DbSite *site, const Bind *binds, int n) {
    Db *db = c->db;
    if ((unsigned long)n != mysql_stmt_param_count(stmt))
        fail_at(c, BROKEN, NULL, site ? site->file : __FILE__, site ? site->line : __LINE__, "%d parameters for: %s", n,
                site ? site->sql : "?");
    assert(n <= DB_PARAMS_MAX);
    MYSQL_BIND b[DB_PARAMS_MAX];
    MYSQL_TIME at[DB_PARAMS_MAX];
    memset(b, 0, sizeof *b * (size_t)(n ? n : 1));
    for (int i = 0; i < n; i++) {
        if (binds[i].kind == KIND_END) {
            b[i].buffer_type = MYSQL_TYPE_NULL;
        } else if (is_number(binds[i].kind)) {
            b[i].buffer_type = MYSQL_TYPE_LONGLONG;
            b[i].buffer = (void *)(uintptr_t)&binds[i].n;
        } else if (binds[i].kind == KIND_DATE || binds[i].kind == KIND_TIME) {
            bool date = binds[i].kind == KIND_DATE;
            at[i] = date ? time_of_date((Date){ (int32_t)binds[i].n }) : time_of_time((Time){ binds[i].n });
            b[i].buffer_type = date ? MYSQL_TYPE_DATE : MYSQL_TYPE_DATETIME;
            b[i].buffer = &at[i];
        } else {
            b[i].buffer_type = binds[i].kind == KIND_BYTES ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
            b[i].buffer = (void *)(uintptr_t)binds[i].p;
            b[i].buffer_length = binds[i].size;
            b[i].length_value = binds[i].size;
            b[i].length = &b[i].length_value;
        }
    }
    if (n && mysql_stmt_bind_param(stmt, b)) return mysql_stmt_errno(stmt);
    db->trips++;
    return mysql_stmt_execute(stmt) ? mysql_stmt_errno(stmt) : 0;
}

static void execute(Ctx *c, MYSQL_STMT *stmt, const DbSite *site, const Bind *binds, int n) {
    if (try_execute(c, stmt, site, binds, n)) raise_statement(c, stmt, site);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

typedef struct Cell { MYSQL_TIME at; int64_t n; char first[TEXT_FIRST]; unsigned long length; my_bool null, cut; } Cell;
typedef struct Reader { MYSQL_STMT *stmt; const DbSite *site; int n; MYSQL_BIND *bind; Cell *cell; Kind *kind; } Reader;

static void free_result(void *stmt) { mysql_stmt_free_result(stmt); }

static void reader_bind(Ctx *c, Reader *r) {
    for (int i = 0; i < r->n; i++) {
        Cell *cell = &r->cell[i];
        MYSQL_BIND *b = &r->bind[i];
        *b = (MYSQL_BIND){ 0 };
        b->is_null = &cell->null;
        b->error = &cell->cut;
        b->length = &cell->length;
        if (is_number(r->kind[i])) {
            b->buffer_type = MYSQL_TYPE_LONGLONG;
            b->buffer = &cell->n;
        } else if (r->kind[i] == KIND_DATE || r->kind[i] == KIND_TIME) {
            b->buffer_type = MYSQL_TYPE_DATETIME;
            b->buffer = &cell->at;
        } else {
            b->buffer_type = r->kind[i] == KIND_BYTES ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
            b->buffer = cell->first;
            b->buffer_length = TEXT_FIRST;
        }
    }
    if (mysql_stmt_bind_result(r->stmt, r->bind)) raise_statement(c, r->stmt, r->site);
}

static Reader reader_open(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    Reader r = { .stmt = prepared(c, site, site->sql, true), .site = site };
    execute(c, r.stmt, site, binds, n);
    r.n = (int)mysql_stmt_field_count(r.stmt);
    int want = site->shape ? (int)site->shape->fields : 1;
    if (r.n != want)
        fail_at(c, BROKEN, NULL, site->file, site->line, "%d columns where %d are read: %s", r.n, want, site->sql);
    r.bind = take_n(c, MYSQL_BIND, (size_t)r.n);
    r.cell = take_n(c, Cell, (size_t)r.n);
    r.kind = take_n(c, Kind, (size_t)r.n);
    for (int i = 0; i < r.n; i++) r.kind[i] = site->shape ? site->shape->field[i].kind : site->kind == DB_SITE_VALUE
        ? KIND_INT64 : KIND_TEXT;
    return r;
}

/* The text of column i, with its full length when it did not fit at first. */
static char *cell_text(Ctx *c, Reader *r, int i, size_t *size) {
    Cell *cell = &r->cell[i];
    if (cell->null) return NULL;
    *size = cell->length;
    if (cell->length <= TEXT_FIRST) return text_copy_n(c, cell->first, cell->length);
    char *whole = take(c, cell->length + 1);
    MYSQL_BIND b = { .buffer_type = MYSQL_TYPE_BLOB, .buffer = whole, .buffer_length = cell->length,
                     .length = &cell->length,
                     .is_null = &cell->null, .error = &cell->cut };
    if (mysql_stmt_fetch_column(r->stmt, &b, (unsigned)i, 0)) raise_statement(c, r->stmt, r->site);
    return whole;
}

/* Reads the next row into `row` by the site's shape; false at the end. */
static bool reader_next(Ctx *c, Reader *r, void *row) {
    int got = mysql_stmt_fetch(r->stmt);
    if (got == MYSQL_NO_DATA) return false;
    if (got != 0 && got != MYSQL_DATA_TRUNCATED) raise_statement(c, r->stmt, r->site);
    for (int i = 0; i < r->n; i++) {
        const RowField *f = &r->site->shape->field[i];
        const Cell *cell = &r->cell[i];
        char *at = (char *)row + f->offset;
        size_t size = 0;
        switch (f->kind) {
        case KIND_DATE:  *(Date *)at = cell->null ? DATE_NONE : date_of_time(&cell->at); break;
        case KIND_TIME:  *(Time *)at = cell->null ? TIME_NONE : time_of_mysql(&cell->at); break;
        case KIND_INT:   *(int *)at = cell->null ? 0 : (int)cell->n; break;
        case KIND_BOOL:  *(bool *)at = !cell->null && cell->n; break;
        case KIND_TEXT:  *(char **)at = cell_text(c, r, i, &size); break;
        case KIND_BYTES: { const char *p = cell_text(c, r, i, &size); *(Bytes *)at = (Bytes){ p, size }; break; }
        default:         *(int64_t *)at = cell->null ? 0 : cell->n; break;
        }
    }
    return true;
}

static void reader_close(Reader *r) { mysql_stmt_free_result(r->stmt); }

static Reader reader_start(Ctx *c, const DbSite *site, const Bind *binds, int n, bool store) {
    Reader r = reader_open(c, site, binds, n);
    reader_bind(c, &r);
    if (store && mysql_stmt_store_result(r.stmt)) raise_statement(c, r.stmt, site);
    return r;
}

void *db_row_(Ctx *c, const DbSite *site, const Bind *binds, int n, bool must) {
    Reader r = reader_start(c, site, binds, n, true);
    void *row = take(c, site->shape->size);
    bool found = reader_next(c, &r, row);
    reader_close(&r);
    if (found) return row;
    if (must) fail_at(c, NOT_FOUND, NULL, site->file, site->line, "not found");
    return NULL;
}

RowList db_rows_(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    Reader r = reader_start(c, site, binds, n, true);
    uint64_t rows = mysql_stmt_num_rows(r.stmt);
    if (rows > DB_ROWS_MAX) {
        reader_close(&r);
        fail_at(c, BROKEN, NULL, site->file, site->line, "%llu rows at once", (unsigned long long)rows);
    }
    RowList l = { .v = take(c, rows * site->shape->size), .n = 0 };
    while (l.n < rows && reader_next(c, &r, (char *)l.v + l.n * site->shape->size)) l.n++;
    reader_close(&r);
    return l;
}

int64_t db_each_(Ctx *c, const DbSite *site, const Bind *binds, int n, void (*each)(Ctx *, void *, void *), void *arg) {
    Reader r = reader_start(c, site, binds, n, true);
    later(c, free_result, r.stmt);
    void *row = take(c, site->shape->size);
    int64_t rows = 0;
    for (; reader_next(c, &r, row); rows++) each(c, row, arg);
    reader_close(&r);
    return rows;
}

int64_t db_int_(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    Reader r = reader_start(c, site, binds, n, true);
    int got = mysql_stmt_fetch(r.stmt);
    if (got != 0 && got != MYSQL_NO_DATA && got != MYSQL_DATA_TRUNCATED) raise_statement(c, r.stmt, site);
    int64_t value = got == MYSQL_NO_DATA || r.cell->null ? 0 : r.cell->n;
    reader_close(&r);
    return value;
}

char *db_text_(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    Reader r = reader_open(c, site, binds, n);
    r.kind[0] = KIND_TEXT;
    reader_bind(c, &r);
    if (mysql_stmt_store_result(r.stmt)) raise_statement(c, r.stmt, site);
    int got = mysql_stmt_fetch(r.stmt);
    if (got != 0 && got != MYSQL_NO_DATA && got != MYSQL_DATA_TRUNCATED) raise_statement(c, r.stmt, site);
    size_t size;
    char *value = got == MYSQL_NO_DATA ? NULL : cell_text(c, &r, 0, &size);
    reader_close(&r);
    return value;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

int64_t db_run_(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    MYSQL_STMT *stmt = prepared(c, site, site->sql, true);
    execute(c, stmt, site, binds, n);
    int64_t rows = (int64_t)mysql_stmt_affected_rows(stmt);
    mysql_stmt_free_result(stmt);
    note_written(c, c->db->next_is_watched);
    return rows;
}

void db_must_(Ctx *c, int64_t rows, Status status, const DbSite *site, const Bind *binds, int n) {
    int64_t did = db_run_(c, site, binds, n);
    if (did != rows)
        fail_at(c, status, NULL, site->file, site->line, "This record was changed by another user.");
}

static Id db_insert_with(Ctx *c, MYSQL_STMT *stmt, const DbSite *site, const Bind *binds, int n) {
    execute(c, stmt, site, binds, n);
    Id id = { (int64_t)mysql_stmt_insert_id(stmt) };
    note_written(c, c->db->next_is_watched);
    return id;
}

Id db_insert_(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    return db_insert_with(c, prepared(c, site, site->sql, true), site, binds, n);
}

/* The statement that added the row; NULL: it was there. */
static MYSQL_STMT *add(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    MYSQL_STMT *stmt = prepared(c, site, site->sql, true);
    unsigned error = try_execute(c, stmt, site, binds, n);
    if (error == 1062) {                    /* the server undid this statement alone; the transaction goes on */
        mysql_stmt_free_result(stmt);
        return NULL;
    }
    if (error) raise_statement(c, stmt, site);
    note_written(c, c->db->next_is_watched);
    return stmt;
}

bool db_add_(Ctx *c, const DbSite *site, const Bind *binds, int n) { return add(c, site, binds, n) != NULL; }

Id db_add_id_(Ctx *c, const DbSite *site, const Bind *binds, int n) {
    MYSQL_STMT *stmt = add(c, site, binds, n);
    return stmt ? (Id){ (int64_t)mysql_stmt_insert_id(stmt) } : (Id){ 0 };
}

void db_script(Ctx *c, const char *sql, size_t length) {
    Db *db = c->db;
    need_connection(c);
    follow_schema(c);
    unchain(c);
    db->trips++;
    if (mysql_real_query(db->my, sql, length)) {
        unsigned error = mysql_errno(db->my);
        if (lost_connection(error)) raise_error(c, error, mysql_error(db->my), NULL);
        fail(c, BROKEN, "%u %s (in: %.200s)", error, mysql_error(db->my), sql);
    }
    MYSQL_RES *rows = mysql_store_result(db->my);
    if (rows) mysql_free_result(rows);
    if (!strncasecmp(sql, "use ", 4) || !strncasecmp(sql, "drop database", 13)) db->schema[0] = 0;
}

/* --- many rows at once -------------------------------------------------------------------------------------------- */

struct DbBulk {
    Arena         mem;              /* texts and cells of the waiting rows */
    Arena         table;            /* the rows: of the bulk itself, so that its user may rewind between two rows */
    Ctx          *c;
    const DbSite *site;
    MYSQL_STMT   *stmt;
    Bind         *rows;             /* waiting x params */
    int           params, waiting, room;
    bool          is_watched;
    int64_t       sent;
    DbBulk       *parent;           /* sent first: our rows refer to its rows */
};

static void end_bulk(void *bulk) {
    DbBulk *b = bulk;
    arena_end(&b->mem);
    arena_end(&b->table);
}

DbBulk *db_bulk_start_(Ctx *c, const DbSite *site) {
    DbBulk *b = take(c, sizeof *b);
    *b = (DbBulk){ .c = c, .site = site, .stmt = prepared(c, site, site->sql, false) };
    b->is_watched = c->db->next_is_watched;
    b->params = (int)mysql_stmt_param_count(b->stmt);
    if (b->params > BULK_PARAMS_MAX) fail_at(c, BROKEN, NULL, site->file, site->line, "%d columns at once", b->params);
    b->room = BULK_ROWS_FIRST;
    b->rows = take_n(&b->table, Bind, (size_t)b->params * BULK_ROWS_FIRST);
    later(c, end_bulk, b);
    return b;
}

static char *date_sql_text(Arena *a, const Bind *v) {
    MYSQL_TIME m = v->kind == KIND_DATE ? time_of_date((Date){ (int32_t)v->n }) : time_of_time((Time){ v->n });
    if (v->kind == KIND_DATE) return text(a, "%04u-%02u-%02u", m.year, m.month, m.day);
    return text(a, "%04u-%02u-%02u %02u:%02u:%02u.%06lu", m.year, m.month, m.day, m.hour, m.minute, m.second,
                m.second_part);
}

/* Column i of the waiting rows as arrays. Dates go as text:
 * arrays of MYSQL_TIME crash the client library (measured). */
static MYSQL_BIND bulk_column(DbBulk *b, int i) {
    size_t n = (size_t)b->waiting;
    char *indicator = take(&b->mem, n);
    bool numbers = true;
    for (size_t k = 0; k < n; k++) {
        const Bind *v = &b->rows[k * (size_t)b->params + (size_t)i];
        if (v->kind == KIND_END) indicator[k] = STMT_INDICATOR_NULL;
        else if (!is_number(v->kind)) numbers = false;
    }
    MYSQL_BIND bind = { .u.indicator = indicator };
    if (numbers) {
        long long *values = take_n(&b->mem, long long, n);
        for (size_t k = 0; k < n; k++) values[k] = b->rows[k * (size_t)b->params + (size_t)i].n;
        bind.buffer_type = MYSQL_TYPE_LONGLONG;
        bind.buffer = values;
        return bind;
    }
    const char **values = take_n(&b->mem, const char *, n);
    unsigned long *lengths = take_n(&b->mem, unsigned long, n);
    for (size_t k = 0; k < n; k++) {
        const Bind *v = &b->rows[k * (size_t)b->params + (size_t)i];
        if (v->kind == KIND_DATE || v->kind == KIND_TIME) values[k] = date_sql_text(&b->mem, v),
            lengths[k] = strlen(values[k]);
        else if (is_number(v->kind)) values[k] = text(&b->mem, "%lld", (long long)v->n), lengths[k] = strlen(values[k]);
        else values[k] = v->p ? v->p : "", lengths[k] = v->size;
    }
    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer = values;
    bind.length = lengths;
    return bind;
}

static void bulk_send(DbBulk *b) {
    if (b->parent) bulk_send(b->parent);
    if (!b->waiting) return;
    MYSQL_BIND bind[BULK_PARAMS_MAX];
    for (int i = 0; i < b->params; i++) bind[i] = bulk_column(b, i);
    unsigned rows = (unsigned)b->waiting;
    mysql_stmt_attr_set(b->stmt, STMT_ATTR_ARRAY_SIZE, &rows);
    if (mysql_stmt_bind_param(b->stmt, bind)) raise_statement(b->c, b->stmt, b->site);
    b->c->db->trips++;
    if (mysql_stmt_execute(b->stmt)) raise_statement(b->c, b->stmt, b->site);
    note_written(b->c, b->is_watched);
    b->sent += b->waiting;
    b->waiting = 0;
    arena_reset(&b->mem);
}

void db_bulk_after(DbBulk *b, DbBulk *parent) { b->parent = parent; }

/* Most sets are small: room for all comes with the rows. */
static void bulk_grow(DbBulk *b) {
    int room = b->room * 4 < BULK_ROWS ? b->room * 4 : BULK_ROWS;
    Bind *rows = take_n(&b->table, Bind, (size_t)b->params * (size_t)room);
    memcpy(rows, b->rows, sizeof *rows * (size_t)b->params * (size_t)b->waiting);
    b->rows = rows, b->room = room;
}

void db_bulk_add_(DbBulk *b, const Bind *binds, int n) {
    if (n != b->params) fail_at(b->c, BROKEN, NULL, b->site->file, b->site->line, "%d values for: %s", n, b->site->sql);
    if (b->waiting == b->room) bulk_grow(b);
    Bind *row = b->rows + (size_t)b->waiting * (size_t)n;
    for (int i = 0; i < n; i++) {
        row[i] = binds[i];
        if (binds[i].p) row[i].p = text_copy_n(&b->mem, binds[i].p, binds[i].size);
    }
    if (++b->waiting == BULK_ROWS) bulk_send(b);
}

int64_t db_bulk_end(DbBulk *b) {
    bulk_send(b);
    return b->sent;
}

/*
 * Ids are taken from a block of the process, blocks from id_range, committed at once on a connection of their own: a
 * rollback leaves a gap and nobody waits for a counter row. A table whose ids come from here gets all of them from
 * here.
 *
 * That connection reads at READ COMMITTED: at REPEATABLE READ the `insert ... select` would lock the table's last row,
 * and wait in vain where the caller's own transaction holds it (the last posting is reversed), or for whoever adds rows
 * in a long transaction. What is not committed is not missed: its ids came from the row of id_range, which then exists.
 */
static void ids_connect(Ctx *c, const char *table) {
    Db *db = c->db;
    if (!db->side) db->side = db_open(&db->config);
    if (!db_ping(db->side)) fail(c, DOWN, "no database for ids of %s", table);
    if (mysql_query(db->side->my, "set session transaction isolation level read committed"))
        fail(c, RETRY, "ids of %s: %s", table, mysql_error(db->side->my));
}

/* The end of a fresh block of ids. */
static int64_t ids_reserve(Ctx *c, const char *schema, const char *table, int64_t block) {
    ids_connect(c, table);
    MYSQL *my = c->db->side->my;
    const char *sql = text(c, "insert into `%s`.id_range (name, next_id) "
                              "select '%s', coalesce(max(id), 0) + 1 + %lld from `%s`.`%s` "
                              "on duplicate key update next_id = next_id + %lld returning next_id", schema, table,
                           (long long)block, schema, table, (long long)block);
    if (mysql_query(my, sql)) fail(c, RETRY, "ids of %s: %s", table, mysql_error(my));
    MYSQL_RES *rows = mysql_store_result(my);
    MYSQL_ROW row = rows ? mysql_fetch_row(rows) : NULL;
    int64_t end = row && row[0] ? strtoll(row[0], NULL, 10) : 0;
    mysql_free_result(rows);
    if (end <= 0) fail(c, BROKEN, "ids of %s: no range", table);
    return end;
}

Id db_ids(Ctx *c, const char *table, int64_t n) {
    Db *db = c->db;
    const char *schema = c->schema ? c->schema : db->config.platform;
    char name[sizeof db->ids->name];
    snprintf(name, sizeof name, "%s.%s", schema, table);
    int k = 0;
    while (k < db->ids_n && strcmp(db->ids[k].name, name)) k++;
    if (k == 32) db->ids_n = k = 0;
    if (k == db->ids_n) {
        db->ids_n++;
        snprintf(db->ids[k].name, sizeof db->ids[k].name, "%s", name);
        db->ids[k].next = db->ids[k].end = 0;
    }
    if (db->ids[k].end - db->ids[k].next < n) {
        int64_t block = n > 1000 ? n : 1000;
        db->ids[k].end = ids_reserve(c, schema, table, block);
        db->ids[k].next = db->ids[k].end - block;
    }
    Id first = { db->ids[k].next };
    db->ids[k].next += n;
    return first;
}

/* --- transactions ------------------------------------------------------------------------------------------------- */

bool db_in_tx(const Ctx *c) { return c->db && c->db->in_tx; }
bool db_is_writing(const Ctx *c) { return db_in_tx(c) && !c->db->reads_only; }
int64_t db_tx_number(const Ctx *c) { return db_in_tx(c) ? c->db->tx_number : 0; }

void db_after_commit(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    Db *db = c->db;
    if (!db->in_tx) {
        work(c, arg);
        return;
    }
    for (int i = 0; i < db->after_n; i++)
        if (db->after[i].work == work && db->after[i].arg == arg) return;
    if (db->after_n < AFTER_MAX) {
        db->after[db->after_n].work = work;
        db->after[db->after_n++].arg = arg;
    }
}

typedef struct Tx { DbTx kind; void (*work)(Ctx *, void *); void *arg; bool unknown; } Tx;

/* Nothing is done yet: a connection that was closed while idle is made anew. */
static void tx_begin(Ctx *c, DbTx kind) {
    Db *db = c->db;
    need_connection(c);
    db->reads_only = kind == DB_READ;
    if (db->is_chained && kind == DB_READ) return;
    if (kind == DB_QUEUE) unchain(c);       /* its level is that of the next transaction */
    db->is_chained = false;                 /* else what follows ends the one that stands open */
    bool stale = (kind == DB_QUEUE && mysql_query(db->my, "set transaction isolation level read committed"))
              || mysql_query(db->my, kind == DB_READ ? "start transaction read only" : "start transaction");
    db->trips++;
    if (!stale) return;
    if (!lost_connection(mysql_errno(db->my))) raise_error(c, mysql_errno(db->my), mysql_error(db->my), NULL);
    disconnect(db);
    fail(c, RETRY, "the connection was closed while idle");
}

static void tx_run(Ctx *c, void *arg) {
    Tx *tx = arg;
    Db *db = c->db;
    tx->unknown = false;
    tx_begin(c, tx->kind);
    db->in_tx = true;
    db->tx_number++;
    db->wrote = db->touched = false;
    db->after_n = 0;
    tx->work(c, tx->arg);
    if (db->touched) watched_changed(c);
    db->trips++;
    bool chains = db->chains && db->reads_only;
    if (mysql_query(db->my, chains ? "commit and chain" : "commit")) {
        unsigned error = mysql_errno(db->my);
        if (!lost_connection(error)) raise_error(c, error, mysql_error(db->my), NULL);
        db->lost = true;
        tx->unknown = db->wrote;
        fail(c, RETRY, "connection lost at commit: %u %s", error, mysql_error(db->my));
    }
    db->in_tx = db->has_looked = false;
    db->is_chained = chains;
}

static void tx_abandon(Db *db) {
    if (!db->in_tx) return;
    if (db->lost || !db->my || mysql_query(db->my, "rollback")) disconnect(db);
    db->in_tx = db->wrote = db->is_chained = false;
    db->after_n = 0;
}

/* Another try could wait for a lock until after the answer must be out. */
static bool too_late(const Ctx *c) {
    return c->answer_by_us && time_ticking_us() + LOCK_WAIT_S * SECOND_US > c->answer_by_us;
}

static void wait_a_little(int round) {
    long ms = (5L << round) + rand() % (5L << round);
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

void db_tx(Ctx *c, DbTx kind, void (*work)(Ctx *, void *), void *arg, bool (*known)(Ctx *, void *)) {
    Tx tx = { kind, work, arg, false };
    Db *db = c->db;
    assert(!db || !db->in_tx);
    for (int round = 1;; round++) {
        if (attempt(c, tx_run, &tx)) break;
        if (db) tx_abandon(db);
        if (tx.unknown) {
            if (!known) {
                c->failure.status = UNKNOWN;
                fail_again(c);
            }
            if (known(c, arg)) return;
        } else if (c->failure.status != RETRY) {
            fail_again(c);
        }
        if (round == TX_TRIES || too_late(c)) {
            c->failure.status = DOWN;
            c->failure.retry_after_s = 2;
            c->failure.is_held_up = !tx.unknown && db && !db->lost && db->my;
            fail_again(c);
        }
        wait_a_little(round);
    }
    for (int i = 0; i < db->after_n; i++) db->after[i].work(c, db->after[i].arg);
    db->after_n = 0;
}

typedef struct Inner { void (*work)(Ctx *, void *); void *arg; } Inner;

bool db_savepoint(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    static unsigned number;
    char sql[60];
    unsigned my = ++number;
    snprintf(sql, sizeof sql, "savepoint s%u", my);
    query(c, sql);
    if (attempt(c, work, arg)) {
        snprintf(sql, sizeof sql, "release savepoint s%u", my);
        query(c, sql);
        return true;
    }
    Status s = c->failure.status;
    if (s == RETRY || s == UNKNOWN || s == DOWN) fail_again(c);
    Failure kept = c->failure;
    snprintf(sql, sizeof sql, "rollback to savepoint s%u", my);
    query(c, sql);
    c->failure = kept;
    return false;
}

void db_trial(Ctx *c, void (*work)(Ctx *, void *), void *arg) {
    static unsigned number;
    bool touched = c->db->touched;
    char sql[60];
    unsigned my = ++number;
    snprintf(sql, sizeof sql, "savepoint t%u", my);
    query(c, sql);
    bool passed = attempt(c, work, arg);
    Status s = c->failure.status;
    if (!passed && (s == RETRY || s == UNKNOWN || s == DOWN)) fail_again(c);
    Failure kept = c->failure;
    snprintf(sql, sizeof sql, "rollback to savepoint t%u", my);
    query(c, sql);
    c->db->touched = touched;
    c->failure = kept;
    if (!passed) fail_again(c);
}

/* --- columns for pages, and the linter ---------------------------------------------------------------------------- */

static bool ends(const char *s, const char *tail) {
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && !strcmp(s + n - m, tail);
}

/* What a column holds, by its type and by its name's last word (specification: "Numbers in the database"). */
static Kind column_kind(const MYSQL_FIELD *f) {
    switch (f->type) {
    case MYSQL_TYPE_DATE: case MYSQL_TYPE_NEWDATE: return KIND_DATE;
    case MYSQL_TYPE_DATETIME: case MYSQL_TYPE_TIMESTAMP: return KIND_TIME;
    case MYSQL_TYPE_TINY: case MYSQL_TYPE_SHORT: case MYSQL_TYPE_LONG: case MYSQL_TYPE_LONGLONG: case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_DECIMAL: case MYSQL_TYPE_NEWDECIMAL:
        if (ends(f->name, "_minor")) return KIND_MONEY;
        if (ends(f->name, "_qty_micro") || ends(f->name, "_e6")) return KIND_QUANTITY;
        if (ends(f->name, "_micro")) return KIND_PRICE;
        if (ends(f->name, "_e3")) return KIND_READING;
        if (f->type == MYSQL_TYPE_DECIMAL || f->type == MYSQL_TYPE_NEWDECIMAL)
            return f->decimals ? KIND_TEXT : KIND_INT64;
        return KIND_INT64;
    case MYSQL_TYPE_TINY_BLOB: case MYSQL_TYPE_BLOB: case MYSQL_TYPE_MEDIUM_BLOB: case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_STRING: case MYSQL_TYPE_VAR_STRING:
        return f->charsetnr == 63 ? KIND_BYTES : KIND_TEXT;
    default:
        return KIND_TEXT;
    }
}

typedef struct Each { void (*row)(void *, const DbColumn *, int); void *arg; bool is_cached, streams; } Each;

static int64_t columns_run(Ctx *c, const char *sql, const Bind *binds, int n, const Each *each) {
    DbSite here = { .sql = sql, .file = __FILE__, .line = __LINE__ };
    Reader r = { .stmt = prepared(c, NULL, sql, each->is_cached), .site = &here };
    execute(c, r.stmt, &here, binds, n);
    r.n = (int)mysql_stmt_field_count(r.stmt);
    if (r.n > COLUMNS_MAX) fail(c, BROKEN, "%d columns: %s", r.n, sql);
    MYSQL_RES *meta = mysql_stmt_result_metadata(r.stmt);
    r.bind = take_n(c, MYSQL_BIND, (size_t)r.n);
    r.cell = take_n(c, Cell, (size_t)r.n);
    r.kind = take_n(c, Kind, (size_t)r.n);
    DbColumn *column = take_n(c, DbColumn, (size_t)r.n);
    for (int i = 0; i < r.n; i++) {
        const MYSQL_FIELD *f = mysql_fetch_field_direct(meta, (unsigned)i);
        r.kind[i] = column_kind(f);
        column[i] = (DbColumn){ .name = text_copy(c, f->name), .kind = r.kind[i] };
    }
    mysql_free_result(meta);
    reader_bind(c, &r);
    if (!each->streams && mysql_stmt_store_result(r.stmt)) raise_statement(c, r.stmt, &here);
    int64_t rows = 0;
    for (;; rows++) {
        ArenaMark m = mark(c);
        int got = mysql_stmt_fetch(r.stmt);
        if (got == MYSQL_NO_DATA) break;
        if (got != 0 && got != MYSQL_DATA_TRUNCATED) raise_statement(c, r.stmt, &here);
        for (int i = 0; i < r.n; i++) {
            Cell *cell = &r.cell[i];
            column[i].is_null = cell->null;
            column[i].text = NULL;
            if (cell->null) continue;
            if (r.kind[i] == KIND_DATE) column[i].n = date_of_time(&cell->at).day;
            else if (r.kind[i] == KIND_TIME) column[i].n = time_of_mysql(&cell->at).us;
            else if (is_number(r.kind[i])) column[i].n = cell->n;
            else column[i].text = cell_text(c, &r, i, &column[i].size);
        }
        each->row(each->arg, column, r.n);
        if (each->streams) rewind_to(c, m);
    }
    mysql_stmt_free_result(r.stmt);
    return rows;
}

int64_t db_columns(Ctx *c, const char *sql, const Bind *binds, int n, void (*each)(void *, const DbColumn *, int),
                   void *arg, bool cached) {
    return columns_run(c, sql, binds, n, &(Each){ each, arg, cached, false });
}

int64_t db_stream(Ctx *c, const char *sql, const Bind *binds, int n, void (*each)(void *, const DbColumn *, int),
                  void *arg) {
    return columns_run(c, sql, binds, n, &(Each){ each, arg, false, true });
}

int64_t db_run_built(Ctx *c, const char *sql, const Bind *binds, int n) {
    DbSite here = { .sql = sql, .file = __FILE__, .line = __LINE__ };
    MYSQL_STMT *stmt = prepared(c, NULL, sql, true);
    execute(c, stmt, &here, binds, n);
    int64_t rows = (int64_t)mysql_stmt_affected_rows(stmt);
    note_written(c, c->db->next_is_watched);
    return rows;
}

Id db_insert_built(Ctx *c, const char *sql, const Bind *binds, int n) {
    DbSite here = { .sql = sql, .file = __FILE__, .line = __LINE__ };
    return db_insert_with(c, prepared(c, NULL, sql, true), &here, binds, n);
}

static bool kinds_agree(Kind declared, Kind found) {
    if (declared == KIND_TEXT || declared == KIND_BYTES) return found == KIND_TEXT || found == KIND_BYTES;
    if (declared == KIND_DATE || declared == KIND_TIME) return found == declared;
    if (declared == KIND_MONEY || declared == KIND_QUANTITY || declared == KIND_PRICE || declared == KIND_READING)
        return found == declared || found == KIND_INT64;
    return found != KIND_TEXT && found != KIND_BYTES && found != KIND_DATE && found != KIND_TIME;
}

const char *db_prepare_check(Ctx *c, const DbSite *site) {
    Db *db = c->db;
    need_connection(c);
    follow_schema(c);
    MYSQL_STMT *stmt = mysql_stmt_init(db->my);
    if (!stmt) abort();
    const char *complaint = NULL;
    if (mysql_stmt_prepare(stmt, site->sql, strlen(site->sql))) complaint = text_copy(c, mysql_stmt_error(stmt));
    else if (site->params >= 0 && (unsigned long)site->params != mysql_stmt_param_count(stmt))
        complaint = text(c, "%d parameters given, %lu wanted", site->params, mysql_stmt_param_count(stmt));
    else if (site->shape) {
        unsigned n = mysql_stmt_field_count(stmt);
        MYSQL_RES *meta = mysql_stmt_result_metadata(stmt);
        if (n != site->shape->fields) complaint = text(c, "%u columns for %zu fields of %s", n, site->shape->fields,
                                                       site->shape->type);
        for (unsigned i = 0; !complaint && meta && i < n; i++) {
            const MYSQL_FIELD *f = mysql_fetch_field_direct(meta, i);
            const RowField *want = &site->shape->field[i];
            if (strcmp(f->name, want->name)) complaint = text(c, "column %u is %s where %s.%s is read", i + 1, f->name,
                site->shape->type, want->name);
            else if (!kinds_agree(want->kind, column_kind(f)))
                complaint = text(c, "column %s has another kind than %s.%s", f->name, site->shape->type, want->name);
        }
        if (meta) mysql_free_result(meta);
    }
    mysql_stmt_close(stmt);
    return complaint;
}
