<?cs # One role: its rights as a matrix, name and department, who holds it, which pages open. matrix.groups.N.{title,key,all.K,rows.M.{label,key,sensitive,cells.K.{on,changed,says}}},
     # matrix.actions.K, form (when it may be edited), fixed (why not), holders (links), pages.N. Without script the ticks at the head of a column tick all of it when saved. ?><?cs
include!"lib/ui.cs" ?><?cs
def:right_cell(x) ?><td class="c-tick2<?cs if:x.changed ?> changed<?cs /if ?>"><?cs
  if:form.action ?><input type="checkbox" name="p" value="<?cs var:x ?>" aria-label="<?cs var:x.says ?><?cs if:x.changed ?>, <?cs var:t.role.changed ?><?cs /if ?>"<?cs if:x.on ?> checked<?cs /if ?>><?cs
  elif:x.on ?><?cs call:icon("check") ?><span class="vh"><?cs var:t.ui.yes ?></span><?cs else ?><span class="vh"><?cs var:t.ui.no ?></span><?cs /if ?></td><?cs /def ?><?cs
def:matrix() ?><div class="s-tw" tabindex="0" role="region" aria-label="<?cs var:t.role.rights_title ?>"><table class="s-t s-rights" data-ticks><thead><tr><th scope="col"><?cs var:t.role.resource ?></th><?cs
  each:a = matrix.actions ?><th scope="col" class="c-tick2"><span><?cs var:a ?></span><?cs if:form.action ?><input type="checkbox" name="all" value="<?cs var:a.key ?>" aria-label="<?cs var:a ?>: <?cs var:t.ui.all ?>"><?cs /if ?></th><?cs /each ?></tr></thead><?cs
  each:g = matrix.groups ?><tbody><tr class="r-group"><th scope="rowgroup"><?cs var:g.title ?></th><?cs
    each:a = g.all ?><td class="c-tick2"><?cs if:form.action ?><input type="checkbox" name="all" value="<?cs var:a ?>" aria-label="<?cs var:a.says ?>: <?cs var:t.ui.all ?>"><?cs /if ?></td><?cs /each ?></tr><?cs
    each:w = g.rows ?><tr><th scope="row"><?cs var:w.label ?><?cs if:w.sensitive ?> <span class="s-b warn"><?cs var:t.role.sensitive ?></span><?cs /if ?></th><?cs each:x = w.cells ?><?cs call:right_cell(x) ?><?cs /each ?></tr>
<?cs /each ?></tbody><?cs /each ?></table></div><?cs /def ?><?cs
def:people() ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.role.users_title ?></h2><span class="sub"><?cs var:holders_count ?></span></div><?cs
  if:subcount(holders) ?><?cs call:links(holders) ?><?cs else ?><div class="s-cb"><p class="sub"><?cs var:t.role.no_users ?></p></div><?cs /if ?></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.role.pages_title ?></h2></div><div class="s-cb"><?cs
  if:subcount(pages) ?><ul class="s-paths"><?cs each:p = pages ?><li><code><?cs var:p ?></code></li><?cs /each ?></ul><?cs else ?><p class="sub"><?cs var:t.role.no_pages ?></p><?cs /if ?></div></section><?cs /def ?><?cs
def:content() ?><?cs call:conflict(form.conflict) ?><div class="s-two s-wide"><div><?cs
  if:form.action ?><?cs call:form_start(form) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.role.data_title ?></h2></div><div class="s-cb"><?cs call:fields(form.fields) ?></div></section>
<section class="s-card"><div class="s-ch"><div><h2><?cs var:t.role.rights_title ?></h2><?cs if:legend ?><p class="sub"><?cs var:legend ?></p><?cs /if ?></div></div><?cs call:matrix() ?></section>
<div class="s-save"><?cs call:form_buttons(form) ?></div><?cs call:form_end() ?><?cs
  else ?><p class="s-note info"><?cs call:icon("info") ?><span><?cs var:fixed ?></span></p><?cs if:description ?><p><?cs var:description ?></p><?cs /if ?>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.role.rights_title ?></h2></div><?cs call:matrix() ?></section><?cs /if ?></div><div class="side"><?cs call:people() ?></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
