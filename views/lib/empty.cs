<?cs # empty(e): e.{title,text,icon,action}: what belongs here, why it is empty, one action. ?><?cs
def:empty(e) ?><div class="s-empty"><?cs if:e.icon ?><?cs call:icon(e.icon) ?><?cs else ?><?cs call:icon("search") ?><?cs /if
  ?><p><strong><?cs var:e.title ?></strong></p><?cs if:e.text ?><p><?cs var:e.text ?></p><?cs /if ?><?cs
  if:e.action.text ?><?cs call:action(e.action) ?><?cs /if ?></div><?cs /def ?>
