<?cs # The choice of the language: choices.N.{code,text,url,current}. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-cb"><?cs
  each:x = choices ?><form method="post" action="<?cs var:url_validate(x.url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn<?cs if:x.current ?> primary<?cs /if ?>" lang="<?cs var:x.code ?>"><?cs var:x.text ?></button></form><?cs /each ?></div></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
