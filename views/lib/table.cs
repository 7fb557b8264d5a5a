<?cs # table(tb): label, caption, cols.N.{name,label,hidden_label,kind,place,sort_url,aria}, rows.N.{key,ticked,url,tone,cells.M},
     # foot.N (a sum row, like cells), select (tick boxes), plain (no cards on phones), empty.{title,text,icon,action}.
     # A cell's text is its node's own value; children: sub, tone, url, icon, word (read aloud only), title, muted, act. ?><?cs
def:th(c) ?><th scope="col" class="c-<?cs var:c.kind ?>"<?cs if:c.aria ?> aria-sort="<?cs var:c.aria ?>"<?cs /if ?>><?cs
  if:c.hidden_label ?><span class="vh"><?cs var:c.label ?></span><?cs
  elif:c.sort_url ?><a href="<?cs var:url_validate(c.sort_url) ?>"><?cs var:c.label ?><?cs if:c.aria == "ascending" ?><?cs call:icon("arrow-up") ?><?cs
    elif:c.aria == "descending" ?><?cs call:icon("arrow-down") ?><?cs /if ?></a><?cs
  else ?><?cs var:c.label ?><?cs /if ?></th><?cs /def ?><?cs
def:cell_text(c) ?><?cs if:c.icon ?><?cs call:icon(c.icon) ?><?cs /if ?><?cs
  if:c.tone ?><span class="s-b <?cs var:c.tone ?>"><?cs var:c ?></span><?cs elif:c.muted ?><span class="muted"><?cs var:c ?></span><?cs else ?><?cs var:c ?><?cs /if ?><?cs if:c.word ?><span class="vh"><?cs var:c.word ?></span><?cs /if ?><?cs /def ?><?cs
def:cell(c) ?><?cs if:c.url ?><a href="<?cs var:url_validate(c.url) ?>"><?cs call:cell_text(c) ?></a><?cs else ?><?cs call:cell_text(c) ?><?cs /if ?><?cs
  if:c.sub ?><span class="sub"><?cs var:c.sub ?></span><?cs /if ?><?cs if:c.act.text ?><?cs call:action(c.act) ?><?cs /if ?><?cs /def ?><?cs
def:row(tb, r) ?><?cs each:c = r.cells ?><?cs with:k = tb.cols[name(c)] ?><?cs
  if:first(c) ?><th scope="row" class="c-<?cs var:k.kind ?> a-<?cs var:k.place ?>"<?cs if:!k.place && k.kind == "num" ?> data-l="<?cs var:k.label ?>"<?cs /if ?>><?cs
    if:r.url ?><a href="<?cs var:url_validate(r.url) ?>"><?cs call:cell_text(c) ?></a><?cs if:c.sub ?><span class="sub"><?cs var:c.sub ?></span><?cs /if ?><?cs
    else ?><?cs call:cell(c) ?><?cs /if ?></th><?cs
  else ?><td class="c-<?cs var:k.kind ?> a-<?cs var:k.place ?>"<?cs if:!k.place ?> data-l="<?cs var:k.label ?>"<?cs /if ?><?cs
    if:c.title ?> title="<?cs var:c.title ?>"<?cs /if ?>><?cs call:cell(c) ?></td><?cs /if ?><?cs /with ?><?cs /each ?><?cs /def ?><?cs
def:table(tb) ?><?cs if:subcount(tb.rows) ?><div class="s-tw" tabindex="0" role="region" aria-label="<?cs var:tb.label ?>"><table class="s-t<?cs if:!tb.plain ?> s-stack<?cs /if ?>"><?cs
  if:tb.caption ?><caption><?cs var:tb.caption ?></caption><?cs /if ?><thead><tr><?cs
  if:tb.select ?><th class="c-tick" scope="col"><label class="tick" hidden><input type="checkbox" data-all aria-label="<?cs var:t.ui.choose_page ?>"></label><span class="vh"><?cs var:t.ui.choose ?></span></th><?cs /if ?><?cs
  each:k = tb.cols ?><?cs call:th(k) ?><?cs /each ?></tr></thead>
<tbody><?cs each:r = tb.rows ?><tr<?cs if:r.tone ?> class="r-<?cs var:r.tone ?>"<?cs /if ?>><?cs
  if:tb.select ?><td class="c-tick"><label class="tick"><input type="checkbox" name="ids" value="<?cs var:r.key ?>" aria-label="<?cs var:t.ui.choose ?> <?cs var:r.cells.0 ?>"<?cs
    if:r.ticked ?> checked<?cs /if ?>></label></td><?cs /if ?><?cs call:row(tb, r) ?></tr>
<?cs /each ?></tbody><?cs
  if:subcount(tb.foot) ?><tfoot><tr><?cs if:tb.select ?><td></td><?cs /if ?><?cs each:c = tb.foot ?><?cs with:k = tb.cols[name(c)] ?><td class="c-<?cs var:k.kind ?>"<?cs
    if:c && !first(c) ?> data-l="<?cs var:k.label ?>"<?cs /if ?>><?cs call:cell(c) ?></td><?cs /with ?><?cs /each ?></tr></tfoot><?cs /if ?></table></div><?cs
  elif:tb.empty.title ?><?cs call:empty(tb.empty) ?><?cs /if ?><?cs /def ?>
