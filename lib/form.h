/*
 * Forms: declared fields, read and checked all at once, shown again with everything typed.
 *
 *   static const Form cycle_form = { .fields = FIELDS {
 *       { "name",   "Name",      TEXT(3, 60), .flags = REQUIRED },
 *       { "due",    "Due after", INT(1, 90),  .flags = REQUIRED, .suffix = "days" },
 *       {0} } };
 *
 *   GET:   FormView *v = form_show(r, "form", &cycle_form, "/bx/cycles"); form_text(v, "name", row->name); page(r,
 * "layout/form");
 *   POST:  Input *in = form_read(r, &cycle_form); if (taken) problem(r, "name", "%s is taken.", ...); problems_end(r);
 *          db_run(..., in_text(in, "name"), in_int(in, "due"));  go(r, ...);
 *
 * Only declared fields exist; others are ignored, one sent twice is refused. Labels, hints and texts shown to people
 * stand in the messages, so a declared field has its name and type only: "<form>.<field>" (see form.name) or, for what
 * is called the same everywhere, "field.<field>"; "<form>.<field>.hint", "<form>.<field>.chars" (what to say of other
 * characters), "<form>.<field>.<value>" of a choice, "<form>.title", "<form>.intro", "<form>.submit". Words in the
 * table are what stands there when the messages have nothing. What looks like a card number in a long text is masked as
 * it is read (S24: none ever reaches us).
 */
#ifndef LIB_FORM_H
#define LIB_FORM_H

#include "lib/db.h"
#include "lib/req.h"

struct Resource;

typedef enum FieldType {
    FIELD_END, FIELD_TEXT, FIELD_LONG, FIELD_INT, FIELD_MONEY, FIELD_QTY, FIELD_PRICE, FIELD_PERCENT, FIELD_READING,
        FIELD_DATE,
    FIELD_BOOL, FIELD_CHOICE, FIELD_CHOICES, FIELD_REF, FIELD_EMAIL, FIELD_PHONE, FIELD_PASSWORD, FIELD_CODE,
        FIELD_HIDDEN, FIELD_FILE,
    FIELD_MONTH, FIELD_URL, FIELD_CLOCK,
} FieldType;

/* A fixed list of values: { value, label }, ended by {0}. Label: a message's key ("ui.yes"); NULL: state.<value>. */
typedef struct Choice { const char *value, *label; } Choice;

enum FieldFlags {
    REQUIRED = 1, UNIQUE = 2, LIST = 4, SEARCH = 8, FILTER = 16, SORT = 32,
    FIXED    = 64,      /* set when created, shown but never changed afterwards */
    DERIVED  = 128,     /* shown in lists only, never read from the form */
    SECRET   = 256,     /* never shown again, *** in the audit */
    UPPER    = 512,     /* stored in upper case */
    SUM      = 2048,    /* of a listed amount: the sum of all rows of the filter stands at the foot */
    AS_IS    = 4096,    /* text for machines (GeoJSON, documents): nothing in it is taken for a card number */
    SEARCH_START = 1024,/* searched by its beginning only (an index serves that) */
};

typedef struct Field {
    const char   *name;             /* of form field and column */
    const char   *label;            /* NULL: it stands in the messages */
    FieldType     type;
    /* characters, or the least and greatest value in the type's own unit; both 0: the type's default */
    int64_t       min, max;
    const Choice *choices;
    const struct Resource *ref;
    const char   *chars;            /* allowed characters as in a bracket expression: "0-9.-" */
    const char   *chars_text;       /* what to say otherwise: "Use digits, points and dashes." */
    unsigned      flags;
    const char   *hint, *prefix, *suffix, *width, *autocomplete;
    const char   *initial;          /* value of a new form, as typed */
    const char   *column;           /* SQL of the value when it is not the column of the field's name (lists) */
    const char   *options;          /* of a resource's CHOICE or CHOICES without .choices: fixed SQL giving value and
                                       label; one ? = the utility */
} Field;

#define FIELDS              (const Field[])
#define TEXT(min_, max_)    .type = FIELD_TEXT, .min = (min_), .max = (max_)
#define LONG_TEXT(min_, max_) .type = FIELD_LONG, .min = (min_), .max = (max_)
#define INT(min_, max_)     .type = FIELD_INT, .min = (min_), .max = (max_)
#define MONEY(min_, max_)   .type = FIELD_MONEY, .min = (min_), .max = (max_)       /* minor units */
#define QTY(min_, max_)     .type = FIELD_QTY, .min = (min_), .max = (max_)         /* millionths */
#define PRICE(min_, max_)   .type = FIELD_PRICE, .min = (min_), .max = (max_)
#define PERCENT(min_, max_) .type = FIELD_PERCENT, .min = (min_), .max = (max_)     /* ppm: 5 % = 50000 */
#define READING(min_, max_) .type = FIELD_READING, .min = (min_), .max = (max_)
#define DATE_FIELD          .type = FIELD_DATE
#define MONTH_FIELD         .type = FIELD_MONTH
#define BOOL                .type = FIELD_BOOL
#define CHOICE(list_)       .type = FIELD_CHOICE, .choices = (list_)
#define CHOICES(list_)      .type = FIELD_CHOICES, .choices = (list_)
#define REF(resource_)      .type = FIELD_REF, .ref = &(resource_)
#define EMAIL               .type = FIELD_EMAIL, .max = 254
#define PHONE               .type = FIELD_PHONE, .max = 20
#define PASSWORD            .type = FIELD_PASSWORD, .max = 128
#define CODE(digits)        .type = FIELD_CODE, .min = (digits), .max = (digits)
#define HIDDEN(max_)        .type = FIELD_HIDDEN, .max = (max_)
#define FILE_FIELD          .type = FIELD_FILE

