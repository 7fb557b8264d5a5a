/*
 * Wizards: see wizard.h. The statements are joined with the name of the declared table, like those of lib/resource.c.
 */
#include "lib/wizard.h"

#include <stdlib.h>
#include <string.h>

#include "lib/date.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/utf8.h"

struct Draft {
    const Wizard *w;
    Id            id;
    const char   *no;                   /* public_id */
    int64_t       version;
    Time          saved_at;
    bool          is_done;
    const char   *result;
    Params        typed[WIZARD_STEPS_MAX];
};

enum { CHECK_STEP = -1, NO_STEP = -2 };

/* --- steps -------------------------------------------------------------------------------------------------------- */

static int steps_of(const Wizard *w) {
    int n = 0;
    while (n < WIZARD_STEPS_MAX && w->steps[n].key) n++;
    return n;
}

static int step_named(const Wizard *w, const char *key) {
    if (!strcmp(key, "check")) return CHECK_STEP;
    for (int i = 0; i < steps_of(w); i++)
        if (!strcmp(w->steps[i].key, key)) return i;
    return NO_STEP;
}

static const char *step_key(const Wizard *w, int i) { return i < 0 ? "check" : w->steps[i].key; }

static bool arises(Req *r, const Draft *d, int i) { return !d->w->steps[i].left_out || !d->w->steps[i].left_out(r, d); }

/* The step after this one that arises; the last page after the last. */
static int step_after(Req *r, const Draft *d, int i) {
    for (int k = i + 1; k < steps_of(d->w); k++)
        if (arises(r, d, k)) return k;
    return CHECK_STEP;
}

static const char *step_path(Req *r, const Draft *d, int i) {
    return text(r, "%s/drafts/%s/%s", d->w->path, d->no, step_key(d->w, i));
}

static const char *said(Req *r, const Wizard *w, const char *what) {
    return msg(r->c.language, text(r, "%s.%s", w->name, what));
}

/* --- what a draft holds ------------------------------------------------------------------------------------------- */

static const Params *kept_of(const Draft *d, const char *step) {
    int i = step_named(d->w, step);
    return i < 0 ? NULL : &d->typed[i];
}

const char *draft_text(const Draft *d, const char *step, const char *field) {
    const Params *p = kept_of(d, step);
    const char *s = p ? param_find(p, field) : NULL;
    return s && *s ? s : NULL;
}

Input *draft_input(Req *r, const Draft *d, const char *step) {
    int i = step_named(d->w, step);
    if (i < 0) abort();
    return form_read_kept(r, d->w->steps[i].form, &d->typed[i]);
}

Id draft_id(const Draft *d) { return d->id; }

/* What is wrong with a kept step: how many problems; they are left in the request only when `tell`. */
static int wrong_in(Req *r, const Draft *d, int i, bool tell) {
    int before = r->problems;
    const WizardStep *s = &d->w->steps[i];
    Input *in = form_read_kept(r, s->form, &d->typed[i]);
    if (s->check && r->problems == before) s->check(r, in, d);
    int n = r->problems - before;
    if (!tell) r->problems = before;
    return n;
}

