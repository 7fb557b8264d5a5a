/*
 * The drill: a backup while the database serves, one tenant brought back beside the living one, everything brought back
 * into an empty database (faults F27, F28). Rows are compared column by column; secrets open; seals and invariants
 * hold.
 */
#include <sys/stat.h>

#include "app/core/backup.h"
#include "app/core/seal.h"
#include "app/core/verify.h"
#include "lib/crypt.h"
#include "tests/database.h"

static char folder[300];

/* --- what is compared --------------------------------------------------------------------------------------------- */

typedef struct Sum { char table[80]; int64_t sum; } Sum;
typedef struct Sums { Sum v[400]; size_t n; } Sums;
static Sums living, copied;

#define TABLE_NAME(F, T) F(T, const char *, table_name)
ROW(TableName, TABLE_NAME)

static void keep_sum(void *arg, const DbColumn *column, int n) {
    if (n == 1) *(int64_t *)arg = column[0].n;
}

/* Every column of every row (CHECKSUM TABLE is not the same twice where there are NULLs). */
static const char *sum_sql(Ctx *c, const char *table) {
    const char *columns = db_text(c, "select group_concat(concat('ifnull(hex(`', column_name, '`), ''-'')') "
                                     "order by ordinal_position) from information_schema.columns "
                                     "where table_schema=? and table_name=?", c->schema, table);
    return text(c, "select count(*) * 4294967296 + coalesce(bit_xor(crc32(concat_ws('|', %s))), 0) from `%s`.`%s`",
                columns, c->schema, table);
}

static void sums_of(Ctx *c, void *arg) {
    Sums *s = arg;
    *s = (Sums){ 0 };
    db_run(c, "set session group_concat_max_len=100000");
    TableNames l = db_all(c, TableName, "select table_name from information_schema.tables where table_schema=? "
                                        "and table_type='BASE TABLE' order by table_name", c->schema);
    for (size_t i = 0; i < l.n; i++) {
        Sum *one = &s->v[s->n++];
        snprintf(one->table, sizeof one->table, "%s", l.v[i].table_name);
        db_columns(c, sum_sql(c, one->table), NULL, 0, keep_sum, &one->sum, false);
    }
}

/* something of every kind: a secret, a document, sealed audit, a session */
static void prepare(Ctx *c, void *arg) {
    (void)arg;
    setting_set(c, "backup.word", "grün '\"\\ \n;-- Current Database: `smart360`");
    db_run(c, "insert into setting (utility_id, `key`, value) values (?,'backup.secret',?)", c->utility,
           vault_seal(c, "test.secret", "canary"));
    document_store(c, &(NewDocument){ .file_name = "a.pdf", .data = "%PDF-1.4\n%%EOF\n", .size = 15 });
    db_run(c, "insert into session (realm, token_hash, subject_id, created_at, last_seen_at, expires_at, auth_at) "
              "values ('staff', repeat('h', 32), 1, ?, ?, ?, ?)", c->now, c->now, c->now, c->now);
    while (seal_chains(c, -1)) {}
}

static void backup(Ctx *c, void *arg) { (void)arg; backup_make(c, folder, NULL, false); }
static void restore_copy(Ctx *c, void *as) { backup_restore(c, folder, "swa", as); }
static void restore_all(Ctx *c, void *arg) { (void)arg; backup_restore(c, folder, NULL, NULL); }

/* As a command does: the administrator, in the platform's schema. */
static bool as_command(void (*work)(Ctx *, void *), void *arg, Status *status) {
    Ctx *c = command_ctx(COMMAND_ADMIN);
    c->now = clock_now();
    bool passed = attempt(c, work, arg);
    if (!passed && !status) fprintf(stderr, "\n%s (%s:%d)\n", c->failure.text, c->failure.file, c->failure.line);
    if (status) *status = c->failure.status;
    arena_reset(&c->mem);                       /* hooks: the migration's lease is given back */
    return passed;
}

/* --- the drill ---------------------------------------------------------------------------------------------------- */

static void makes(void) {
    Ctx *c = test_ctx();
    Status status;
    CU_ASSERT_TRUE(in_tx(c, prepare, NULL));
    PASSES(c, sums_of, &living);
    CU_ASSERT_TRUE(living.n > 150);
    snprintf(folder, sizeof folder, "%s/backup-drill", installation()->documents_dir);
    CU_ASSERT_TRUE(as_command(backup, NULL, NULL));
    CU_ASSERT_FALSE(as_command(backup, NULL, &status));         /* not over another one */
    SAME_INT(status, CONFLICT);
}

