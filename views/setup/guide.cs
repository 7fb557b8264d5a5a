<?cs # The guided set-up: guide.{overall,phases.N.{title,percent,steps.M.{text,url,key,state,tone,percent,owner,must,changed,current}}}; of the step
     # guide.{title,what,state,changed,comment,reason,open_url,missing,checks,back_url,next_url}, forms in show.sections. ?><?cs
include!"lib/ui.cs" ?><?cs
def:stepper() ?><nav class="s-card s-guide" aria-label="<?cs var:t.setup.guide.steps ?>"><?cs each:p = guide.phases ?><h2><?cs var:p.title ?> <span class="num"><?cs var:p.percent ?></span></h2><ol><?cs
  each:s = p.steps ?><li><a href="<?cs var:url_validate(s.url) ?>"<?cs if:s.current ?> aria-current="step"<?cs /if ?>><strong><?cs var:s.text ?></strong><span class="num"><?cs var:s.percent ?></span><span class="sub"><?cs
  call:badge(s.tone, s.state) ?> <?cs var:s.must ?>, <?cs var:s.owner ?></span><?cs if:s.changed ?><span class="sub"><?cs var:s.changed ?></span><?cs /if ?></a></li><?cs /each ?></ol><?cs /each ?></nav><?cs /def ?><?cs
def:item(x) ?><li><?cs if:x.url ?><a href="<?cs var:url_validate(x.url) ?>"><?cs /if ?><span><strong><?cs var:x.text ?></strong><?cs if:x.sub ?><span class="sub"><?cs var:x.sub ?></span><?cs /if ?></span><?cs
  if:x.word ?><span class="r"><?cs call:badge(x.tone, x.word) ?></span><?cs /if ?><?cs if:x.url ?><?cs call:icon("right") ?></a><?cs /if ?></li><?cs /def ?><?cs
def:content() ?><div class="s-progress"><progress max="100" value="<?cs var:guide.overall ?>" aria-label="<?cs var:guide.overall_text ?>"></progress><strong class="num"><?cs var:guide.overall_text ?></strong></div><div class="s-guided"><?cs
  call:stepper() ?><div><section class="s-card"><div class="s-ch"><div><h2><?cs var:guide.title ?></h2><p class="sub"><?cs var:guide.what ?></p></div><?cs call:badge(guide.state.tone, guide.state.label) ?></div><div class="s-cb"><?cs
  if:guide.changed ?><p class="sub"><?cs var:guide.changed ?></p><?cs /if ?><?cs if:guide.comment ?><p><?cs var:guide.comment ?></p><?cs /if ?><?cs if:guide.reason ?><p><?cs var:guide.reason ?></p><?cs /if ?><?cs
  if:guide.open_url ?><p><a class="btn primary" href="<?cs var:url_validate(guide.open_url) ?>"><?cs var:t.setup.guide.open ?></a></p><?cs /if ?></div></section><?cs
  if:subcount(guide.checks) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.setup.guide.checks ?></h2></div><ul class="s-links"><?cs each:x = guide.checks ?><?cs call:item(x) ?><?cs /each ?></ul></section><?cs
  else ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.setup.guide.missing ?></h2></div><?cs if:subcount(guide.missing) ?><ul class="s-links"><?cs each:x = guide.missing ?><?cs call:item(x) ?><?cs /each ?></ul><?cs
  else ?><div class="s-cb"><p><?cs var:t.setup.guide.nothing_missing ?></p></div><?cs /if ?></section><?cs /if ?><?cs
  if:job.state ?><?cs call:job(job) ?><?cs /if ?><?cs call:sections(show.sections) ?><p class="s-acts"><?cs if:guide.back_url ?><a class="btn" href="<?cs var:url_validate(guide.back_url) ?>"><?cs var:t.setup.guide.back ?></a> <?cs /if ?><?cs
  if:guide.next_url ?><a class="btn" href="<?cs var:url_validate(guide.next_url) ?>"><?cs var:t.setup.guide.next ?></a><?cs /if ?></p></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
