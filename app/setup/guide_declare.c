/*
 * What no program can see (spec: configuration order): whoever signs a step off ticks it, and the tick is kept with the
 * signature (ONB-GUIDED). What can be counted is a check (guide_checks.c).
 */
#include <string.h>

#include "app/setup/guide.h"
#include "lib/json.h"
#include "lib/messages.h"
#include "lib/page.h"

/* To add one: its row, its words setup.declare.<key>. */
static const struct { const char *step, *key; } declarations[] = {
    { "organization",      "legal_name" },
    { "core_settings",     "contracts_seen" },
    { "calendar",          "calendar_tried" },
    { "pricing_billing",   "bills_match" },
    { "id_formats",        "previews_agreed" },
    { "id_formats",        "old_numbers" },
    { "integrations",      "webhook_tried" },
    { "integrations",      "sms_seen" },
    { "customer_settings", "channels_tried" },
    { "customer_settings", "templates_seen" },
    { "customer_settings", "portal_tried" },
    { "billing_settings",  "bill_seen" },
    { "data_migration",    "accounts_compared" },
    { "go_live",           "settled" },
    { "go_live",           "restored" },
    { "go_live",           "support_known" },
};
enum { DECLARATIONS = sizeof declarations / sizeof *declarations };

static const char *words_of(Ctx *c, const char *key) { return msg(c->language, text(c, "setup.declare.%s", key)); }

static bool is_among(const Texts *ticked, const char *key) {
    for (size_t i = 0; i < ticked->n; i++)
        if (!strcmp(ticked->v[i], key)) return true;
    return false;
}

void guide_declare_show(Req *r, FormView *v, const char *form, const StepDef *d) {
    Texts ticked = form_again(v) ? param_all(&r->c.mem, &r->fields, "confirmed") : (Texts){ 0 };
    size_t n = 0;
    form_set(v, "confirmed", "kind", "checks");
    form_set(v, "confirmed", "optional", "");
    for (size_t i = 0; i < DECLARATIONS; i++) {
        if (strcmp(declarations[i].step, d->key)) continue;
        form_option(v, "confirmed", declarations[i].key, words_of(&r->c, declarations[i].key));
        if (is_among(&ticked, declarations[i].key))
            show_text(r, text(r, "%s.fields.confirmed.options.%zu.selected", form, n), "1");
        n++;
    }
    if (!n) form_set(v, "confirmed", "kind", "hidden");
}

void guide_declare_check(Req *r, Input *in, const StepDef *d) {
    Texts ticked = in_texts(in, "confirmed");
    for (size_t i = 0; i < DECLARATIONS; i++) {
        if (strcmp(declarations[i].step, d->key) || is_among(&ticked, declarations[i].key)) continue;
        problem(r, "confirmed", "%s", msg_format(r, r->c.language, "setup.guide.tick",
                                                 { "what", words_of(&r->c, declarations[i].key) }));
        return;
    }
}

void guide_declare_keep(Ctx *c, JsonOut *o, const StepDef *d) {
    (void)c;
    json_open_list(o, "confirmed");
    for (size_t i = 0; i < DECLARATIONS; i++)
        if (!strcmp(declarations[i].step, d->key)) json_add_text(o, NULL, declarations[i].key);
    json_close(o);
}

void guide_declare_each(Ctx *c, const StepNow *s, void (*each)(void *arg, const char *words, bool confirmed),
                        void *arg) {
    const char *kept = s->row && !strcmp(s->state, "signed_off") ? s->row->confirmed : NULL;
    Json all = json_read(&c->mem, kept ? kept : "[]", kept ? strlen(kept) : 2, JSON_SIZE_MAX, NULL);
    for (size_t i = 0; i < DECLARATIONS; i++) {
        if (strcmp(declarations[i].step, s->def->key)) continue;
        bool confirmed = false;
        for (size_t k = 0; k < json_size(all); k++) {
            const char *one = json_text(json_item(all, k), "");
            confirmed |= one && !strcmp(one, declarations[i].key);
        }
        each(arg, words_of(c, declarations[i].key), confirmed);
    }
}
