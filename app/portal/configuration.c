/*
 * What of the portal is configuration (app/core/configuration.h): its settings, but for the host that belongs to the
 * installation.
 */
#include "app/core/configuration.h"

extern const ConfigKind portal_configuration[];
const ConfigKind portal_configuration[] = {
    { "portal_setting", "portal_setting", "key", .where = "`key` <> 'portal_host'" },
    { 0 }
};
