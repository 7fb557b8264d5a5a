<?cs # timeline(set): set.N.{day,icon,tone,title,url,time,text,changes.M.{label,was,is},who,action}; newest first, day only on the first of each day. ?><?cs
def:timeline(set) ?><div class="s-tl"><?cs each:e = set ?><?cs
  if:e.day ?><?cs if:!first(e) ?></ol><?cs /if ?><h3><?cs var:e.day ?></h3><ol><?cs elif:first(e) ?><ol><?cs /if
  ?><li><span class="s-ti <?cs var:e.tone ?>"><?cs if:e.icon ?><?cs call:icon(e.icon) ?><?cs else ?><?cs call:icon("history") ?><?cs /if ?></span><div><p><strong><?cs
  if:e.url ?><a href="<?cs var:url_validate(e.url) ?>"><?cs var:e.title ?></a><?cs else ?><?cs var:e.title ?><?cs /if ?></strong> <span class="num sub"><?cs var:e.time ?></span></p><?cs
  if:e.text ?><p><?cs var:e.text ?></p><?cs /if ?><?cs
  if:subcount(e.changes) ?><ul class="s-chg"><?cs each:x = e.changes ?><li><span class="sub"><?cs var:x.label ?></span> <?cs
    if:x.was ?><del><span class="vh"><?cs var:t.ui.was ?> </span><?cs var:x.was ?></del> <?cs call:icon("arrow-right") ?> <?cs /if ?><ins><?cs var:x.is ?></ins></li><?cs /each ?></ul><?cs /if ?><?cs if:e.who ?><p class="sub"><?cs var:e.who ?></p><?cs /if ?><?cs
  if:e.action.text ?><?cs call:action(e.action) ?><?cs /if ?></div></li><?cs if:last(e) ?></ol><?cs /if ?><?cs /each ?></div><?cs /def ?>
