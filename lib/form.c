/*
 * Forms: see form.h.
 */
#include <ClearSilver.h>      /* first: it has a type BOOL, which lib/form.h uses as a word of its tables */

#include "lib/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/card.h"
#include "lib/json.h"
#include "lib/json.h"
#include "lib/locale.h"
#include "lib/messages.h"
#include "lib/money.h"
#include "lib/page.h"
#include "lib/resource.h"
#include "lib/utf8.h"

/* --- declarations ------------------------------------------------------------------------------------------------- */

static size_t fields_of(const Form *form) {
    size_t n = 0;
    while (form->fields[n].name) n++;
    return n;
}

const char *field_label(Req *r, const Form *form, const Field *field) {
    if (form && form->name) {
        const char *key = text(r, "%s.%s", form->name, field->name);
        if (msg_exists(key)) return msg(r->c.language, key);
    }
    return field->label ? field->label : msg(r->c.language, text(r, "field.%s", field->name));
}

/* Words of a declared form: the message <form>.<field>.<what>, else what the table says. */
static const char *word_of(Req *r, const Form *form, const char *field, const char *what, const char *otherwise) {
    const char *key = form && form->name ? text(r, "%s.%s.%s", form->name, field, what) : NULL;
    return key && msg_exists(key) ? msg(r->c.language, key) : otherwise;
}

/* <form>.<what> */
static const char *form_word(Req *r, const Form *form, const char *what, const char *otherwise) {
    const char *key = form->name ? text(r, "%s.%s", form->name, what) : NULL;
    return key && msg_exists(key) ? msg(r->c.language, key) : otherwise;
}

/* --- checking one value ------------------------------------------------------------------------------------------- */

static int64_t characters(const char *s) {
    int64_t n = 0;
    for (; *s; s++) n += (*s & 0xC0) != 0x80;
    return n;
}

static bool in_set(const char *set, char ch) {
    for (const char *s = set; *s; s++) {
        if (s[1] == '-' && s[2]) {
            if (ch >= s[0] && ch <= s[2]) return true;
            s += 2;
        } else if (*s == ch) {
            return true;
        }
    }
    return false;
}

static const char *label_start(Req *r, const Field *f) { return field_label(r, r->reading, f); }

/* Within a sentence: "Enter the name", but "Choose GL code". */
static const char *label_within(Req *r, const Field *f) {
    const char *label = label_start(r, f);
    if (label[0] < 'A' || label[0] > 'Z' || (label[1] >= 'A' && label[1] <= 'Z')) return label;
    char *low = text_copy(r, label);
    low[0] = (char)(low[0] + 32);
    return low;
}

/* What is wrong, in the visitor's language: keys lib.form.*; {field} begins a sentence, {of} stands within one. */
#define WRONG(r, f, key, ...) \
    msg_format((r), (r)->c.language, "lib.form." key, { "field", label_start((r), (f)) }, \
               { "of", label_within((r), (f)) } __VA_OPT__(,) __VA_ARGS__)

static const char *count_text(Req *r, int64_t n) { return text(r, "%lld", (long long)n); }

static const char *check_text(Req *r, const Field *f, const char *s, Value *v) {
    int64_t n = characters(s), max = f->max ? f->max : f->type == FIELD_LONG ? 2000 : 200;
    if (n > max) return WRONG(r, f, "long", { "most", count_text(r, max) });
    if (f->min > 1 && n < f->min) return WRONG(r, f, "short", { "least", count_text(r, f->min) });
    for (const char *c = s; *c; c++) {
        unsigned char u = (unsigned char)*c;
        if (f->chars && !in_set(f->chars, *c))
            return word_of(r, r->reading, f->name, "chars",
                           f->chars_text ? f->chars_text : WRONG(r, f, "chars", { "chars", f->chars }));
        if (u < ' ' && !(f->type == FIELD_LONG && (u == '\n' || u == '\r' || u == '\t')))
            return WRONG(r, f, "control");
    }
    v->kind = KIND_TEXT;
    v->text = f->type == FIELD_LONG && !(f->flags & (SECRET | AS_IS)) ? card_numbers_masked(&r->c.mem, s) : s; /* S24 */
    if (f->flags & UPPER) {
        char *up = text_copy(r, s);
        for (char *c = up; *c; c++) if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 32);
        v->text = up;
    }
    return NULL;
}

