/*
 * The database, as calls that do not return when they fail (see lib/ctx.h).
 *
 *   Bill *b = db_one (c, Bill, "select id, bill_no from bill where id=? for update", id);     404 when none
 *   Bill *m = db_find(c, Bill, "...", no);                                                    NULL when none
 *   Bills l = db_all (c, Bill, "...", account);                                               l.n, l.v[i]; at most
 * DB_ROWS_MAX
 *   int64_t n = db_int(c, "select count(*) from bill where run_id=?", run);                   0 when NULL or none
 *   db_run (c, "update bill set state='held' where id=?", id);                                rows matched
 *   db_must(c, 1, CONFLICT, "update ...", ...);                                               exactly 1 row, or fails
 *   Id id = db_insert(c, "insert into ...", ...);                                             the new id
 *
 * Parameters bind themselves by type: Id, Money, Date, Time, Quantity, Price, Reading, text, int, int64_t, bool,
 * Bytes. NULL text, Id 0, DATE_NONE and TIME_NONE bind NULL. A double does not compile. The number of ? is checked.
 * Only literals compile, and each call site registers itself, so that `smart360 lint` prepares every statement of the
 * program against a migrated schema. Statements run in c->schema; platform tables are written with their schema.
 *
 * Failures: 1213, 1205, 1020, 1047 and a lost connection are RETRY before COMMIT; a lost connection at COMMIT is
 * UNKNOWN; no connection is DOWN; a duplicate key is CONFLICT (use db_add where it is expected); all else BROKEN.
 */
#ifndef LIB_DB_H
#define LIB_DB_H

#include "lib/ctx.h"
#include "lib/rows.h"

enum { DB_ROWS_MAX = 200000, DB_PARAMS_MAX = 64 };

typedef struct Bind { Kind kind; int64_t n; const void *p; size_t size; } Bind;    /* KIND_END = NULL of any type */

typedef enum DbSiteKind { DB_SITE_ROWS, DB_SITE_VALUE, DB_SITE_RUN, DB_SITE_SHOW } DbSiteKind;
typedef struct DbSite {
    const char     *sql;
    const RowShape *shape;          /* NULL: not read into a struct */
    const char     *file;
    int             line;
    int             params;
    DbSiteKind      kind;
} DbSite;

/* --- reading and writing ------------------------------------------------------------------------------------ */
#define DB_SITE(kind_, shape_, sql_, n_) ({                                                              \
    static const DbSite site_ = { "" sql_ "", shape_, __FILE__, __LINE__, n_, kind_ };                   \
    static const DbSite *const listed_ __attribute__((section("s360_sql"), used)) = &site_;              \
    (void)listed_;                                                                                       \
    &site_; })

