<?cs # pager(l): foot of a list: l.range, l.sizes.N.{text,url,current}, l.prev, l.next, l.export_url, l.import_url. ?><?cs
def:pager(l) ?><nav class="s-foot" aria-label="<?cs var:t.ui.pages ?>" hx-boost="true"><p class="num"><?cs var:l.range ?></p><?cs
  if:subcount(l.sizes) ?><ul class="s-sizes"><?cs each:x = l.sizes ?><li><a href="<?cs var:url_validate(x.url) ?>"<?cs if:x.current ?> aria-current="true"<?cs /if
    ?>><?cs var:x.text ?><span class="vh"> <?cs var:t.ui.per_page ?></span></a></li><?cs /each ?></ul><?cs /if ?><div class="s-acts"><?cs
  if:l.export_url ?><a class="btn small" href="<?cs var:url_validate(l.export_url) ?>" hx-boost="false"><?cs call:icon("download") ?><span><?cs var:t.ui.export ?></span></a><?cs /if ?><?cs
  if:l.import_url ?><a class="btn small" href="<?cs var:url_validate(l.import_url) ?>" hx-boost="false"><?cs call:icon("upload") ?><span><?cs var:t.ui.import ?></span></a><?cs /if ?><?cs
  if:l.prev ?><a class="btn small" rel="prev" href="<?cs var:url_validate(l.prev) ?>"><?cs var:t.ui.previous ?></a><?cs /if ?><?cs
  if:l.next ?><a class="btn small" rel="next" href="<?cs var:url_validate(l.next) ?>"><?cs var:t.ui.next ?></a><?cs /if ?></div></nav><?cs /def ?>
