/*
 * The checklist of the guided set-up on paper (ONB-GUIDED): every step with its state, its checks, its values and who
 * signed it; as a page to print and as PDF, from the same facts.
 */
#include <string.h>

#include "app/billing/billing.h"
#include "app/setup/guide.h"
#include "app/setup/guide_sign.h"
#include "app/setup/pages.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/sheet.h"
#include "lib/utf8.h"

/* --- values as words ---------------------------------------------------------------------------------------------- */

enum { ITEMS_SHOWN = 12, VALUES_MAX = 800 };

static void say(Req *r, Text *t, Json j, int depth);

static void say_name(Text *t, const char *name) {
    for (; *name; name++) text_add_n(t, *name == '_' ? " " : name, 1);
    text_add(t, ": ");
}

static void say_object(Req *r, Text *t, Json j, int depth) {
    JsonMember *m = json_members(&r->c.mem, j);
    size_t said = 0;
    for (size_t i = 0; i < json_size(j); i++) {
        if (json_kind(m[i].value) == JSON_KIND_NULL) continue;
        if (said++) text_add(t, depth ? ", " : "; ");
        if (!depth || strcmp(m[i].name, "code")) say_name(t, m[i].name);
        say(r, t, m[i].value, depth + 1);
    }
}

static void say_list(Req *r, Text *t, Json j, int depth) {
    size_t n = json_size(j), most = n < ITEMS_SHOWN ? n : ITEMS_SHOWN;
    for (size_t i = 0; i < most; i++) {
        Json item = json_item(j, i);
        bool whole = json_kind(item) == JSON_KIND_OBJECT;
        text_add(t, i ? ", " : "");
        if (whole) text_add(t, "(");
        say(r, t, item, depth + 1);
        if (whole) text_add(t, ")");
    }
    if (n > most) text_add(t, ", ");
    if (n > most)
        text_add(t, msg_format(r, r->c.language, "setup.checklist.more",
                               { "n", locale_count(&r->c.mem, r->c.locale, (int64_t)(n - most)) }));
}

static void say(Req *r, Text *t, Json j, int depth) {
    const char *text_ = json_text(j, ""), *number = json_number(&r->c.mem, j, "");
    bool yes = false;
    if (json_kind(j) == JSON_KIND_OBJECT) say_object(r, t, j, depth);
    else if (json_kind(j) == JSON_KIND_LIST) say_list(r, t, j, depth);
    else if (json_bool(j, "", &yes)) text_add(t, word(r, yes ? "ui.yes" : "ui.no"));
    else if (text_ || number) text_add(t, text_ ? text_ : number);
}

static const char *values_words(Req *r, const StepDef *d) {
    const char *json = setup_values(&r->c, d->key);
    if (!json) return NULL;
    Text t = text_start(r);
    text_add(&t, "");
    say(r, &t, json_read(&r->c.mem, json, strlen(json), JSON_SIZE_MAX, NULL), 0);
    return t.n > VALUES_MAX ? text(r, "%s \xE2\x80\xA6", utf8_cut(&r->c.mem, t.s, VALUES_MAX)) : t.s;
}

/* --- checks and signatures ---------------------------------------------------------------------------------------- */

typedef struct Checks { Req *r; const char *at; size_t n; Text passed, open; } Checks;

static void add_word(Text *t, const char *s) {
    if (t->n) text_add(t, "; ");
    text_add(t, s);
}

static void take_check(void *arg, const SetupCheckRow *row, const SetupCheck *k) {
    Checks *all = arg;
    Req *r = all->r;
    add_word(k->passed ? &all->passed : &all->open, k->passed ? word(r, row->label) : k->text);
    if (!all->at) return;
    const char *to = at(r, all->at, all->n++, NULL);
    show_text(r, text(r, "%s.text", to), k->passed ? word(r, row->label) : k->text);
    show_text(r, text(r, "%s.tone", to), k->passed ? "ok" : row->optional ? "off" : "bad");
    show_text(r, text(r, "%s.word", to), word(r, k->passed ? "setup.guide.passed" : "setup.guide.failed"));
}

static void take_declared(void *arg, const char *words, bool confirmed) {
    Checks *all = arg;
    Req *r = all->r;
    add_word(confirmed ? &all->passed : &all->open, words);
    if (!all->at) return;
    const char *to = at(r, all->at, all->n++, NULL);
    show_text(r, text(r, "%s.text", to), words);
    show_text(r, text(r, "%s.tone", to), confirmed ? "ok" : "off");
    show_text(r, text(r, "%s.word", to), word(r, confirmed ? "setup.guide.confirmed" : "setup.guide.failed"));
}

static Checks checks_of(Req *r, const StepNow *s, const char *at_) {
    Checks all = { r, at_, 0, text_start(r), text_start(r) };
    step_checks(&r->c, s->def->key, take_check, &all);
    guide_declare_each(&r->c, s, take_declared, &all);
    return all;
}