/* The first step that is not right yet; CHECK_STEP when all are. */
static int step_open(Req *r, const Draft *d) {
    for (int i = 0; i < steps_of(d->w); i++)
        if (arises(r, d, i) && wrong_in(r, d, i, false)) return i;
    return CHECK_STEP;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static bool is_kept(const Field *f) {
    return f->type != FIELD_PASSWORD && f->type != FIELD_FILE && !(f->flags & (SECRET | DERIVED));
}

static const char *values_json(Ctx *c, const Draft *d) {
    Text t = text_start(c);
    JsonOut o = json_out(&t);
    json_open_object(&o, NULL);
    for (int i = 0; i < steps_of(d->w); i++) {
        json_open_list(&o, d->w->steps[i].key);
        for (size_t k = 0; k < d->typed[i].n; k++) {
            json_add_text(&o, NULL, d->typed[i].v[k].name);
            json_add_text(&o, NULL, d->typed[i].v[k].value);
        }
        json_close(&o);
    }
    json_close(&o);
    if (t.n > WIZARD_DRAFT_MAX) fail(c, TOO_LARGE, "%s", msg(c->language, "ui.wizard.too_long"));
    return t.s;
}

static void values_read(Ctx *c, Draft *d, const char *json) {
    Json all = json_read(&c->mem, json, strlen(json), 2 * WIZARD_DRAFT_MAX, NULL);
    for (int i = 0; i < steps_of(d->w); i++) {
        d->typed[i] = params_start(c);
        Json list = json_member(all, d->w->steps[i].key);
        for (size_t k = 0; k + 1 < json_size(list); k += 2) {
            const char *name = json_text(json_item(list, k), ""), *value = json_text(json_item(list, k + 1), "");
            if (name && value) param_add(&d->typed[i], name, value, strlen(value));
        }
    }
}

/* The declared fields of a step as they were sent. */
static Params sent_of(Req *r, const Form *form) {
    Params p = params_start(&r->c);
    for (const Field *f = form->fields; f->name; f++) {
        if (!is_kept(f)) continue;
        Texts all = param_all(&r->c.mem, &r->fields, f->name);
        bool many = f->type == FIELD_CHOICES || f->type == FIELD_BOOL;
        for (size_t i = many || !all.n ? 0 : all.n - 1; i < all.n; i++)
            param_add(&p, f->name, all.v[i], strlen(all.v[i]));
    }
    return p;
}

static void draft_row(void *arg, const DbColumn *v, int n) {
    Draft *d = ((void **)arg)[1];
    Ctx *c = ((void **)arg)[0];
    (void)n;
    d->id.id = v[0].n;
    d->no = text_copy(c, v[1].text);
    d->version = v[2].n;
    d->saved_at.us = v[3].n;
    d->is_done = v[4].n != 0;
    d->result = v[5].is_null ? NULL : text_copy(c, v[5].text);
    values_read(c, d, v[6].text);
}

/* The draft of the address, this person's in this utility. */
static Draft *draft_here(Req *r, const Wizard *w, bool lock) {
    Ctx *c = &r->c;
    Draft *d = take(c, sizeof *d);
    d->w = w;
    void *both[] = { c, d };
    Bind b[] = { bind_text(path_text(r, "draft")), bind_id(c->user), bind_int(c->utility.id) };
    db_columns(c, text(c, "select id, public_id, version, updated_at, done, result, `values` from `%s` "
                          "where public_id = ? and user_id = ? and coalesce(utility_id, 0) = ?%s", w->table,
                       lock ? " for update" : ""), b, 3, draft_row, both, true);
    if (!d->id.id) fail(r, NOT_FOUND, "There is no such draft.");
    return d;
}

static Draft *draft_empty(Req *r, const Wizard *w) {
    Draft *d = take(r, sizeof *d);
    *d = (Draft){ .w = w };
    for (int i = 0; i < steps_of(w); i++) d->typed[i] = params_start(&r->c);
    return d;
}

static void draft_store(Req *r, Draft *d) {
    Ctx *c = &r->c;
    const char *json = values_json(c, d);
    if (!d->id.id) {
        Bind b[] = { bind_id(c->utility), bind_id(c->user), bind_text(json), bind_time(c->now), bind_time(c->now) };
        d->id = db_insert_built(c, text(c, "insert into `%s` (utility_id, user_id, `values`, created_at, updated_at) "
                                           "values (?,?,?,?,?)", d->w->table), b, 5);
        d->no = db_text(c, "select ''");
        void *both[] = { c, d };
        Bind id = bind_id(d->id);
        db_columns(c, text(c, "select id, public_id, version, updated_at, done, result, `values` from `%s` "
                              "where id = ?", d->w->table), &id, 1, draft_row, both, true);
        return;
    }
    Bind b[] = { bind_text(json), bind_time(c->now), bind_id(d->id), bind_int(d->version) };
    if (db_run_built(c, text(c, "update `%s` set `values` = ?, updated_at = ?, version = version + 1 "
                                "where id = ? and version = ? and done = 0", d->w->table), b, 4) != 1)
        fail(c, CONFLICT, "%s", msg(c->language, "ui.wizard.elsewhere"));
}

int64_t wizard_expire(Ctx *c, const Wizard *w) {
    Bind b[] = { bind_time(time_add_seconds(c->now, -WIZARD_DAYS * 86400)),
                 bind_time(time_add_seconds(c->now, -86400)) };
    return db_run_built(c, text(c, "delete from `%s` where updated_at < ? or (done = 1 and updated_at < ?) limit 2000",
                                w->table), b, 2);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static void show_steps(Req *r, const Draft *d, int here) {
    int n = 0, total = steps_of(d->w);
    for (int i = 0; i <= total; i++) {
        int step = i < total ? i : CHECK_STEP;
        if (step >= 0 && !arises(r, d, step)) continue;
        const char *to = at(r, "steps", (size_t)n++, NULL);
        bool seen = d->id.id && step >= 0 && d->typed[step].n && !wrong_in(r, d, step, false);
        show_text(r, text(r, "%s.text", to), step < 0 ? msg(r->c.language, "ui.wizard.check")
                  : said(r, d->w, text(r, "step.%s", step_key(d->w, step))));
        show_text(r, text(r, "%s.state", to), step == here ? "now" : seen ? "done" : "todo");
        if (step != here && seen) show_text(r, text(r, "%s.url", to), link_path(r, "%s", step_path(r, d, step)));
    }
}

static void show_frame(Req *r, const Draft *d, int here) {
    show_text(r, "page.title", said(r, d->w, "title"));
    show_steps(r, d, here);
    if (!d->id.id) return;
    show_text(r, "form.draft", msg_format(r, r->c.language, "ui.wizard.draft",
        { "time", locale_time_words(&r->c.mem, r->c.locale, d->saved_at) }));
    show_text(r, "page.actions.0.text", msg(r->c.language, "ui.wizard.discard"));
    show_text(r, "page.actions.0.url", link_path(r, "%s/drafts/%s/removal", d->w->path, d->no));
    show_text(r, "page.actions.0.post", "1");
}

static const char *step_before(Req *r, const Draft *d, int here) {
    for (int k = (here < 0 ? steps_of(d->w) : here) - 1; k >= 0; k--)
        if (arises(r, d, k)) return link_path(r, "%s", step_path(r, d, k));
    return NULL;
}

static void show_step(Req *r, const Draft *d, int i) {
    const WizardStep *s = &d->w->steps[i];
    show_frame(r, d, i);
    FormView *v = form_show(r, "form", s->form, d->id.id ? step_path(r, d, i) : text(r, "%s/new", d->w->path));
    form_typed(v, &d->typed[i]);
    if (s->show) s->show(r, v, d);
    form_version(v, d->version);
    show_text(r, "form.submit", msg(r->c.language, "ui.wizard.next"));
    show_text(r, "form.save_draft", msg(r->c.language, "ui.wizard.save_draft"));
    show_text(r, "form.back_url", d->id.id ? step_before(r, d, i) : NULL);
    page(r, "layout/wizard");
}

/* Drafts of this person that wait to be finished. */
typedef struct Waiting { Req *r; const Wizard *w; TableView *t; size_t n; } Waiting;

static void waiting_row(void *arg, const DbColumn *v, int n) {
    Waiting *x = arg;
    Req *r = x->r;
    (void)n;
    char *row = text(r, "form.sections.0.links.%zu", x->n++);
    Draft *d = draft_empty(r, x->w);
    values_read(&r->c, d, v[2].text);
    const char *name = NULL;
    for (const Field *f = x->w->steps[0].form->fields; f->name && !name; f++)
        name = param_find(&d->typed[0], f->name);
    show_text(r, text(r, "%s.text", row), name && *name ? name : said(r, x->w, "title"));
    show_text(r, text(r, "%s.sub", row), msg_format(r, r->c.language, "ui.wizard.draft",
        { "time", locale_time_words(&r->c.mem, r->c.locale, (Time){ v[1].n }) }));
    show_text(r, text(r, "%s.url", row), link_path(r, "%s/drafts/%s", x->w->path, v[0].text));
}

static void show_waiting(Req *r, const Wizard *w) {
    Ctx *c = &r->c;
    Waiting x = { .r = r, .w = w };
    Bind b[] = { bind_id(c->user), bind_int(c->utility.id),
                 bind_time(time_add_seconds(c->now, -WIZARD_DAYS * 86400)), bind_int(WIZARD_DRAFTS_SHOWN) };
    db_columns(c, text(c, "select public_id, updated_at, `values` from `%s` where user_id = ? "
                          "and coalesce(utility_id, 0) = ? and done = 0 and updated_at > ? order by id desc limit ?",
                       w->table), b, 4, waiting_row, &x, true);
    if (!x.n) return;
    show_text(r, "form.sections.0.title", msg(c->language, "ui.wizard.drafts"));
    show_text(r, "form.sections.0.kind", "links");
}

void wizard_new(Req *r, const Wizard *w) {
    show_waiting(r, w);
    show_step(r, draft_empty(r, w), 0);
}

/* What was sent becomes the draft's: as it is, or only when it is right. */
static void take_step(Req *r, Draft *d, int i, bool as_it_is) {
    const WizardStep *s = &d->w->steps[i];
    d->typed[i] = sent_of(r, s->form);
    if (!as_it_is) {
        Input *in = form_read(r, s->form);
        if (s->check && !r->problems) s->check(r, in, d);
        problems_end(r);
    }
    draft_store(r, d);
}

static void go_on(Req *r, Draft *d, int from, bool stays) {
    if (stays) note(r, "%s", msg(r->c.language, "ui.wizard.saved"));
    go(r, "%s", step_path(r, d, stays ? from : step_after(r, d, from)));
}

void wizard_start(Req *r, const Wizard *w) {
    bool stays = field_text(r, "draft") != NULL;
    Draft *d = draft_empty(r, w);
    take_step(r, d, 0, stays);
    go_on(r, d, 0, stays);
}

static bool was_done(Req *r, const Draft *d) {
    if (d->is_done) go_to(r, d->result ? d->result : link_path(r, "%s/new", d->w->path));
    return d->is_done;
}

void wizard_resume(Req *r, const Wizard *w) {
    Draft *d = draft_here(r, w, false);
    if (!was_done(r, d)) go(r, "%s", step_path(r, d, step_open(r, d)));
}

/* --- the last page ------------------------------------------------------------------------------------------------ */

static const char *shown_value(Req *r, const Draft *d, const WizardStep *s, const Field *f) {
    const char *typed = draft_text(d, s->key, f->name), *given = typed && s->words ? s->words(r, d, f->name, typed)
        : NULL;
    if (given) return given;
    if (f->type == FIELD_BOOL) {
        Texts all = param_all(&r->c.mem, kept_of(d, s->key), f->name);
        return msg(r->c.language, all.n && strcmp(all.v[all.n - 1], "0") ? "ui.yes" : "ui.no");
    }
    if (f->type == FIELD_CHOICES) {
        Texts all = param_all(&r->c.mem, kept_of(d, s->key), f->name);
        Text t = text_start(r);
        for (size_t i = 0; i < all.n; i++) text_addf(&t, "%s%s", i ? ", " : "", state_label(r, all.v[i]));
        return t.n ? t.s : NULL;
    }
    if (!typed) return NULL;
    for (const Choice *c = f->choices; c && c->value; c++)
        if (!strcmp(c->value, typed)) return c->label ? c->label : state_label(r, typed);
    return typed;
}

static void show_answers(Req *r, const Draft *d) {
    size_t n = 0;
    for (int i = 0; i < steps_of(d->w); i++) {
        const WizardStep *s = &d->w->steps[i];
        if (!arises(r, d, i)) continue;
        const char *to = at(r, "answers", n++, NULL);
        show_text(r, text(r, "%s.title", to), said(r, d->w, text(r, "step.%s", s->key)));
        show_text(r, text(r, "%s.change_url", to), link_path(r, "%s", step_path(r, d, i)));
        for (const Field *f = s->form->fields; f->name; f++) {
            const char *value = is_kept(f) && f->type != FIELD_HIDDEN ? shown_value(r, d, s, f) : NULL;
            if (value) show_fact(r, text(r, "%s.facts", to), field_label(r, s->form, f), value, NULL);
        }
    }
}

static const Form nothing = { .fields = FIELDS { { 0 } } };

static void show_check(Req *r, const Draft *d) {
    show_frame(r, d, CHECK_STEP);
    show_answers(r, d);
    FormView *v = form_show(r, "form", d->w->agree ? d->w->agree : &nothing, step_path(r, d, CHECK_STEP));
    form_version(v, d->version);
    show_text(r, "form.submit", said(r, d->w, "submit"));
    show_text(r, "form.back_url", step_before(r, d, CHECK_STEP));
    if (d->w->summary) d->w->summary(r, d);
    page(r, "layout/check");
}

/* Somebody who is not through yet is led to the step that waits. */
static bool leads_back(Req *r, const Draft *d) {
    int open = step_open(r, d);
    if (open == CHECK_STEP) return false;
    note(r, "%s", msg_format(r, r->c.language, "ui.wizard.open",
        { "step", said(r, d->w, text(r, "step.%s", step_key(d->w, open))) }));
    go(r, "%s", step_path(r, d, open));
    return true;
}

void wizard_page(Req *r, const Wizard *w) {
    Draft *d = draft_here(r, w, false);
    int i = step_named(w, path_text(r, "step"));
    if (i == NO_STEP) fail(r, NOT_FOUND, "There is no such step.");
    if (was_done(r, d)) return;
    if (i == CHECK_STEP) {
        if (r->again || !leads_back(r, d)) show_check(r, d);
        return;
    }
    if (!arises(r, d, i)) go(r, "%s", step_path(r, d, step_after(r, d, i)));
    else show_step(r, d, i);
}

static void finish(Req *r, Draft *d) {
    Ctx *c = &r->c;
    if (leads_back(r, d)) return;
    Input *agreed = d->w->agree ? form_read(r, d->w->agree) : NULL;
    problems_end(r);
    d->w->finish(r, d, agreed);
    Bind b[] = { bind_text(r->location), bind_time(c->now), bind_id(d->id) };
    if (db_run_built(c, text(c, "update `%s` set done = 1, result = ?, `values` = '{}', updated_at = ?, "
                                "version = version + 1 where id = ? and done = 0", d->w->table), b, 3) != 1)
        fail(c, CONFLICT, "%s", msg(c->language, "ui.wizard.elsewhere"));
}

void wizard_save(Req *r, const Wizard *w) {
    Draft *d = draft_here(r, w, true);
    int i = step_named(w, path_text(r, "step"));
    if (i == NO_STEP) fail(r, NOT_FOUND, "There is no such step.");
    if (was_done(r, d)) return;
    const char *version = field_text(r, "row_version");
    if (version && strtoll(version, NULL, 10) != d->version)
        fail(r, CONFLICT, "%s", msg(r->c.language, "ui.wizard.elsewhere"));
    if (i == CHECK_STEP) {
        finish(r, d);
        return;
    }
    bool stays = field_text(r, "draft") != NULL;
    take_step(r, d, i, stays);
    go_on(r, d, i, stays);
}

void wizard_discard(Req *r, const Wizard *w) {
    Draft *d = draft_here(r, w, true);
    Bind b = bind_id(d->id);
    db_run_built(&r->c, text(r, "delete from `%s` where id = ? and done = 0", w->table), &b, 1);
    note(r, "%s", msg(r->c.language, "ui.wizard.discarded"));
    go(r, "%s/new", w->path);
}
