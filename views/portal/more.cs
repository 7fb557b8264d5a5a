<?cs # Everything else: rows (links), signout.{url,text}. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><?cs call:links(rows) ?></section><form method="post" action="<?cs var:url_validate(signout.url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn"><?cs var:signout.text ?></button></form><?cs /def ?><?cs
include!"layout/portal.cs" ?>
