<?cs # record(r): head of one record: title, status.{tone,text}, badges.N, initials, lines.N.{icon,text,url}, amount.{label,text,tone,word},
     # facts.N (row below), moves.N and more actions. The title is the page's H1. ?><?cs
def:record(r, title) ?><section class="s-card s-rec"><div class="s-rh"><?cs if:r.initials ?><span class="s-av" aria-hidden="true"><?cs var:r.initials ?></span><?cs /if ?><div class="s-rt"><h1><span><?cs var:title ?></span><?cs
  if:r.status.text ?> <?cs call:badge(r.status.tone, r.status.text) ?><?cs /if ?><?cs each:b = r.badges ?> <?cs call:badge(b.tone, b.text) ?><?cs /each ?></h1><?cs
  if:subcount(r.lines) ?><ul><?cs each:l = r.lines ?><li><?cs if:l.icon ?><?cs call:icon(l.icon) ?><?cs /if ?><?cs if:l.url ?><a href="<?cs var:url_validate(l.url) ?>"><?cs var:l.text ?></a><?cs
  else ?><span class="num"><?cs var:l.text ?></span><?cs /if ?></li><?cs /each ?></ul><?cs /if ?></div><?cs
  if:r.amount.text || subcount(r.moves) ?><div class="s-ra"><?cs if:r.amount.text ?><p class="sub"><?cs var:r.amount.label ?></p><p class="s-amt num"><?cs var:r.amount.text ?></p><?cs
  if:r.amount.word ?><p><?cs call:badge(r.amount.tone, r.amount.word) ?></p><?cs /if ?><?cs /if ?><?cs call:actions(r.moves) ?></div><?cs /if ?></div><?cs call:facts_row(r.facts) ?></section><?cs /def ?>