/* A label that asks is not put into a sentence: "Enter why?." */
static const char *enter_it(Req *r, const Field *f) {
    const char *label = label_start(r, f);
    return *label && label[strlen(label) - 1] == '?' ? WRONG(r, f, "answer") : WRONG(r, f, "enter");
}

static const char *number_trouble(Req *r, const Field *f, NumberProblem p, const char *example, int places) {
    switch (p) {
    case NUMBER_OK:       return NULL;
    case NUMBER_EMPTY:    return enter_it(r, f);
    case NUMBER_NEGATIVE: return WRONG(r, f, "negative");
    case NUMBER_PLACES:
        return places ? WRONG(r, f, "decimals", { "places", count_text(r, places) }) : WRONG(r, f, "whole");
    case NUMBER_TOO_LARGE: return WRONG(r, f, "large");
    case NUMBER_MALFORMED: break;
    }
    return WRONG(r, f, "number", { "example", example });
}

static const char *value_as_typed(Req *r, const Field *f, int64_t n) {
    switch (f->type) {
    case FIELD_MONEY:   return money_decimal(&r->c.mem, (Money){ n }, r->c.locale->exponent);
    case FIELD_QTY:     return quantity_decimal(&r->c.mem, (Quantity){ n });
    case FIELD_PRICE:   return price_decimal(&r->c.mem, (Price){ n });
    case FIELD_PERCENT: return percent_decimal(&r->c.mem, n);
    case FIELD_READING: return reading_decimal(&r->c.mem, (Reading){ n });
    default:            return text(r, "%lld", (long long)n);
    }
}

static const char *check_range(Req *r, const Field *f, int64_t n) {
    if (!f->min && !f->max) return NULL;
    if (n < f->min || n > f->max)
        return WRONG(r, f, "between", { "least", value_as_typed(r, f, f->min) },
                     { "most", value_as_typed(r, f, f->max) });
    return NULL;
}

static const char *check_number(Req *r, const Field *f, const char *s, Value *v) {
    NumberFormat format = r->c.locale->number;
    bool negative = f->min < 0;
    NumberProblem p = NUMBER_OK;
    const char *wrong = NULL;
    switch (f->type) {
    case FIELD_INT: {
        p = number_parse(s, format, (NumberRule){ .places = 0, .digits_max = 18, .negative = negative }, &v->n);
        v->kind = KIND_INT64;
        wrong = number_trouble(r, f, p, "12", 0);
        break;
    }
    case FIELD_MONEY: {
        Money m = { 0 };
        p = money_parse(s, format, r->c.locale->exponent, negative, &m);
        v->kind = KIND_MONEY, v->n = m.minor;
        wrong = number_trouble(r, f, p, value_as_typed(r, f, 1250), r->c.locale->exponent);
        break;
    }
    case FIELD_QTY: {
        Quantity q = { 0 };
        p = quantity_parse(s, format, negative, &q);
        v->kind = KIND_QUANTITY, v->n = q.micro;
        wrong = number_trouble(r, f, p, "12.5", 6);
        break;
    }
    case FIELD_PRICE: {
        Price q = { 0 };
        p = price_parse(s, format, negative, &q);
        v->kind = KIND_PRICE, v->n = q.micro;
        wrong = number_trouble(r, f, p, "4.50", 6);
        break;
    }
    case FIELD_PERCENT:
        p = percent_parse(s, format, negative, &v->n);
        v->kind = KIND_INT64;
        wrong = number_trouble(r, f, p, "8.25", 4);
        break;
    default: {
        Reading q = { 0 };
        p = reading_parse(s, format, &q);
        v->kind = KIND_READING, v->n = q.e3;
        wrong = number_trouble(r, f, p, "1262", 3);
    }
    }
    return wrong ? wrong : check_range(r, f, v->n);
}

static const char *check_date(Req *r, const Field *f, const char *s, Value *v) {
    Date d = DATE_NONE;
    v->kind = KIND_DATE;
    if (f->type == FIELD_MONTH) {
        Month m;
        if (!month_parse(s, &m)) return WRONG(r, f, "choose");
        d = month_first(m);
    } else {
        DateProblem p = read_date(r->c.locale, s, &d);
        if (p == DATE_NO_DAY) return WRONG(r, f, "no_day");
        if (p != DATE_OK)
            return WRONG(r, f, "date", { "example", locale_date(&r->c.mem, r->c.locale, date_of(2026, 4, 30)) });
    }
    v->n = d.day;
    return NULL;
}

