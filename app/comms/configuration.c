/*
 * What of communication is configuration (app/core/configuration.h): templates of messages with their categories.
 * Versions arrive as drafts: what is sent here is decided here.
 */
#include "app/core/configuration.h"

#include <string.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/messages.h"

/* A version that was ever sent, or waits for somebody, stays as it is: it is only followed by another one. */
static const char *version_refusal(Ctx *c, const ConfigRow *was, const ConfigRow *is) {
    const char *key = (is ? is : was)->key;
    const char *state = db_text(c, "select v.state from template_version v join template t on t.id = v.template_id "
                                   "where t.utility_id = ? "
                                   "and concat(t.`key`, '|', v.no, '|', v.lang, '|', v.channel) = ?", c->utility, key);
    if (!state || !strcmp(state, "draft")) return NULL;
    return msg_format(c, c->language, "promotion.version_fixed", { "version", key },
                      { "state", msg(c->language, text(c, "state.%s", state)) });
}

extern const ConfigKind comms_configuration[];
const ConfigKind comms_configuration[] = {
    { "template_category", "template_category", "name" },
    { "template", "template", "key", .refs = "category_id>template_category", .without = "active_version_id owner_id" },
    { "template_version", "template_version", "template_id no lang channel", .refs = "template_id>template",
      .without = "state approved_by approved_at effective_at", .where = "state not in ('rejected', 'retired')",
      .refusal = version_refusal },
    { 0 }
};
