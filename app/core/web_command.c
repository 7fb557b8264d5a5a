/*
 * `smart360 web`: the pages and the webhooks.
 */
#include <stdio.h>
#include <string.h>
#include <sodium.h>

#include "app/command.h"
#include "app/core/front.h"
#include "app/modules.h"
#include "lib/messages.h"
#include "lib/page.h"

static Arena forever;

int program_start(void) {
    const Config *config = installation();
    if (sodium_init() < 0) {
        fprintf(stderr, "The crypto library cannot start.\n");
        return 1;
    }
    installation_keys();
    const char *wrong = messages_load(&forever, text(&forever, "%s/messages", config->views_dir));
    if (wrong) {
        fprintf(stderr, "%s\n", wrong);
        return 1;
    }
    if (common_passwords_read(COMMON_PASSWORDS) < 0)
        fprintf(stderr, "%s cannot be read (Debian: john-data): common passwords are not refused.\n", COMMON_PASSWORDS);
    front_start();
    modules_start();
    return 0;
}

static WebConfig web_config_of(const Config *c) {
    return (WebConfig){
        .db = installation_db(COMMAND_APP),
        .page_socket = c->web_socket, .hook_socket = c->hook_socket, .page_workers = (int)c->web_workers,
        .hook_workers = (int)c->hook_workers,
        .sign_socket = c->sign_socket, .sign_workers = (int)c->sign_workers,
        .requests_max = (int)c->requests_max, .memory_max = c->memory_max_mib * 1024 * 1024,
        .request_s = (int)c->request_seconds,
        .plain_http = c->plain_http, .form_action = c->form_action, .upload_folder = c->uploads_dir,
        .free_min = c->free_min_mib * 1024 * 1024,
        .views = c->views_dir, .assets = c->assets,
        .development = c->development, .counters_file = c->counters_file };
}

int web_command(int argc, char **argv) {
    if (argc > 1) return command_misuse(argv[0], "takes no arguments");
    const Config *config = installation();
    static WebConfig web;
    web = web_config_of(config);
    web_config = &web;
    int status = program_start();
    if (status) return status;
    const char *wrong = pages_load(&forever, config->views_dir);
    if (wrong) {
        fprintf(stderr, "%s\n", wrong);
        return 1;
    }
    view_notes_open(web.page_workers + web.hook_workers + web.sign_workers);
    return web_run(&web);
}