typedef struct Form {
    const char  *name;              /* for messages; may be NULL */
    const Field *fields;
    const char  *title, *intro, *submit;
} Form;

/* --- reading ------------------------------------------------------------------------------------------------------ */
typedef struct Value { const Field *field; bool given; Kind kind; int64_t n; const char *text; size_t count;
                       const char *const *texts; } Value;
typedef struct Input { Req *r; const Form *form; size_t n; Value *v; int64_t row_version; } Input;

/* Reads and checks every field; what is wrong is collected as problems (one a field). Never fails itself but for a
 * field sent twice (INVALID). The caller adds its own problems and calls problems_end(). */
Input *form_read(Req *r, const Form *form);
/* Values by the field's name; what was not given is NULL, 0, NONE.
 * A wrong name aborts. in_text also gives the chosen value. */
const char *in_text (const Input *in, const char *name);
int64_t     in_int  (const Input *in, const char *name);
Money       in_money(const Input *in, const char *name);
Quantity    in_qty  (const Input *in, const char *name);
Price       in_price(const Input *in, const char *name);
int64_t     in_ppm  (const Input *in, const char *name);
Reading     in_reading(const Input *in, const char *name);
Date        in_date (const Input *in, const char *name);        /* of a month field: its first day */
bool        in_bool (const Input *in, const char *name);
Id          in_ref  (const Input *in, const char *name);        /* the row id the sent key stands for */
bool        in_given(const Input *in, const char *name);
Texts       in_texts(Input *in, const char *name);              /* of CHOICES; in_text: the same as a JSON list */
Value      *in_value(const Input *in, const char *name);
Bind        in_bind (const Input *in, const char *name);        /* as a parameter; NULL when not given */

/* --- showing ------------------------------------------------------------------------------------------------------ */
typedef struct FormView FormView;
/* Puts the form into the data set at `at` ("form"); action is a path of this scope. When the request is this form's
 * refused POST (of "X/check" also that of the confirmation, "X"), typed values and messages are shown, and form_*
 * below change nothing. */
FormView *form_show (Req *r, const char *at, const Form *form, const char *action);
void form_text   (FormView *v, const char *name, const char *value);
void form_int    (FormView *v, const char *name, int64_t value);
void form_money  (FormView *v, const char *name, Money value);
void form_qty    (FormView *v, const char *name, Quantity value);
void form_price  (FormView *v, const char *name, Price value);
void form_ppm    (FormView *v, const char *name, int64_t value);
void form_date   (FormView *v, const char *name, Date value);
void form_bool   (FormView *v, const char *name, bool value);
/* The values of a row: columns named like fields, NULLs empty. REF fields want the key text under the field's name.
 * When the form is shown again and a column row_version says that the row was changed meanwhile, both values stand side
 * by side and the next try overwrites; columns updated_at and updated_by_name say when and who. */
void form_columns(FormView *v, const DbColumn *columns, int n);
/* The same of the row that a statement gives: form_row(v, "select name, row_version, updated_at ...", id). */
#define form_row(v, sql, ...) form_row_((v), DB_SITE(DB_SITE_SHOW, NULL, sql, DB_COUNT(__VA_ARGS__)), \
                                        DB_BINDS(__VA_ARGS__))
void form_row_(FormView *v, const DbSite *site, const Bind *binds, int n);
/* One more option of a select, in order; before it the declared choices stand. */
void form_option (FormView *v, const char *name, const char *value, const char *label);
/* Something of the field's node: form_set(v, "amount", "hint", "At most $50.00"). */
void form_set    (FormView *v, const char *name, const char *attribute, const char *value);
/* Values kept as they were typed (drafts of wizards, rows of a file): all fields at once; secrets are left out. */
void form_typed  (FormView *v, const Params *typed);
/* What form_read() makes of kept values: problems are collected in the request as always. */
Input *form_read_kept(Req *r, const Form *form, const Params *typed);
void form_version(FormView *v, int64_t row_version);
bool form_again  (const FormView *v);
/* The path under the data set: form_at(v, "submit"). */
const char *form_at(FormView *v, const char *what);

/* What is wrong with `text` as a value of the field, in the user's
 * words, or NULL; *value is filled. For resources' imports too. */
const char *field_check(Req *r, const Field *field, const char *text, Value *value);
/* A stored value as it is typed (dates in the organization's format, money without currency). */
const char *field_typed(Req *r, const Field *field, const DbColumn *column);
const char *field_label(Req *r, const Form *form, const Field *field);

#endif
