<?cs # note(n): tone (ok warn bad info hold off), strong, text, url (of strong), icon, role (alert: read aloud), action. notes(set): several. ?><?cs
def:note(n) ?><div class="s-note <?cs var:n.tone ?>"<?cs if:n.role ?> role="<?cs var:n.role ?>"<?cs /if ?>><?cs
  if:n.icon ?><?cs call:icon(n.icon) ?><?cs elif:n.tone == "ok" ?><?cs call:icon("done") ?><?cs elif:n.tone == "info" || !n.tone ?><?cs call:icon("info") ?><?cs
  else ?><?cs call:icon("alert") ?><?cs /if ?><p><?cs if:n.strong ?><strong><?cs if:n.url ?><a href="<?cs var:url_validate(n.url) ?>"><?cs var:n.strong ?></a><?cs else ?><?cs var:n.strong ?><?cs /if ?></strong> <?cs /if ?><?cs var:n.text ?></p><?cs
  if:n.action.text ?><?cs call:action(n.action) ?><?cs /if ?></div><?cs /def ?><?cs
def:notes(set) ?><?cs each:x = set ?><?cs call:note(x) ?><?cs /each ?><?cs /def ?>