/* Every line that the step wants signed, one below the other on the page; the reason of a step that was left out. */
static void show_signatures(Req *r, const char *to, const StepNow *s) {
    Signings all = guide_signings(&r->c, s->def);
    bool skipped = !strcmp(s->state, "skipped");
    for (size_t i = 0; !skipped && i < all.n; i++) {
        const char *at_ = at(r, text(r, "%s.signatures", to), i, NULL);
        show_text(r, text(r, "%s.text", at_), guide_signature_words(&r->c, &all.v[i]));
        show_text(r, text(r, "%s.comment", at_), all.v[i].is_given ? all.v[i].given->comment : NULL);
    }
    if (skipped) show_text(r, text(r, "%s.comment", to), s->row->skipped_reason);
}

/* The same in one cell. */
static const char *signatures_words(Ctx *c, const StepNow *s) {
    if (!strcmp(s->state, "skipped")) return s->row->skipped_reason;
    Signings all = guide_signings(c, s->def);
    Text t = text_start(c);
    for (size_t i = 0; i < all.n; i++) {
        const char *comment = all.v[i].is_given ? all.v[i].given->comment : NULL;
        if (i) text_add(&t, "; ");
        text_add(&t, guide_signature_words(c, &all.v[i]));
        if (comment) text_addf(&t, " (%s)", comment);
    }
    return t.s;
}

/* Who came to sign sees the values of what this person signs; whoever signs for going live, all. */
static bool sees_values(Ctx *c, const StepDef *d) {
    return perm_may(c, c->utility.id ? "core.settings" : "core.organization", VIEW) || guide_is_signer(c, d)
        || guide_is_signer(c, step_def("go_live"));
}

/* --- the page and the PDF ----------------------------------------------------------------------------------------- */

void guide_checklist(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    show_text(r, "page.title", word(r, "setup.guide.checklist"));
    show_text(r, "page.sub", g->utility ? g->utility->name : NULL);
    show_text(r, "guide.pdf_url", guide_url(c, "checklist.pdf"));
    for (size_t i = 0; i < g->n; i++) {
        const StepNow *s = &g->v[i];
        const char *at_ = at(r, "rows", i, NULL);
        show_text(r, text(r, "%s.text", at_), text(r, "%zu. %s", i + 1, guide_title(c, s->def)));
        show_text(r, text(r, "%s.state", at_), state_label(r, s->state));
        show_textf(r, text(r, "%s.percent", at_), "%d %%", s->percent);
        checks_of(r, s, text(r, "%s.checks", at_));
        if (sees_values(c, s->def)) show_text(r, text(r, "%s.values", at_), values_words(r, s->def));
        show_signatures(r, at_, s);
    }
    page(r, "setup/checklist");
}

static void draw_step(Req *r, Sheet *s, size_t no, const StepNow *step) {
    Checks all = checks_of(r, step, NULL);
    const char *values = sees_values(&r->c, step->def) ? values_words(r, step->def) : NULL;
    sheet_heading(s, text(r, "%zu. %s", no, guide_title(&r->c, step->def)));
    if (all.passed.n) sheet_paragraph(s, text(r, "%s: %s", word(r, "setup.guide.passed"), all.passed.s), false);
    if (all.open.n) sheet_paragraph(s, text(r, "%s: %s", word(r, "setup.guide.failed"), all.open.s), false);
    if (values && *values) sheet_paragraph(s, values, true);
}

void guide_checklist_pdf(Req *r) {
    Ctx *c = &r->c;
    guide_enter(r);
    Guide *g = guide_read(c);
    if (!g->utility) fail(r, NOT_FOUND, "There is no such page.");
    Sheet *s = paper_sheet(c, &(PaperTitle){ .title = word(r, "setup.guide.checklist"), .no = g->utility->code,
                                             .date = locale_date(&c->mem, c->locale, utility_today(c)),
                                             .made_at = c->now }, c->language);
    double w = s->right - s->left;
    SheetColumn columns[] = { { word(r, "setup.guide.step"), w * 0.34, PDF_LEFT },
                              { word(r, "setup.guide.state"), w * 0.22, PDF_LEFT },
                              { word(r, "setup.guide.signature"), w * 0.44, PDF_LEFT } };
    sheet_table(s, columns, 3);
    for (size_t i = 0; i < g->n; i++) {
        const StepNow *one = &g->v[i];
        sheet_row(s, (SheetCell[]){ { text(c, "%zu. %s", i + 1, guide_title(c, one->def)), NULL },
                                    { state_label(r, one->state), text(c, "%d %%", one->percent) },
                                    { signatures_words(c, one), NULL } }, SHEET_PLAIN);
    }
    sheet_table_end(s);
    for (size_t i = 0; i < g->n; i++) draw_step(r, s, i + 1, &g->v[i]);
    Bytes pdf = pdf_end(s->pdf);
    answer(r, 200, "application/pdf", pdf.p, pdf.n);
}
