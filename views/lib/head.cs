<?cs # crumbs(set): set.N.{text,url}. page_head(p): H1 (p.title), p.sub, p.actions. Shells call both. ?><?cs
def:crumbs(set) ?><?cs if:subcount(set) ?><nav class="s-crumb" aria-label="<?cs var:t.ui.crumbs ?>"><ol><?cs
  each:c = set ?><li><?cs if:c.url ?><a href="<?cs var:url_validate(c.url) ?>"><?cs var:c.text ?></a><?cs else ?><span aria-current="page"><?cs
  var:c.text ?></span><?cs /if ?></li><?cs /each ?></ol></nav><?cs /if ?><?cs /def ?><?cs
def:page_head(p) ?><div class="s-head"><div><h1><?cs var:p.title ?></h1><?cs if:p.sub ?><p><?cs var:p.sub ?></p><?cs /if ?></div><?cs
  call:actions(p.actions) ?></div><?cs /def ?>
