/* lib/config: what a configuration file may say, and every refusal with its line. */
#include "lib/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"

static Arena mem;
static char  folder[] = "/tmp/smart360-config-XXXXXX", file[64];

static const Config *load(const char *content, const char **problem) {
    FILE *f = fopen(file, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(content, f);
    fclose(f);
    const Config *c = config_read(&mem, file, problem);
    if (*problem) *problem += strlen(file) + 1;
    return c;
}

#define NEEDED "public_url = https://smart360.example.com\nbase_domain = smart360.example.com\n"

static void reads(void) {
    const char *problem;
    const Config *c = load("# a comment\n\n" NEEDED
                           "  sandbox=yes\r\nweb_workers = 9\ndb_password =\nkey_file = keys/master.key\n"
                           "outgoing_allowed = 127.0.0.1:9001, 10.0.0.8\ndefault_tenant = swa", &problem);
    SAME_TEXT(problem, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    SAME_TEXT(c->public_url, "https://smart360.example.com");
    CU_ASSERT(c->sandbox && !c->plain_http);
    SAME_INT(c->web_workers, 9);
    SAME_INT(c->hook_workers, 2);
    SAME_TEXT(c->db_password, NULL);
    SAME_TEXT(c->db_user, "smart360");
    SAME_TEXT(c->key_file, text(&mem, "%s/keys/master.key", folder));
    SAME_TEXT(c->uploads_dir, "/var/lib/smart360/uploads");
    SAME_TEXT(c->outgoing_allowed[0], "127.0.0.1:9001");
    SAME_TEXT(c->outgoing_allowed[1], "10.0.0.8");
    SAME_TEXT(c->outgoing_allowed[2], NULL);
    SAME_TEXT(c->proxies[0], NULL);
    SAME_TEXT(c->default_tenant, "swa");
    SAME_TEXT(c->clock_file, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(config_describe(&mem),
                                  "web_workers        processes for pages (number, default 4)\n"));
}

static void refuses(void) {
    static const struct { const char *content, *problem; } cases[] = {
        { NEEDED "colour = red\n", "3: there is no key colour\n" },
        { NEEDED "web_workers\n", "3: expected: key = value\n" },
        { NEEDED "web_workers = 4\nweb_workers = 5\n", "4: web_workers stands already in line 3\n" },
        { NEEDED "web_workers = 0\n", "3: web_workers is a number from 1 to 200\n" },
        { NEEDED "web_workers = 4.5\n", "3: web_workers is a number from 1 to 200\n" },
        { NEEDED "web_workers = 1e2\n", "3: web_workers is a number from 1 to 200\n" },
        { NEEDED "db_user = a\tb\n", "3: db_user has a control character\n" },
        { NEEDED "sandbox = true\n", "3: sandbox is yes or no\n" },
        { NEEDED "log_level = loud\n", "3: log_level is debug, info, warn or error\n" },
        { NEEDED "plain_http = yes\n", "0: plain_http needs sandbox = yes: a production installation has TLS\n" },
        { NEEDED "clock_file = x\n", "0: clock_file needs sandbox = yes: a production clock is the real one\n" },
        { "base_domain = x\n", "0: public_url must be given\n" },
        { "base_domain = x\npublic_url =\n", "0: public_url must be given\n" },
        { "base_domain = x\npublic_url = http://x\nsandbox = yes\n",
          "0: public_url begins with https:// unless plain_http = yes\n" },
        { "base_domain = x\npublic_url = https://x/\n",
          "2: public_url is like https://smart360.example.com, without a slash at the end\n" },
        { "base_domain = x\npublic_url = https://x:0\n",
          "2: public_url is like https://smart360.example.com, without a slash at the end\n" },
        { "base_domain = X\npublic_url = https://x\n", "1: base_domain is a host name in lower case\n" },
        { "base_domain = a..b\npublic_url = https://x\n", "1: base_domain is a host name in lower case\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem;
        const Config *c = load(cases[i].content, &problem);
        CU_ASSERT_PTR_NULL(c);
        SAME_TEXT(problem, cases[i].problem);
    }
    const char *problem;
    CU_ASSERT_PTR_NULL(config_read(&mem, "/nowhere.conf", &problem));
    SAME_TEXT(problem, "/nowhere.conf:0: cannot be read: No such file or directory\n");
}

static void keeps_passwords_close(void) {
    const char *problem;
    load(NEEDED "db_password = x\n", &problem);
    chmod(file, 0644);
    CU_ASSERT_PTR_NULL(config_read(&mem, file, &problem));
    chmod(file, 0640);
    CU_ASSERT_PTR_NOT_NULL(config_read(&mem, file, &problem));
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    snprintf(file, sizeof file, "%s/smart360.conf", folder);
    int status = suite_run("config", (SuiteTest[]){
        { "reads", reads }, { "refuses", refuses }, { "keeps passwords close", keeps_passwords_close }, { 0 } });
    unlink(file);
    rmdir(folder);
    arena_end(&mem);
    return status;
}
