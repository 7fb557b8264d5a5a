<?cs # note(n): tone (ok warn bad info hold off), strong, text, icon, action. notes(set): several. ?><?cs
def:note(n) ?><div class="s-note <?cs var:n.tone ?>"><?cs
  if:n.icon ?><?cs call:icon(n.icon) ?><?cs elif:n.tone == "ok" ?><?cs call:icon("done") ?><?cs elif:n.tone == "info" || !n.tone ?><?cs call:icon("info") ?><?cs
  else ?><?cs call:icon("alert") ?><?cs /if ?><p><?cs if:n.strong ?><strong><?cs var:n.strong ?></strong> <?cs /if ?><?cs var:n.text ?></p><?cs
  if:n.action.text ?><?cs call:action(n.action) ?><?cs /if ?></div><?cs /def ?><?cs
def:notes(set) ?><?cs each:x = set ?><?cs call:note(x) ?><?cs /each ?><?cs /def ?>
