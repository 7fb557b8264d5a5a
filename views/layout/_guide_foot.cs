<?cs # _guide_foot.cs: what is missing in a step, its acts, back and next; see _guide_head.cs. ?><?cs if:guide.asks_missing ?><section class="s-card" id="missing"><div class="s-ch"><h2><?cs var:t.setup.guide.missing ?></h2></div><?cs if:subcount(guide.missing) ?><?cs call:links(guide.missing) ?><?cs
  else ?><div class="s-cb"><p><?cs var:t.setup.guide.nothing_missing ?></p></div><?cs /if ?></section><?cs /if ?><?cs
  if:subcount(guide.acts) ?><?cs call:sections(guide.acts) ?><?cs /if ?><nav class="s-acts s-feet" aria-label="<?cs var:t.setup.guide.title ?>"><?cs
  if:guide.back_url ?><a class="btn" href="<?cs var:url_validate(guide.back_url) ?>"><?cs call:icon("left") ?><?cs var:t.setup.guide.back ?></a><?cs /if ?><?cs
  if:guide.next_url ?><a class="btn" href="<?cs var:url_validate(guide.next_url) ?>"><?cs var:t.setup.guide.next ?><?cs call:icon("right") ?></a><?cs /if ?></nav></div></div>
