/*
 * The configuration of one installation: a file of `key = value` lines, declared in one table (lib/config.c).
 *
 * Found by `smart360 --config FILE`, else the environment variable SMART360_CONFIG, else /etc/smart360/smart360.conf.
 * A key that is not declared, stands twice or has a value of the wrong kind stops the program with file and line; an
 * empty value is the default. Relative paths count from the folder of the file. Settings of tenants and utilities are
 * rows in the database, not here.
 */
#ifndef LIB_CONFIG_H
#define LIB_CONFIG_H

#include "lib/arena.h"
#include "lib/types.h"

enum { CONFIG_FILE_MAX = 64 * 1024, CONFIG_LIST_MAX = 64 };

typedef struct Config {
    const char *file;                       /* where it was read */
    /* the installation */
    const char *public_url;                 /* scheme://host[:port], without a slash at the end: links in messages */
    const char *base_domain;
    const char *default_tenant;             /* NULL: a bare host serves the platform's pages only */
    bool        sandbox;                    /* false: production */
    bool        plain_http;                 /* no TLS in front; never in production */
    bool        development;                /* templates are read again, missing texts stand out */
    const char *clock_file;                 /* sandbox only; NULL: the real clock */
    const char *hook_url;                   /* where sandbox gateways call our webhooks; NULL: public_url */
    const char *dns_server;                 /* asked for records of mail domains; NULL: the system's */
    /* the database */
    const char *db_socket, *db_user, *db_password, *db_admin_user, *db_admin_password, *db_platform;
    /* web */
    const char *web_socket, *hook_socket, *sign_socket;
    int64_t     web_workers, hook_workers, sign_workers;
    int64_t     requests_max;               /* a worker ends itself after so many */
    int64_t     memory_max_mib;             /* or above so many MiB */
    int64_t     request_seconds;            /* a worker busy longer with one request is ended */
    const char *form_action;                /* origins a form may post to besides our own; space-separated */
    const char *const *proxies;             /* addresses whose client address header is trusted; NULL at the end */
    const char *const *tls_certificates;    /* PEM files of the web server that are watched; NULL at the end */
    const char *const *metrics_allowed;     /* addresses besides loopback that may read /metrics */
    /* jobs */
    const char *jobs_socket;
    int64_t     jobs_workers;
    /* mail of the platform itself, and of tenants that have no provider of their own yet */
    const char *mail_host;                  /* NULL: none; a sandbox then keeps its mails in its outbox */
    int64_t     mail_port;
    const char *mail_security;              /* starttls, tls, none */
    const char *mail_user, *mail_password, *mail_from;
    /* files */
    const char *uploads_dir, *documents_dir, *key_file;
    const char *views_dir, *sql_dir, *assets;
    /* virus scanner of uploads: called with a file, 0 good, 1 bad; NULL: none */
    const char *scan_command;
    const char *log_file;                   /* NULL: standard error */
    const char *log_level;                  /* debug, info, warn, error */
    const char *counters_file;              /* shared counters of /metrics */
    int64_t     free_min_mib;               /* below so much free disk the program is read-only */
    /* outgoing calls */
    const char *const *outgoing_allowed;    /* may be reached although not public: "127.0.0.1:9001", "10.0.0.8" */
} Config;

/* Reads a file into `a`. NULL and *problems (one a line: file:line: what) when it may not be used. */
const Config *config_read(Arena *a, const char *file, const char **problems);

/* For main: the file named by --config; then SMART360_CONFIG and the default apply. */
void config_file(const char *file);
/* The configuration of this process, read when first asked for. Prints the problems and ends with status 2 when it
   cannot be used. */
const Config *config_use(void);

/* Every key with its default and what it is for, one a line, for `smart360 help config` and docs. */
char *config_describe(Arena *a);

#endif