#define db_one(c, T, sql, ...) \
    ((T *)db_row_ (ctx_of(c), DB_SITE(DB_SITE_ROWS, &T##_shape, sql, DB_COUNT(__VA_ARGS__)), DB_BINDS(__VA_ARGS__), \
                   true))
#define db_find(c, T, sql, ...) \
    ((T *)db_row_ (ctx_of(c), DB_SITE(DB_SITE_ROWS, &T##_shape, sql, DB_COUNT(__VA_ARGS__)), DB_BINDS(__VA_ARGS__), \
                   false))
#define db_all(c, T, sql, ...) \
    ({ RowList l_ = db_rows_(ctx_of(c), DB_SITE(DB_SITE_ROWS, &T##_shape, sql, DB_COUNT(__VA_ARGS__)), \
                             DB_BINDS(__VA_ARGS__)); (T##s){ l_.v, l_.n }; })
#define db_int(c, sql, ...)     db_int_   (ctx_of(c), DB_SITE(DB_SITE_VALUE, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                           DB_BINDS(__VA_ARGS__))
#define db_id(c, sql, ...)      ((Id){ db_int(c, sql __VA_OPT__(,) __VA_ARGS__) })
#define db_money(c, sql, ...)   ((Money){ db_int(c, sql __VA_OPT__(,) __VA_ARGS__) })
#define db_text(c, sql, ...)    db_text_  (ctx_of(c), DB_SITE(DB_SITE_VALUE, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                           DB_BINDS(__VA_ARGS__))   /* NULL when none */
#define db_run(c, sql, ...)     db_run_   (ctx_of(c), DB_SITE(DB_SITE_RUN, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                           DB_BINDS(__VA_ARGS__))
#define db_must(c, rows, status, sql, ...) \
    db_must_(ctx_of(c), (rows), (status), DB_SITE(DB_SITE_RUN, NULL, sql, DB_COUNT(__VA_ARGS__)), \
             DB_BINDS(__VA_ARGS__))
#define db_insert(c, sql, ...)  db_insert_(ctx_of(c), DB_SITE(DB_SITE_RUN, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                           DB_BINDS(__VA_ARGS__))
/* An insert that may meet its unique key: false then, and nothing is written. */
#define db_add(c, sql, ...)     db_add_   (ctx_of(c), DB_SITE(DB_SITE_RUN, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                           DB_BINDS(__VA_ARGS__))
/* The same with the new id; 0 when it was there. */
#define db_add_id(c, sql, ...)  db_add_id_(ctx_of(c), DB_SITE(DB_SITE_RUN, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                           DB_BINDS(__VA_ARGS__))

/*
 * Rows one by one without keeping them: each(c, row, arg) gets a row valid only during the call and may not run SQL
 * (the result is read from the wire); memory it takes lives on. Returns how many rows there were.
 */
#define db_each(c, T, each, arg, sql, ...) \
    db_each_(ctx_of(c), DB_SITE(DB_SITE_ROWS, &T##_shape, sql, DB_COUNT(__VA_ARGS__)), DB_BINDS(__VA_ARGS__), (each), \
             (arg))

/* --- many rows at once (array binding; 500 to 2,000 rows a call is best) -------------------------------------- */
/*
 *   DbBulk *b = db_bulk(c, "insert into bill_line(bill_id, seq, amount_minor) values(?,?,?)");
 *   for (...) db_bulk_add(b, id, seq, amount);         a row; sent by itself when 1,000 are waiting
 *   db_bulk_end(b);                                    sends the rest; returns rows inserted in all
 */
typedef struct DbBulk DbBulk;
#define db_bulk(c, sql)       db_bulk_start_(ctx_of(c), DB_SITE(DB_SITE_RUN, NULL, sql, -1))
#define db_bulk_add(b, ...)   db_bulk_add_((b), DB_BINDS(__VA_ARGS__))
int64_t db_bulk_end(DbBulk *b);
/* Rows of b refer to rows waiting in parent: those are always sent first. */
void    db_bulk_after(DbBulk *b, DbBulk *parent);
/* `n` fresh consecutive ids for bulk inserts into `table`, reserved in smart360's id_range of the schema; the first. */
Id      db_ids(Ctx *c, const char *table, int64_t n);

/* --- transactions --------------------------------------------------------------------------------------------- */
/* DB_QUEUE: writes at READ COMMITTED (claims of the job queue; figures: there `insert ... select` locks nothing it
 * reads); the others run at the server's REPEATABLE READ. */
typedef enum DbTx { DB_WRITE, DB_READ, DB_QUEUE } DbTx;
/*
 * Runs work in one transaction and commits. RETRY runs all of it again on fresh memory (at most 5 times, with jitter);
 * a failure rolls back and is raised again. At an unknown outcome of COMMIT `known(c, arg)` (may be NULL) is asked on a
 * new connection whether the work is there: true = done, false = it is run again; NULL raises UNKNOWN.
 * Transactions do not nest.
 */
void db_tx(Ctx *c, DbTx kind, void (*work)(Ctx *, void *), void *arg, bool (*known)(Ctx *, void *));
bool db_in_tx(const Ctx *c);
bool db_is_writing(const Ctx *c);               /* in a transaction that may write */
/* Grows with each transaction (and each try) of this process; 0
 * outside of one: for what is to happen once in a transaction. */
int64_t db_tx_number(const Ctx *c);
/* Runs work with a savepoint: on failure only its changes are gone; true when it passed (else c->failure). RETRY,
 * UNKNOWN and DOWN are not caught: they concern the whole transaction. */
bool db_savepoint(Ctx *c, void (*work)(Ctx *, void *), void *arg);
/* Runs work and takes back all it changed; what it took of memory stays. Fails as work does. */
void db_trial(Ctx *c, void (*work)(Ctx *, void *), void *arg);
/* Runs work(c, arg) after COMMIT of the running transaction (wake-ups),
 * once for the same work and arg; not on rollback. May not fail. */
void db_after_commit(Ctx *c, void (*work)(Ctx *, void *), void *arg);

/*
 * Tables that workers keep something of: `changed` is called once in each transaction that wrote one of them, just
 * before its COMMIT (outside of a transaction: after the statement), so that what it writes is seen with the change.
 * `tables` ends with NULL; one list for the process. A statement counts when the table is what it inserts into, updates
 * or deletes from; db_script is not looked at.
 */
void db_watch(const char *const *tables, void (*changed)(Ctx *));

/* --- connections ---------------------------------------------------------------------------------------------- */
typedef struct Db Db;
typedef struct DbConfig {
    const char *socket;
    const char *user, *password;
    const char *platform;           /* schema of the platform, "smart360" */
    int         statement_time_s;   /* 0: none (migrations, bulk commands) */
} DbConfig;

/* One connection of this process; connects when first used and again when it was lost. Never NULL. */
Db  *db_open (const DbConfig *config);
void db_close(Db *db);
/* From now on statements of c run in `schema` (must be one from smart360.tenant or the platform's). One round trip. */
void db_use  (Ctx *c, const char *schema);
/* Clears what a request may have left (open transaction, schema); cheap when there is nothing. */
void db_reset(Db *db);
bool db_ping (Db *db);
/*
 * From now on a DB_READ leaves a new one open when it is committed, in which nothing was read yet: the next one needs
 * no statement to begin, and what is asked before it (who it is) is seen as of the same moment. For web workers, who
 * call db_reset after each request: it ends one in which something was read. What writes ends it by itself.
 */
void db_chain(Db *db);
/* Outside of transactions: what is read from here on is what is committed now. */
void db_look_anew(Ctx *c);
/* Whether the connection was lost in the running transaction: nobody knows what was committed. */
bool db_is_lost(const Db *db);
int64_t db_round_trips(const Db *db);

/* Text executed as it is: migrations, administration; never with input in it. Fails BROKEN with the server's text. */
void db_script(Ctx *c, const char *sql, size_t length);

/* --- for lib/page.c, lib/list.c and the linter ------------------------------------------------------------------ */
typedef struct DbColumn { const char *name; Kind kind; bool is_null; int64_t n; const char *text; size_t size;
                          } DbColumn;
/* Runs sql and calls each(arg, columns, n) per row; texts live
 * until the next row. sql may be built by lib/list.c only. */
int64_t db_columns(Ctx *c, const char *sql, const Bind *binds, int n, void (*each)(void *, const DbColumn *, int),
                   void *arg, bool cached);
/* The same row by row as the server gives them: any number of rows takes the memory of a few. `each` may not use the
 * database, and keeps nothing of c's memory that it takes: that is given back on the way. */
int64_t db_stream (Ctx *c, const char *sql, const Bind *binds, int n, void (*each)(void *, const DbColumn *, int),
                   void *arg);
/* The same for writing: the new id; rows matched. sql is joined by lib/resource.c from a declaration's names only. */
Id      db_insert_built(Ctx *c, const char *sql, const Bind *binds, int n);
int64_t db_run_built   (Ctx *c, const char *sql, const Bind *binds, int n);
/* Prepares without executing; NULL or the server's complaint (in
 * c's memory). Column names and kinds are compared with shape. */
const char *db_prepare_check(Ctx *c, const DbSite *site);
extern const DbSite *const __start_s360_sql[], *const __stop_s360_sql[];

/* --- how parameters bind ---------------------------------------------------------------------------------------- */
static inline Bind bind_id   (Id v)       { return v.id ? (Bind){ KIND_ID, v.id, NULL, 0 } : (Bind){ 0 }; }
static inline Bind bind_money(Money v)    { return (Bind){ KIND_MONEY, v.minor, NULL, 0 }; }
static inline Bind bind_date (Date v)     { return date_is_set(v) ? (Bind){ KIND_DATE, v.day, NULL, 0 } : (Bind){ 0 }; }
static inline Bind bind_time (Time v)     { return time_is_set(v) ? (Bind){ KIND_TIME, v.us, NULL, 0 } : (Bind){ 0 }; }
static inline Bind bind_qty  (Quantity v) { return (Bind){ KIND_QUANTITY, v.micro, NULL, 0 }; }
static inline Bind bind_price(Price v)    { return (Bind){ KIND_PRICE, v.micro, NULL, 0 }; }
static inline Bind bind_read (Reading v)  { return (Bind){ KIND_READING, v.e3, NULL, 0 }; }
static inline Bind bind_int  (int64_t v)  { return (Bind){ KIND_INT64, v, NULL, 0 }; }
static inline Bind bind_bool (bool v)     { return (Bind){ KIND_BOOL, v, NULL, 0 }; }
static inline Bind bind_text (const char *v) {
    return v ? (Bind){ KIND_TEXT, 0, v, __builtin_strlen(v) }
    : (Bind){ 0 };
}
static inline Bind bind_bytes(Bytes v)    { return v.p ? (Bind){ KIND_BYTES, 0, v.p, v.n } : (Bind){ 0 }; }
static inline Bind bind_bind (Bind v)     { return v; }

#define DB_BIND(x) _Generic((x),                                                                        \
    Id: bind_id, Money: bind_money, Date: bind_date, Time: bind_time, Quantity: bind_qty, Price: bind_price, \
    Reading: bind_read, char *: bind_text, const char *: bind_text, Bytes: bind_bytes, Bind: bind_bind, \
    bool: bind_bool, char: bind_int, signed char: bind_int, unsigned char: bind_int, short: bind_int,   \
    unsigned short: bind_int, int: bind_int, unsigned: bind_int, long: bind_int, unsigned long: bind_int, \
        long long: bind_int)(x),

/* DB_EACH(DB_BIND, a, b, ...): up to DB_PARAMS_MAX arguments. */
#define DB_PARENS ()
#define DB_EXPAND(...)  DB_EXPAND3(DB_EXPAND3(DB_EXPAND3(DB_EXPAND3(__VA_ARGS__))))
#define DB_EXPAND3(...) DB_EXPAND2(DB_EXPAND2(DB_EXPAND2(DB_EXPAND2(__VA_ARGS__))))
#define DB_EXPAND2(...) DB_EXPAND1(DB_EXPAND1(DB_EXPAND1(DB_EXPAND1(__VA_ARGS__))))
#define DB_EXPAND1(...) __VA_ARGS__
#define DB_EACH(f, ...) __VA_OPT__(DB_EXPAND(DB_STEP(f, __VA_ARGS__)))
#define DB_STEP(f, a, ...) f(a) __VA_OPT__(DB_AGAIN DB_PARENS (f, __VA_ARGS__))
#define DB_AGAIN() DB_STEP
#define DB_BINDS(...) (const Bind[]){ DB_EACH(DB_BIND, __VA_ARGS__) { 0 } }, DB_COUNT(__VA_ARGS__)
#define DB_ONE_MORE(x) + 1
#define DB_COUNT(...) (0 DB_EACH(DB_ONE_MORE, __VA_ARGS__))

void    *db_row_   (Ctx *c, const DbSite *site, const Bind *binds, int n, bool must);
RowList  db_rows_  (Ctx *c, const DbSite *site, const Bind *binds, int n);
int64_t  db_each_  (Ctx *c, const DbSite *site, const Bind *binds, int n, void (*each)(Ctx *, void *, void *),
                    void *arg);
int64_t  db_int_   (Ctx *c, const DbSite *site, const Bind *binds, int n);
char    *db_text_  (Ctx *c, const DbSite *site, const Bind *binds, int n);
int64_t  db_run_   (Ctx *c, const DbSite *site, const Bind *binds, int n);
void     db_must_  (Ctx *c, int64_t rows, Status status, const DbSite *site, const Bind *binds, int n);
Id       db_insert_(Ctx *c, const DbSite *site, const Bind *binds, int n);
bool     db_add_   (Ctx *c, const DbSite *site, const Bind *binds, int n);
Id       db_add_id_(Ctx *c, const DbSite *site, const Bind *binds, int n);
DbBulk  *db_bulk_start_(Ctx *c, const DbSite *site);
void     db_bulk_add_(DbBulk *b, const Bind *binds, int n);

#endif
