<?cs # tabs(set, label): links, one URL each; set.N.{text,url,current,count,count_text}. ?><?cs
def:tabs(set, label) ?><?cs if:subcount(set) ?><nav class="s-tabs" aria-label="<?cs var:label ?>"><ul><?cs
  each:x = set ?><li><a href="<?cs var:url_validate(x.url) ?>"<?cs if:x.current ?> aria-current="page"<?cs /if ?>><?cs var:x.text ?><?cs
  if:x.done ?> <?cs call:icon("done") ?><span class="vh"> <?cs var:t.ui.done ?></span><?cs /if ?><?cs
  call:count(x) ?></a></li><?cs /each ?></ul></nav><?cs /if ?><?cs /def ?>