static const char *check_choice(Req *r, const Field *f, const char *s, Value *v) {
    for (const Choice *c = f->choices; c && c->value; c++)
        if (!strcmp(c->value, s)) {
            v->kind = KIND_TEXT;
            v->text = c->value;
            return NULL;
        }
    return WRONG(r, f, "list");
}

static const char *check_ref(Req *r, const Field *f, const char *s, Value *v) {
    Id id = resource_find(&r->c, f->ref, s);
    v->kind = KIND_ID;
    v->n = id.id;
    v->text = s;
    return id.id ? NULL : text(r, "There is no %s %s.", resource_one(r, f->ref), s);
}

const char *field_check(Req *r, const Field *f, const char *s, Value *v) {
    *v = (Value){ .field = f, .given = true };
    switch (f->type) {
    case FIELD_INT: case FIELD_MONEY: case FIELD_QTY: case FIELD_PRICE: case FIELD_PERCENT: case FIELD_READING:
    return check_number(r, f, s, v);
    case FIELD_DATE: case FIELD_MONTH: return check_date(r, f, s, v);
    case FIELD_CHOICE: return check_choice(r, f, s, v);
    case FIELD_REF:    return check_ref(r, f, s, v);
    case FIELD_BOOL:
        v->kind = KIND_BOOL;
        v->n = !strcmp(s, "1") || !strcmp(s, "on") || !strcmp(s, "yes") || !strcmp(s, "true");
        if (!v->n && strcmp(s, "0") && strcmp(s, "no") && strcmp(s, "false"))
            return WRONG(r, f, "yes_no");
        return NULL;
    case FIELD_EMAIL: {
        const char *wrong = check_text(r, f, s, v);
        if (wrong) return wrong;
        return email_is_valid(s) ? NULL : msg(r->c.language, "lib.form.email");
    }
    case FIELD_PHONE: {
        char *e164 = phone_e164(&r->c.mem, s, NULL);
        v->kind = KIND_TEXT;
        v->text = e164;
        return e164 ? NULL : msg(r->c.language, "lib.form.phone");
    }
    case FIELD_CLOCK: {
        int minutes;
        v->kind = KIND_INT64;
        if (!clock_parse(s, &minutes)) return WRONG(r, f, "clock");
        v->n = minutes;
        return NULL;
    }
    case FIELD_CODE:
        if ((int64_t)strspn(s, "0123456789") != (int64_t)strlen(s) || (f->max && (int64_t)strlen(s) != f->max))
            return WRONG(r, f, "code", { "digits", count_text(r, f->max) });
        v->kind = KIND_TEXT, v->text = s;
        return NULL;
    case FIELD_PASSWORD:
        v->kind = KIND_TEXT, v->text = s;
        return characters(s) > (f->max ? f->max : 128)
                   ? WRONG(r, f, "long", { "most", count_text(r, f->max ? f->max : 128) })
                   : NULL;
    default: return check_text(r, f, s, v);
    }
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const char *trimmed(Req *r, const Field *f, const char *s) {
    if (f->type == FIELD_PASSWORD) return s;
    return f->type == FIELD_LONG ? utf8_lines(&r->c.mem, s) : utf8_line(&r->c.mem, s);
}

static void read_choices(Req *r, const Field *f, Value *v) {
    Texts sent = param_all(&r->c.mem, &r->fields, f->name);
    const char **kept = take_n(r, const char *, sent.n + 1);
    for (size_t i = 0; i < sent.n; i++) {
        Value one = { 0 };
        const char *wrong = f->choices ? check_choice(r, f, sent.v[i], &one) : check_text(r, f, sent.v[i], &one);
        if (wrong) problem(r, f->name, "%s", wrong);
        else kept[v->count++] = one.text;
    }
    v->texts = kept;
    v->given = v->count > 0;
    if (v->given) {
        Text t = text_start(r);
        JsonOut o = json_out(&t);
        json_open_list(&o, NULL);
        for (size_t i = 0; i < v->count; i++) json_add_text(&o, NULL, kept[i]);
        json_close(&o);
        v->kind = KIND_TEXT, v->text = t.s;
    }
    if (!v->given && f->flags & REQUIRED) problem(r, f->name, "%s", WRONG(r, f, "choose"));
}

static void read_field(Req *r, const Form *form, const Field *f, Value *v) {
    (void)form;
    *v = (Value){ .field = f };
    if (f->flags & DERIVED || f->type == FIELD_FILE) return;
    if (f->type == FIELD_CHOICES) {
        read_choices(r, f, v);
        return;
    }
    if (param_count(&r->fields, f->name) > (f->type == FIELD_BOOL ? 2u : 1u))
        fail_field(r, INVALID, f->name, "%s was sent twice.", label_start(r, f));
    const char *sent = param_find(&r->fields, f->name);
    if (f->type == FIELD_BOOL) {                    /* a box left empty is not sent, or sends only its hidden 0 */
        Texts all = param_all(&r->c.mem, &r->fields, f->name);
        sent = all.n ? all.v[all.n - 1] : "0";
    }
    const char *s = sent ? trimmed(r, f, sent) : "";
    if (!*s) {
        if (f->flags & REQUIRED)
            problem(r, f->name, "%s",
                f->type == FIELD_CHOICE || f->type == FIELD_REF || f->type == FIELD_MONTH ? WRONG(r, f, "choose")
                                                                                          : enter_it(r, f));
        return;
    }
    const char *wrong = field_check(r, f, s, v);
    if (wrong) {
        problem(r, f->name, "%s", wrong);
        v->given = false;
    }
}

Input *form_read(Req *r, const Form *form) {
    Input *in = take(r, sizeof *in);
    *in = (Input){ .r = r, .form = form, .n = fields_of(form) };
    in->v = take_n(r, Value, in->n);
    r->reading = form;
    for (size_t i = 0; i < in->n; i++) read_field(r, form, &form->fields[i], &in->v[i]);
    r->reading = NULL;
    const char *version = field_text(r, "row_version");
    if (version && count_parse(version, INT32_MAX, &in->row_version) != NUMBER_OK) in->row_version = 0;
    return in;
}

Input *form_read_kept(Req *r, const Form *form, const Params *typed) {
    Params sent = r->fields;
    r->fields = *typed;
    Input *in = form_read(r, form);
    r->fields = sent;
    return in;
}

Value *in_value(const Input *in, const char *name) {
    for (size_t i = 0; i < in->n; i++)
        if (!strcmp(in->v[i].field->name, name)) return &in->v[i];
    fprintf(stderr, "the form has no field %s\n", name);
    abort();
}

const char *in_text(const Input *in, const char *name) {
    const Value *v = in_value(in, name);
    return v->given ? v->text : NULL;
}
int64_t  in_int    (const Input *in, const char *name) { return in_value(in, name)->n; }
Money    in_money  (const Input *in, const char *name) { return (Money){ in_value(in, name)->n }; }
Quantity in_qty    (const Input *in, const char *name) { return (Quantity){ in_value(in, name)->n }; }
Price    in_price  (const Input *in, const char *name) { return (Price){ in_value(in, name)->n }; }
int64_t  in_ppm    (const Input *in, const char *name) { return in_value(in, name)->n; }
Reading  in_reading(const Input *in, const char *name) { return (Reading){ in_value(in, name)->n }; }
bool     in_bool   (const Input *in, const char *name) { return in_value(in, name)->n != 0; }
Id       in_ref    (const Input *in, const char *name) { return (Id){ in_value(in, name)->n }; }
bool     in_given  (const Input *in, const char *name) { return in_value(in, name)->given; }
Texts    in_texts  (Input *in, const char *name) {
    Value *v = in_value(in, name);
    return (Texts){ .v = (const char **)(uintptr_t)v->texts, .n = v->count };
}

Date in_date(const Input *in, const char *name) {
    const Value *v = in_value(in, name);
    return v->given ? (Date){ (int32_t)v->n } : DATE_NONE;
}

Bind in_bind(const Input *in, const char *name) {
    const Value *v = in_value(in, name);
    if (!v->given && v->field->type != FIELD_BOOL) return (Bind){ 0 };
    if (v->kind == KIND_TEXT) return bind_text(v->text);
    if (v->field->type == FIELD_BOOL) return bind_bool(v->n != 0);
    if (v->kind == KIND_ID) return bind_id((Id){ v->n });
    return (Bind){ v->kind, v->n, NULL, 0 };
}

/* --- showing ------------------------------------------------------------------------------------------------------ */

struct FormView { Req *r; const Form *form; const char *at; bool again; };

static const char *kind_of(const Field *f) {
    switch (f->type) {
    case FIELD_LONG:     return "textarea";
    case FIELD_INT:      return "number";
    case FIELD_MONEY: case FIELD_PRICE: return "money";
    case FIELD_QTY: case FIELD_READING: return "qty";
    case FIELD_PERCENT:  return "pct";
    case FIELD_DATE:     return "date";
    case FIELD_BOOL:     return "check";
    case FIELD_CHOICE: case FIELD_MONTH: return "select";
    case FIELD_REF:      return "select";
    case FIELD_CHOICES:  return "checks";
    case FIELD_EMAIL:    return "email";
    case FIELD_PHONE:    return "tel";
    case FIELD_PASSWORD: return "password";
    case FIELD_CODE:     return "code";
    case FIELD_HIDDEN:   return "hidden";
    case FIELD_FILE:     return "file";
    case FIELD_URL:      return "url";
    default:             return "text";
    }
}

static const char *default_width(const Field *f) {
    switch (f->type) {
    case FIELD_MONEY: case FIELD_PRICE: case FIELD_QTY: case FIELD_DATE: case FIELD_READING: return "10";
    case FIELD_INT: case FIELD_PERCENT: case FIELD_CLOCK: return "5";
    case FIELD_CODE: return "8";
    case FIELD_TEXT: return f->max && f->max <= 12 ? "10" : f->max && f->max <= 24 ? "20" : "full";
    default: return NULL;
    }
}

static const char *path_in(FormView *v, const char *name, const char *attribute) {
    return text(v->r, "%s.fields.%s.%s", v->at, name, attribute);
}

void form_set(FormView *v, const char *name, const char *attribute, const char *value) {
    show_text(v->r, path_in(v, name, attribute), value);
}

void form_option(FormView *v, const char *name, const char *value, const char *label) {
    char *options = text(v->r, "%s.fields.%s.options", v->at, name);
    size_t n = 0;
    while (hdf_get_obj(v->r->data, text(v->r, "%s.%zu", options, n))) n++;
    show_text(v->r, text(v->r, "%s.%zu.value", options, n), value);
    show_text(v->r, text(v->r, "%s.%zu.text", options, n), label);
}

static bool typed_has(Req *r, const Field *f, const char *value) {
    Texts t = param_all(&r->c.mem, &r->fields, f->name);
    for (size_t i = 0; i < t.n; i++)
        if (!strcmp(t.v[i], value)) return true;
    return false;
}

static const char *choice_label(Req *r, const Form *form, const Field *f, const Choice *c) {
    const char *label = word_of(r, form, f->name, c->value, msg_said(r->c.language, c->label));
    return label ? label : state_label(r, c->value);
}

static void show_typed(FormView *v, const Field *f) {
    if (f->type == FIELD_PASSWORD || f->type == FIELD_CODE || f->flags & SECRET || f->type == FIELD_FILE) return;
    if (f->type == FIELD_CHOICES) {
        for (size_t i = 0; f->choices && f->choices[i].value; i++)
            if (typed_has(v->r, f, f->choices[i].value))
                show_text(v->r, text(v->r, "%s.fields.%s.options.%zu.selected", v->at, f->name, i), "1");
        return;
    }
    Texts all = param_all(&v->r->c.mem, &v->r->fields, f->name);
    if (all.n) form_set(v, f->name, "value", all.v[all.n - 1]);
}

static void show_field(FormView *v, const Field *f) {
    Req *r = v->r;
    form_set(v, f->name, "name", f->name);
    form_set(v, f->name, "kind", kind_of(f));
    form_set(v, f->name, "label", field_label(r, v->form, f));
    form_set(v, f->name, "hint", word_of(r, v->form, f->name, "hint", f->hint));
    form_set(v, f->name, "prefix", f->type == FIELD_MONEY && !f->prefix ? r->c.locale->symbol : f->prefix);
    form_set(v, f->name, "suffix", f->suffix ? f->suffix : f->type == FIELD_PERCENT ? "%" : NULL);
    form_set(v, f->name, "width", f->width ? f->width : default_width(f));
    form_set(v, f->name, "autocomplete", f->autocomplete);
    if (!(f->flags & REQUIRED) && f->type != FIELD_BOOL && f->type != FIELD_HIDDEN)
        form_set(v, f->name, "optional", "1");
    if (f->max && (f->type == FIELD_TEXT || f->type == FIELD_LONG))
        form_set(v, f->name, "maxlength", text(r, "%lld", (long long)f->max));
    for (const Choice *c = f->choices; c && c->value; c++)
        form_option(v, f->name, c->value, choice_label(r, v->form, f, c));
    if (f->type == FIELD_CHOICE || f->type == FIELD_REF) form_set(v, f->name, "blank", msg(r->c.language, "ui.choose"));
    if (v->again) show_typed(v, f);
    else form_set(v, f->name, "value", f->initial);
    for (int i = 0; i < r->problems && v->again; i++)
        if (r->problem[i].field && !strcmp(r->problem[i].field, f->name)) {
            form_set(v, f->name, "error", r->problem[i].text);
            break;
        }
}

const char *form_at(FormView *v, const char *what) { return text(v->r, "%s.%s", v->at, what); }
bool form_again(const FormView *v) { return v->again; }

/* An address of this path, with a query or without. */
static bool is_at(const char *url, const char *path) {
    size_t n = strlen(path);
    return !strncmp(url, path, n) && (!url[n] || url[n] == '?');
}

/* The refused POST is this form's, or that of the page which asks whether what was checked is meant: its fields are
   the same, at the address without "/check". */
static bool is_posted(const Req *r, const char *url) {
    size_t n = strlen(url), end = n > 6 && !strcmp(url + n - 6, "/check") ? n - 6 : n;
    return is_at(url, r->path.text) || (end < n && strlen(r->path.text) == end && !strncmp(url, r->path.text, end));
}

FormView *form_show(Req *r, const char *at, const Form *form, const char *action) {
    FormView *v = take(r, sizeof *v);
    char *url = link_path(r, "%s", action);
    *v = (FormView){ r, form, text_copy(r, at), r->again && is_posted(r, url) };
    show_text(r, form_at(v, "action"), url);
    show_text(r, form_at(v, "title"), form_word(r, form, "title", form->title));
    show_text(r, form_at(v, "intro"), form_word(r, form, "intro", form->intro));
    show_text(r, form_at(v, "submit"),
              form_word(r, form, "submit", form->submit ? form->submit : msg(r->c.language, "ui.save")));
    show_text(r, form_at(v, "busy"), form_word(r, form, "busy_word", NULL));
    for (const Field *f = form->fields; f->name; f++)
        if (!(f->flags & DERIVED)) show_field(v, f);
    if (v->again) show_text(r, form_at(v, "row_version"), field_text(r, "row_version"));
    for (int i = 0; i < r->problems && v->again; i++) {
        show_text(r, text(r, "page.errors.%d.text", i), r->problem[i].text);
        show_text(r, text(r, "page.errors.%d.field", i), r->problem[i].field);
    }
    return v;
}

static void put_value(FormView *v, const char *name, const char *value) {
    if (!v->again) form_set(v, name, "value", value);
}

void form_text (FormView *v, const char *name, const char *value) { put_value(v, name, value); }
void form_int  (FormView *v, const char *name,
                int64_t value)     { put_value(v, name, text(v->r, "%lld", (long long)value)); }
void form_money(FormView *v, const char *name,
                Money value)       { put_value(v, name, money_decimal(&v->r->c.mem, value, v->r->c.locale->exponent)); }
void form_qty  (FormView *v, const char *name,
                Quantity value)    { put_value(v, name, quantity_decimal(&v->r->c.mem, value)); }
void form_price(FormView *v, const char *name,
                Price value)       { put_value(v, name, price_decimal(&v->r->c.mem, value)); }
void form_ppm  (FormView *v, const char *name,
                int64_t value)     { put_value(v, name, percent_decimal(&v->r->c.mem, value)); }
void form_date (FormView *v, const char *name,
                Date value)        { put_value(v, name, date_is_set(value) ? date_iso(&v->r->c.mem, value) : NULL); }
void form_bool (FormView *v, const char *name, bool value)        { put_value(v, name, value ? "1" : "0"); }

void form_typed(FormView *v, const Params *typed) {
    if (v->again) return;
    Params sent = v->r->fields;
    v->r->fields = *typed;
    for (const Field *f = v->form->fields; f->name; f++)
        if (param_count(typed, f->name)) show_typed(v, f);
    v->r->fields = sent;
}

void form_version(FormView *v, int64_t row_version) {
    if (!v->again) show_int(v->r, form_at(v, "row_version"), row_version);
}

const char *field_typed(Req *r, const Field *f, const DbColumn *column) {
    if (column->is_null) return NULL;
    switch (f->type) {
    case FIELD_MONEY: case FIELD_QTY: case FIELD_PRICE: case FIELD_PERCENT: case FIELD_READING: case FIELD_INT:
    return value_as_typed(r, f, column->n);
    case FIELD_BOOL:  return column->n ? "1" : "0";
    case FIELD_DATE:  return date_iso(&r->c.mem, (Date){ (int32_t)column->n });
    case FIELD_MONTH: return text_copy_n(r, date_iso(&r->c.mem, (Date){ (int32_t)column->n }), 7);
    default:          return column->text ? column->text : text(r, "%lld", (long long)column->n);
    }
}

static const DbColumn *column_named(const DbColumn *columns, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (!strcmp(columns[i].name, name)) return &columns[i];
    return NULL;
}

/* Status 409: what stands there now beside what was typed. */
static void show_conflict(FormView *v, const DbColumn *columns, int n, int64_t version) {
    Req *r = v->r;
    const DbColumn *when = column_named(columns, n, "updated_at"), *who = column_named(columns, n, "updated_by_name");
    const char *by = who && !who->is_null && who->text[0] ? who->text : msg(r->c.language, "ui.another_user");
    const char *time = when && !when->is_null ? locale_time(&r->c.mem, r->c.locale, (Time){ when->n }) : "";
    show_text(r, form_at(v, "conflict.text"), msg_format(r, r->c.language, "ui.changed_by", { "user", by },
        { "time", time }));
    size_t row = 0;
    for (int i = 0; i < n; i++)
        for (const Field *f = v->form->fields; f->name; f++) {
            if (strcmp(f->name, columns[i].name) || f->flags & (SECRET | DERIVED)) continue;
            const char *theirs = field_typed(r, f, &columns[i]), *yours = param_find(&r->fields, f->name);
            if (!strcmp(theirs ? theirs : "", yours ? yours : "")) continue;
            char *at = text(r, "%s.conflict.rows.%zu", v->at, row++);
            show_text(r, text(r, "%s.label", at), field_label(r, v->form, f));
            show_text(r, text(r, "%s.theirs", at), theirs ? theirs : "");
            show_text(r, text(r, "%s.yours", at), yours ? yours : "");
        }
    show_int(r, form_at(v, "row_version"), version);
}

/* The choices that a stored JSON list names. */
static void tick(FormView *v, const Field *f, const char *list) {
    Json all = list ? json_read(&v->r->c.mem, list, strlen(list), JSON_SIZE_MAX, NULL) : (Json){ 0 };
    for (size_t i = 0; f->choices && f->choices[i].value && !v->again; i++)
        for (size_t k = 0; k < json_size(all); k++)
            if (!strcmp(json_text(json_item(all, k), ""), f->choices[i].value))
                show_text(v->r, text(v->r, "%s.fields.%s.options.%zu.selected", v->at, f->name, i), "1");
}

void form_columns(FormView *v, const DbColumn *columns, int n) {
    const DbColumn *version = column_named(columns, n, "row_version");
    const char *typed = v->again ? field_text(v->r, "row_version") : NULL;
    if (version && !v->again) form_version(v, version->n);
    if (version && typed && strtoll(typed, NULL, 10) != version->n) show_conflict(v, columns, n, version->n);
    for (int i = 0; i < n; i++)
        for (const Field *f = v->form->fields; f->name; f++)
            if (!strcmp(f->name, columns[i].name) && f->type == FIELD_CHOICES)
                tick(v, f, columns[i].is_null ? NULL : columns[i].text);
            else if (!strcmp(f->name, columns[i].name) && !(f->flags & (SECRET | DERIVED)))
                put_value(v, f->name, field_typed(v->r, f, &columns[i]));
}

static void take_columns(void *arg, const DbColumn *columns, int n) { form_columns(arg, columns, n); }

void form_row_(FormView *v, const DbSite *site, const Bind *binds, int n) {
    db_columns(&v->r->c, site->sql, binds, n, take_columns, v, true);
}
