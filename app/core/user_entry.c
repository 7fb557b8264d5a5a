/*
 * People of the staff as rows of files (ONB02US03, ONB04US01): the rules of a row, once for the page that invites from
 * a file and for data migration, and the migration of people. Each is invited exactly as by the form; the seats of the
 * subscription are counted before anybody is.
 */
#include <string.h>

#include "app/core/import.h"
#include "app/core/pages.h"
#include "app/core/role.h"
#include "app/core/sign_in.h"
#include "app/core/user.h"
#include "app/platform/platform.h"
#include "lib/date.h"
#include "lib/messages.h"
#include "lib/utf8.h"

/* --- the rules ---------------------------------------------------------------------------------------------------- */

#define KNOWN(F, T) F(T, int, row_no) F(T, const char *, status)
ROW(Known, KNOWN)

/* Addresses and employee numbers of people who are there, in any utility. */
static void known_people(Ctx *c, Faults *to, const UserEntry *v, size_t n, const char *const *emails) {
    Knowns l = db_all(c, Known, "select j.row_no, u.status from json_table(?, '$[*]' columns (row_no int path '$[0]', "
                                "value varchar(254) path '$[1]')) j straight_join user u on u.email = j.value",
                      json_keys(c, emails, n));
    for (size_t i = 0; i < l.n; i++) {
        const char *status = l.v[i].status;
        fault_with(fault_add(to, (size_t)l.v[i].row_no, FAULT_THERE, "email",
                             !strcmp(status, "inactive") ? "invite.exists_inactive" : "invite.exists"),
                   "status", msg(c->language, text(c, "state.%s", status)));
    }
    const char **numbers = take_n(c, const char *, n + 1);
    for (size_t i = 0; i < n; i++) numbers[i] = v[i].employee_no;
    l = db_all(c, Known, "select j.row_no, u.status from json_table(?, '$[*]' columns (row_no int path '$[0]', "
                         "value varchar(20) path '$[1]')) j straight_join user u on u.employee_no = j.value",
               json_keys(c, numbers, n));
    for (size_t i = 0; i < l.n; i++)
        fault_with(fault_add(to, (size_t)l.v[i].row_no, FAULT_THERE, "employee_no", "user.employee_taken"), "no",
                   numbers[l.v[i].row_no]);
    size_t *first = first_with_key(&c->mem, emails, n), *first_no = first_with_key(&c->mem, numbers, n);
    for (size_t i = 0; i < n; i++) {
        if (emails[i] && first[i] != i) fault_add(to, i, FAULT_TWICE, "email", "user.import.twice");
        if (numbers[i] && first_no[i] != i)
            fault_with(fault_add(to, i, FAULT_TWICE, "employee_no", "user.employee_taken"), "no", numbers[i]);
    }
}

/* What keeps the role from being given; kind 0: nothing. */
static Fault role_given(Ctx *c, const char *code, const RightSet *held, NewUser *u) {
    RoleRow *role = role_find(c, code);
    if (!role || !role_is_given(role))
        return (Fault){ .kind = FAULT_UNKNOWN, .key = "invite.no_role", .with = { { "role", code } } };
    RightSet wanted = role_rights(c, role->id);
    u->role = role->id, u->role_utility = role->utility_id;
    if (!grant_refused(NULL, 0, wanted.v, wanted.n, held->v, held->n).key) return (Fault){ 0 };
    return (Fault){ .kind = FAULT_RULE, .key = "role.grant_own" };
}

static Id department_named(Ctx *c, const char *name) {
    return db_id(c, "select id from department where utility_id = ? and name = ? and active = 1", c->utility, name);
}

static Id area_coded(Ctx *c, const char *code) {
    return db_id(c, "select id from service_area where utility_id = ? and code = ? and status = 'active'", c->utility,
                 code);
}

