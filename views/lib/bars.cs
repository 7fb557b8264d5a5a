<?cs # bars(set): figures by kind; set.N.{label,value,pct,url,tone}, pct 0 to 100 of the longest. ?><?cs
def:bars(set) ?><ul class="s-bars"><?cs each:b = set ?><li><span><?cs if:b.url ?><a href="<?cs var:url_validate(b.url) ?>"><?cs var:b.label ?></a><?cs
  else ?><?cs var:b.label ?><?cs /if ?></span><strong class="num"><?cs var:b.value ?></strong><svg class="s-bar <?cs var:b.tone
  ?>" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="8"/><rect class="v" width="<?cs var:b.pct ?>" height="8"/></svg></li><?cs
  /each ?></ul><?cs /def ?>
