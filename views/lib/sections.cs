<?cs # sections(set): cards of a generic page; set.N.{title,sub,mark,kind,link,actions,buttons,note,text,error,span,side} and by kind facts table chart bars timeline
     # links form list document kpis: docs/templates.md section 3. section_body(s): what stands in the card. ?><?cs
def:section_body(s) ?><?cs
  if:s.error ?><div class="s-cb"><p class="s-part"><?cs var:s.error ?></p></div><?cs else ?><?cs
  if:s.note.text || s.note.strong ?><div class="s-cb"><?cs call:note(s.note) ?></div><?cs /if ?><?cs
  if:s.text || subcount(s.text) ?><div class="s-cb s-text"><?cs if:s.text ?><p><?cs var:s.text ?></p><?cs /if ?><?cs each:x = s.text ?><p><?cs var:x ?></p><?cs /each ?></div><?cs /if ?><?cs
  if:subcount(s.facts) ?><div class="s-cb"><?cs call:facts(s.facts) ?></div><?cs /if ?><?cs
  if:subcount(s.buttons) ?><div class="s-cb"><?cs call:actions(s.buttons) ?></div><?cs /if ?><?cs
  if:subcount(s.bars) ?><div class="s-cb"><?cs call:bars(s.bars) ?></div><?cs /if ?><?cs
  if:s.chart.svg || s.chart.error ?><div class="s-cb"><?cs call:chart_body(s.chart) ?></div><?cs /if ?><?cs
  if:subcount(s.table) ?><?cs call:table(s.table) ?><?cs /if ?><?cs
  if:subcount(s.links) ?><?cs call:links(s.links) ?><?cs /if ?><?cs
  if:subcount(s.timeline) ?><div class="s-cb"><?cs call:timeline(s.timeline) ?></div><?cs /if ?><?cs
  if:s.form.action ?><div class="s-cb"><?cs if:s.form.intro ?><p class="s-intro"><?cs var:s.form.intro ?></p><?cs /if ?><?cs call:form_start(s.form) ?><?cs call:fields(s.form.fields) ?><?cs call:form_buttons(s.form) ?><?cs call:form_end() ?></div><?cs /if ?><?cs
  if:s.map.url ?><div class="s-cb"><div class="map" data-url="<?cs var:url_validate(s.map.url) ?>" role="region" aria-label="<?cs var:s.map.label ?>"><?cs call:links(s.map.links) ?></div></div><?cs /if ?><?cs
  if:subcount(s.document) ?><div class="s-cb"><?cs call:document(s.document) ?></div><?cs /if ?><?cs
  if:s.empty.title ?><?cs call:empty(s.empty) ?><?cs /if ?><?cs
  if:s.after.text || s.after.strong ?><p class="s-after"><?cs if:s.after.strong ?><strong><?cs var:s.after.strong ?></strong> <?cs /if ?><?cs var:s.after.text ?></p><?cs /if ?><?cs /if ?><?cs /def ?><?cs
def:section(s) ?><?cs
  if:s.kind == "kpis" ?><div class="sp-<?cs var:s.span ?>"><?cs call:kpis(s.kpis) ?></div><?cs
  elif:s.kind == "list" ?><div class="sp-<?cs var:s.span ?>"><?cs call:list(s.list) ?></div><?cs
  elif:s.kind == "tiles" ?><div class="sp-<?cs var:s.span ?>"><?cs call:tiles(s.links) ?></div><?cs
  else ?><section class="s-card sp-<?cs var:s.span ?>"<?cs if:s.id ?> id="<?cs var:s.id ?>"<?cs /if ?>><?cs if:s.title ?><div class="s-ch"><div<?cs if:s.mark ?> class="s-marked"<?cs /if ?>><?cs if:s.mark ?><span class="s-ava" aria-hidden="true"><?cs var:s.mark ?></span><?cs /if ?><h2><?cs var:s.title ?></h2><?cs if:s.sub ?><p class="sub"><?cs var:s.sub ?></p><?cs /if ?></div><?cs
    call:legend(s.chart) ?><?cs if:s.link.url ?><a class="s-more" href="<?cs var:url_validate(s.link.url) ?>"><?cs var:s.link.text ?></a><?cs /if ?><?cs call:actions(s.actions) ?></div><?cs /if ?><?cs
    call:section_body(s) ?></section><?cs /if ?><?cs /def ?><?cs
def:sections(set) ?><div class="s-grid"><?cs each:s = set ?><?cs if:!s.side ?><?cs call:section(s) ?><?cs /if ?><?cs /each ?></div><?cs /def ?>