/* Where one of a few names stands: asked once for each. */
static void place(Ctx *c, Faults *to, const UserEntry *v, size_t n, const RightSet *held, NewUser *u) {
    const char **role = take_n(c, const char *, n + 1), **department = take_n(c, const char *, n + 1),
               **area = take_n(c, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        role[i] = v[i].role_code, department[i] = v[i].department, area[i] = v[i].area_code;
    size_t *as_role = first_with_key(&c->mem, role, n), *in = first_with_key(&c->mem, department, n),
           *at = first_with_key(&c->mem, area, n);
    Fault *no_role = take_n(c, Fault, n + 1);
    for (size_t i = 0; i < n; i++) {
        no_role[i] = !role[i] ? (Fault){ 0 } : as_role[i] == i ? role_given(c, role[i], held, &u[i])
            : no_role[as_role[i]];
        if (as_role[i] != i) u[i].role = u[as_role[i]].role, u[i].role_utility = u[as_role[i]].role_utility;
        if (no_role[i].kind) {
            Fault *f = fault_add(to, i, no_role[i].kind, "role_code", no_role[i].key);
            f->with[0] = no_role[i].with[0];
        }
        if (department[i])
            u[i].department = in[i] == i ? department_named(c, department[i]) : u[in[i]].department;
        if (department[i] && !u[i].department.id)
            fault_with(fault_add(to, i, FAULT_UNKNOWN, "department", "user.import.no_department"), "department",
                       department[i]);
        if (area[i]) u[i].area = at[i] == i ? area_coded(c, area[i]) : u[at[i]].area;
        if (area[i] && !u[i].area.id)
            fault_with(fault_add(to, i, FAULT_UNKNOWN, "area_code", "invite.no_area"), "area", area[i]);
    }
}

Faults users_check(Ctx *c, const UserEntry *v, size_t n, const RightSet *held, int64_t room, NewUser *to) {
    Faults all = faults_start(c);
    const char **emails = take_n(c, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        emails[i] = v[i].email ? email_lower(&c->mem, v[i].email) : NULL;
        to[i] = (NewUser){ .full_name = v[i].full_name, .email = v[i].email, .phone = v[i].phone,
                           .employee_no = v[i].employee_no, .from = DATE_NONE, .to = DATE_NONE };
        if (emails[i] && !email_is_valid(emails[i])) fault_add(&all, i, FAULT_TYPE, "email", "lib.form.email");
        if (v[i].full_name && utf8_length(v[i].full_name) < 2)
            fault_add(&all, i, FAULT_RULE, "full_name", "user.import.short_name");
    }
    known_people(c, &all, v, n, emails);
    place(c, &all, v, n, held, to);
    for (size_t i = 0; i < n; i++)
        if (!fault_of_row(&all, i) && room-- <= 0)
            fault_add(&all, i, FAULT_RULE, NULL, "user.import.no_seat");
    return all;
}

/* --- migration ---------------------------------------------------------------------------------------------------- */

static const ImportColumn columns[] = {
    { "email",       IMPORT_TEXT, IMPORT_REQUIRED | IMPORT_KEY, 80, .example = "ana.ruiz@example.com",
      .also = "mail email_address e_mail", .guide = "The invitation goes there; the link is good for 72 hours" },
    { "full_name",   IMPORT_TEXT, IMPORT_REQUIRED, 120, .example = "Ana Ruiz", .also = "name" },
    { "phone",       IMPORT_PHONE, .example = "+15035550123", .also = "telephone mobile" },
    { "department",  IMPORT_TEXT, IMPORT_REQUIRED, 80, .example = "Customer Service", .guide = "Its name" },
    { "role_code",   IMPORT_TEXT, IMPORT_REQUIRED, 40, .example = "cashier", .also = "role",
      .guide = "Code of a role; only with rights that you hold" },
    { "area_code",   IMPORT_TEXT, IMPORT_UPPER, 20, .example = "", .also = "area",
      .guide = "Empty: all of the utility" },
    { "employee_no", IMPORT_TEXT, .max = 20, .example = "E-1042", .also = "employee_id personnel_no staff_no" },
    { 0 } };

static NewUser *users_of(Ctx *c, const ImportSet *s, int64_t room, Faults *to) {
    UserEntry *v = take_n(c, UserEntry, s->n + 1);
    NewUser *u = take_n(c, NewUser, s->n + 1);
    for (size_t i = 0; i < s->n; i++)
        v[i] = (UserEntry){ import_text(s, i, "full_name"), import_text(s, i, "email"), import_text(s, i, "phone"),
                            import_text(s, i, "department"), import_text(s, i, "role_code"),
                            import_text(s, i, "area_code"), import_text(s, i, "employee_no") };
    RightSet held = rights_held_by(c, s->by);
    *to = users_check(c, v, s->n, &held, room, u);
    return u;
}

/* A dry run counts the good rows above as if they had their seats. */
static Faults check(Ctx *c, const ImportSet *s) {
    Faults to;
    users_of(c, s, subscription_room(c, "seats") - import_good_above(c, s), &to);
    return to;
}

static Faults bring(Ctx *c, const ImportSet *s, Id *ids) {
    Faults to;
    NewUser *u = users_of(c, s, subscription_room(c, "seats"), &to);
    for (size_t i = 0; i < s->n; i++) ids[i] = fault_of_row(&to, i) ? (Id){ 0 } : user_invite(c, &u[i]).id;
    setup_step_touch(c, "staff_access");
    return to;
}

/* Whoever opened the invitation stays: from then on nobody is deleted (ONB02US03). */
static void revert(Ctx *c, const Id *ids, size_t n, const char **why) {
    ImportStayss l = db_all(c, ImportStays,
        "select j.row_no, if(u.last_login_at is null, 'Has opened the invitation.', 'Has signed in.') as why "
        "from json_table(?, '$[*]' columns (row_no for ordinality, id bigint path '$')) j straight_join user u "
        "on u.id = j.id where u.status not in ('invited', 'invitation_expired', 'revoked') or u.password_hash is not "
        "null", json_ids(c, ids, n));
    import_keep_why(&l, why);
    l = db_all(c, ImportStays,
        "select j.row_no, 'Was edited since.' as why from json_table(?, '$[*]' columns (row_no for ordinality, "
        "id bigint path '$')) j straight_join user u on u.id = j.id where u.status = 'invited' and u.row_version > 1",
        json_ids(c, ids, n));
    import_keep_why(&l, why);
    const char *gone = import_to_go(c, ids, n, why);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join invitation x on "
              "x.user_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join user_role x on "
              "x.user_id=j.id", gone);
    db_run(c, "delete x from json_table(?, '$[*]' columns (id bigint path '$')) j straight_join user x on x.id=j.id",
           gone);
    import_note_gone(c, "user", ids, n, why);
}

static const ImportEntity user_import = { .name = "user", .order = 11, .key = "core.users", .columns = columns,
                                          .check = check, .create = bring, .insert_only = "import.only.user",
    .revert = revert };

extern const ImportEntity document_import;       /* document_import.c */

void core_imports(void) {
    import_register(&user_import);
    import_register(&document_import);
}
