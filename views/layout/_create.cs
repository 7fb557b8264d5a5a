<?cs # _create.cs: the menu New: create.N.{text,url}. ?><?cs
if:subcount(create) ?><details class="s-menu s-new"><summary class="btn quiet"><?cs call:icon("plus") ?><span><?cs var:t.layout.new ?></span></summary><ul class="s-pop"><?cs
each:x = create ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?></ul></details><?cs /if ?>