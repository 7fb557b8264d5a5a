/*
 * Documents of consumers and their accounts (CIS01US02, ONB04US01): shown on the history of a consumer, given out as
 * attachments; each look is written down.
 */
#include "app/cis/pages.h"
#include "app/core/core.h"
#include "lib/date.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/page.h"
#include "lib/table.h"
#include "lib/web.h"

enum { SHOWN = 200 };

#define OF_CONSUMER \
    "d.utility_id = ? and d.erased_at is null and ((d.entity = 'consumer' and d.entity_id = ?) or (d.entity = " \
    "'account' and d.entity_id in (select a.id from account a where a.consumer_id = ?)))"

#define PAPER(F, T) F(T, const char *, public_id) F(T, const char *, file_name) F(T, const char *, type) \
    F(T, const char *, account_no) F(T, Time, created_at) F(T, Date, valid_to)
ROW(Paper, PAPER)

void consumer_files_show(Req *r, const char *section, Id consumer, const char *consumer_no) {
    Papers l = db_all(r, Paper,
        "select d.public_id, d.file_name, t.name as type, b.account_no, d.created_at, d.valid_to from document d "
        "left join document_type t on t.id = d.type_id left join account b on d.entity = 'account' "
        "and b.id = d.entity_id where " OF_CONSUMER " order by d.created_at desc, d.id desc limit ?",
        r->c.utility, consumer, consumer, (int)SHOWN);
    if (!l.n) return;
    const Zone *zone = zone_find(utility_here(&r->c)->time_zone);
    const char *title = msg(r->c.language, "cis.consumer.documents");
    show_text(r, text(r, "%s.title", section), title);
    TableView *t = table_start(r, text(r, "%s.table", section), title);
    table_column(t, msg(r->c.language, "cis.consumer.col_document"), "text", "id");
    table_column(t, msg(r->c.language, "cis.consumer.col_type"), "text", "name");
    table_column(t, msg(r->c.language, "cis.consumer.col_account"), "code", NULL);
    table_column(t, msg(r->c.language, "cis.consumer.col_when"), "date", NULL);
    table_column(t, msg(r->c.language, "cis.consumer.col_valid_to"), "date", NULL);
    for (size_t i = 0; i < l.n; i++) {
        const Paper *p = &l.v[i];
        table_row(t, link_path(r, "/cis/consumers/%s/documents/%s", url_part(r, consumer_no), p->public_id));
        table_cell(t, p->file_name);
        table_cell(t, p->type);
        table_cell(t, p->account_no);
        table_date(t, time_date(zone ? zone : zone_utc(), p->created_at));
        table_date(t, p->valid_to);
    }
}

void consumer_file(Req *r) {
    Ctx *c = &r->c;
    Id consumer = consumer_here(r);
    Id file = db_id(c, "select d.id from document d where d.public_id = ? and " OF_CONSUMER, path_text(r, "file"),
                    c->utility, consumer, consumer);
    if (!file.id) fail(c, NOT_FOUND, "There is no such document.");
    const Document *d = document_open(c, file);
    audit_note(c, "view", "document", file, d->file_name, path_text(r, "consumer_no"));
    answer_file(r, d->internal_path, d->mime, d->file_name, true);
}
