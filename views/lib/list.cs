<?cs # list(l): a whole list in a card: head with saved filters, filters, bulk bar, table, foot; docs/templates.md section 6.
     # Only #list is swapped by htmx; every link and form works without it. ?><?cs
def:list(l) ?><section class="s-card" id="list" hx-target="#list" hx-select="#list" hx-swap="outerHTML"><?cs
  if:l.title || subcount(l.views) || l.save_view_url ?><div class="s-ch"><h2><?cs if:l.title ?><?cs var:l.title ?><?cs else ?><span class="vh"><?cs var:l.many ?></span><?cs /if ?></h2><?cs call:views(l) ?></div><?cs /if ?><?cs
  call:filters(l) ?><?cs
  if:subcount(l.sums) ?><dl class="s-row"><?cs each:s = l.sums ?><div><dt><?cs var:s.label ?></dt><dd class="num"><?cs var:s.text ?></dd></div><?cs /each ?></dl><?cs /if ?><?cs
  if:subcount(l.rows) ?><?cs call:bulk_start(l) ?><?cs call:table(l) ?><?cs call:bulk_end(l) ?><?cs call:pager(l) ?><?cs
  else ?><?cs call:empty(l.empty) ?><?cs if:l.import_url || l.prev ?><?cs call:pager(l) ?><?cs /if ?><?cs /if ?></section><?cs /def ?>
