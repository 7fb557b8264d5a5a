/*
 * Cuts the database connection at the nth call of a process group (assurance S33): loaded before the program by
 * tests/faults/S33.spec.js. The file named by SMART360_CUT holds two 64-bit numbers: calls until the cut (0: none), and
 * whether the call is lost before it is sent (0) or its answer afterwards (1).
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <mysql.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct { int64_t left, after; } *cut;

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("SMART360_CUT");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *cut, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) cut = at;
    if (fd >= 0) close(fd);
}

static int is_now(void) {
    return cut && __atomic_load_n(&cut->left, __ATOMIC_SEQ_CST) > 0 && __atomic_sub_fetch(&cut->left, 1,
        __ATOMIC_SEQ_CST) == 0;
}

static void end(MYSQL *m) { shutdown(mysql_get_socket(m), SHUT_RDWR); }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int query(MYSQL *m, const char *sql, unsigned long n) {
    if (is_now()) {
        if (!cut->after) end(m);
        else if (!mysql_send_query(m, sql, n)) {
            usleep(30000);                  /* the server has done it; its answer is lost */
            end(m);
            return mysql_read_query_result(m);
        }
    }
    return REAL(mysql_real_query)(m, sql, n);
}

int STDCALL mysql_real_query(MYSQL *m, const char *sql, unsigned long n) { return query(m, sql, n); }
int STDCALL mysql_query(MYSQL *m, const char *sql) { return query(m, sql, strlen(sql)); }

int STDCALL mysql_stmt_execute(MYSQL_STMT *s) {
    if (is_now()) end(s->mysql);
    return REAL(mysql_stmt_execute)(s);
}

int STDCALL mysql_stmt_prepare(MYSQL_STMT *s, const char *sql, unsigned long n) {
    if (is_now()) end(s->mysql);
    return REAL(mysql_stmt_prepare)(s, sql, n);
}
