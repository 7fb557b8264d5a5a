/*
 * The list of modules: see modules.h.
 */
#include "app/modules.h"

#include "app/core/front.h"
#include "lib/web.h"

extern const Module core_module, setup_module, billing_module, cis_module, meters_module, hub_module, comms_module,
    field_module, portal_module, platform_module;

/* To add one: its extern above and its row here. */
const Module *const modules[] = {
    &core_module,
    &setup_module,
    &billing_module,
    &cis_module,
    &meters_module,
    &hub_module,
    &comms_module,
    &portal_module,
    &field_module,
    &platform_module,
    NULL
};

enum { MODULES_MAX = 20 };

void modules_start(void) {
    static const Route *tables[MODULES_MAX + 1];
    int n = 0;
    core_resource_hooks();
    web_hooks(&front_hooks);
    for (const Module *const *m = modules; *m; m++) {
        if ((*m)->routes && n < MODULES_MAX) tables[n++] = (*m)->routes;
        if ((*m)->jobs) job_handlers((*m)->jobs);
        if ((*m)->schedules) job_schedules((*m)->schedules);
        if ((*m)->events) event_handlers((*m)->events);
        if ((*m)->checks) setup_check_register((*m)->checks);
        if ((*m)->configuration) config_kinds((*m)->configuration);
        if ((*m)->works) user_work_register((*m)->works);
        if ((*m)->purges) sandbox_purge_register((*m)->purges);
        if ((*m)->tabs) page_tabs_register((*m)->tabs);
        if ((*m)->start) (*m)->start();
    }
    web_routes(tables);
}
