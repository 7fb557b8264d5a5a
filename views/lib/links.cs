<?cs # links(set): rows to press; set.N.{text,sub,right,right_sub,url,icon,tone,word}. tiles(set): big buttons with an icon; set.N.{text,url,icon}. ?><?cs
def:links(set) ?><ul class="s-links"><?cs each:x = set ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs if:x.icon ?><?cs call:icon(x.icon) ?><?cs /if ?><span><strong><?cs var:x.text ?></strong><?cs
  if:x.sub ?><span class="sub"><?cs var:x.sub ?></span><?cs /if ?></span><?cs if:x.right || x.right_sub || x.word ?><span class="r"><?cs if:x.right ?><strong class="num"><?cs var:x.right ?></strong><?cs /if ?><?cs
  if:x.right_sub ?><span class="sub"><?cs var:x.right_sub ?></span><?cs /if ?><?cs if:x.word ?><?cs call:badge(x.tone, x.word) ?><?cs /if ?></span><?cs /if ?><?cs call:icon("right") ?></a></li><?cs /each ?></ul><?cs /def ?><?cs
def:tiles(set) ?><ul class="s-tiles"><?cs each:x = set ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs call:icon(x.icon) ?><span><?cs var:x.text ?></span></a></li><?cs /each ?></ul><?cs /def ?>