static void enter_copy(Ctx *c, void *slug) { tenant_enter(c, tenant_by_slug(c, slug)); }

static bool differs(const char *table) {
    /* a copy's sessions are ended, its files lie elsewhere */
    return !strcmp(table, "session") || !strcmp(table, "document");
}

static void check_copy(Ctx *c, void *arg) {
    const char *slug = arg;
    SAME_TEXT(vault_open(c, "test.secret",
                         bytes_of(db_text(c, "select value from setting where `key`='backup.secret'"))), "canary");
    size_t n;
    SAME_TEXT(document_read(c, (Id){ db_int(c, "select max(id) from document") }, 100, &n), "%PDF-1.4\n%%EOF\n");
    for (int no = 1; no <= INVARIANTS; no++) {
        Breach b = invariant_check(c, no);
        if (b.n) fprintf(stderr, "\n%s I%d %s\n", slug, no, b.first);
        SAME_INT(b.n, 0);
    }
}

static void same_rows(bool is_copy) {
    SAME_INT(copied.n, living.n);
    for (size_t i = 0; i < living.n && i < copied.n; i++) {
        SAME_TEXT(copied.v[i].table, living.v[i].table);
        if (is_copy && differs(living.v[i].table)) continue;
        if (copied.v[i].sum != living.v[i].sum) fprintf(stderr, "\n%s differs\n", living.v[i].table);
        SAME_INT(copied.v[i].sum, living.v[i].sum);
    }
}

static void beside(void) {
    Status status;
    CU_ASSERT_FALSE(as_command(restore_copy, (void *)(uintptr_t)"swa", &status));       /* it lives */
    SAME_INT(status, CONFLICT);
    CU_ASSERT_TRUE(as_command(restore_copy, (void *)(uintptr_t)"swa-copy", NULL));
    Ctx *c = test_ctx();
    PASSES(c, enter_copy, (void *)(uintptr_t)"swa-copy");
    PASSES(c, sums_of, &copied);
    same_rows(true);
    PASSES(c, check_copy, (void *)(uintptr_t)"swa-copy");
    c = test_ctx();
    PASSES(c, sums_of, &copied);
    same_rows(false);                                           /* the living one was not touched */
}

static void copy_is_quiet(Ctx *c, void *arg) {
    (void)arg;
    SAME_INT(db_int(c, "select count(*) from session where ended_at is null"), 0);
    SAME_TEXT(db_text(c, "select status from smart360.tenant where slug='swa-copy'"), "suspended");
    SAME_INT(db_int(c, "select count(*) from smart360.webhook_route w "
                       "join smart360.tenant t on t.id=w.tenant_id where t.slug='swa-copy'"), 0);
}

static void quiet(void) {
    Ctx *c = test_ctx();
    PASSES(c, enter_copy, (void *)(uintptr_t)"swa-copy");
    PASSES(c, copy_is_quiet, NULL);
}

static void drop_all(Ctx *c, void *arg) {
    (void)arg;
    static const char *const sql[] = { "drop database `smart360_t_swa-copy`", "drop database smart360_t_swa",
                                       "drop database smart360" };
    for (int i = 0; i < 3; i++) db_script(c, sql[i], strlen(sql[i]));
}

static void empty_database(void) {
    CU_ASSERT_TRUE(as_command(drop_all, NULL, NULL));
    CU_ASSERT_TRUE(as_command(restore_all, NULL, NULL));
    Ctx *c = test_ctx();
    PASSES(c, sums_of, &copied);
    same_rows(false);
    PASSES(c, check_copy, (void *)(uintptr_t)"swa");
    Status status;
    CU_ASSERT_FALSE(as_command(restore_all, NULL, &status));    /* never over living tenants */
    SAME_INT(status, CONFLICT);
}

static void damaged(void) {
    char path[400];
    snprintf(path, sizeof path, "%s/swa.sql.gz", folder);
    FILE *f = fopen(path, "r+e");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fseek(f, 5000, SEEK_SET);
    fputc('x', f);
    fclose(f);
    Status status;
    CU_ASSERT_FALSE(as_command(restore_copy, (void *)(uintptr_t)"swa-third", &status));
    SAME_INT(status, INVALID);
}

int main(int argc, char **argv) {
    beside_database(argc, argv, "BASE");
    return suite_run("backup", (SuiteTest[]){ { "F27 a backup while the database serves", makes },
                                              { "F28 one tenant beside the living one", beside },
        { "a copy sends nothing", quiet }, { "F27 everything into an empty database", empty_database },
        { "a damaged backup is refused", damaged }, { 0 } });
}
