<?cs # A number's format: parts.N.{no,kinds,value,dates,help,up,down}, form (other settings), preview.{pattern,next.N,longest,length,refusal}, test.{date,sequence,result}, draft_url.
     # Without script Up, Down and Preview send the form to draft_url; with it the preview follows what is typed. ?><?cs
include!"lib/ui.cs" ?><?cs
def:options(set) ?><?cs each:o = set ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?><?cs /def ?><?cs
def:part(p, i) ?><li class="id-part"><label class="vh" for="f-kind<?cs var:i ?>"><?cs var:t.id.part_no ?> <?cs var:p.no ?></label><select id="f-kind<?cs var:i ?>" name="kind<?cs var:i ?>"><option value="">–</option><?cs call:options(p.kinds) ?></select>
<?cs
  if:p.takes_value ?><label class="vh" for="f-value<?cs var:i ?>"><?cs var:t.id.value ?>, <?cs var:t.id.part_no ?> <?cs var:p.no ?></label><input id="f-value<?cs var:i ?>" name="value<?cs var:i ?>" value="<?cs var:p.value ?>" maxlength="10" placeholder="<?cs var:t.id.value ?>"><?cs /if ?><?cs
  if:p.takes_date ?><label class="vh" for="f-date<?cs var:i ?>"><?cs var:t.id.date ?>, <?cs var:t.id.part_no ?> <?cs var:p.no ?></label><select id="f-date<?cs var:i ?>" name="date<?cs var:i ?>"><?cs call:options(p.dates) ?></select><?cs /if ?><span class="id-moves"><?cs if:p.up ?><button class="btn small" name="move" value="<?cs var:p.up ?>" formaction="<?cs var:url_validate(draft_url) ?>" aria-label="<?cs var:t.id.up ?>, <?cs var:t.id.part_no ?> <?cs var:p.no ?>"><?cs call:icon("arrow-up") ?></button><?cs /if ?><?cs
  if:p.down ?><button class="btn small" name="move" value="<?cs var:p.down ?>" formaction="<?cs var:url_validate(draft_url) ?>" aria-label="<?cs var:t.id.down ?>, <?cs var:t.id.part_no ?> <?cs var:p.no ?>"><?cs call:icon("arrow-down") ?></button><?cs /if ?></span><?cs
  if:p.help ?><p class="hint"><?cs var:p.help ?></p><?cs /if ?></li><?cs /def ?><?cs
def:preview_card() ?><section class="s-card" id="preview"><div class="s-ch"><h2><?cs var:t.id.preview ?></h2></div><div class="s-cb"><dl class="s-facts"><div><dt><?cs var:t.id.pattern ?></dt><dd><code><?cs var:preview.pattern ?></code></dd></div><?cs
  if:subcount(preview.next) ?><div><dt><?cs var:t.id.next_three ?></dt><dd><?cs each:x = preview.next ?><code><?cs var:x ?></code><?cs if:!last(x) ?><br><?cs /if ?><?cs /each ?></dd></div>
<div><dt><?cs var:t.id.longest ?></dt><dd><code><?cs var:preview.longest ?></code><br><span class="sub"><?cs var:preview.length ?></span></dd></div><?cs /if ?><?cs
  if:test.result ?><div><dt><?cs var:t.id.tested ?></dt><dd><code><?cs var:test.result ?></code></dd></div><?cs /if ?></dl><?cs
  if:preview.refusal ?><p class="s-note warn"><?cs call:icon("alert") ?><span><?cs var:preview.refusal ?></span></p><?cs /if ?></div></section><?cs /def ?><?cs
def:content() ?><?cs call:tabs(page.tabs, page.title) ?><?cs call:conflict(form.conflict) ?><div class="s-two s-wide"><div><?cs
  if:form.action ?><form class="s-form" id="format" action="<?cs var:url_validate(form.action) ?>" method="post" novalidate hx-post="<?cs var:url_validate(draft_url) ?>" hx-trigger="change, keyup changed delay:400ms" hx-target="#preview" hx-select="#preview" hx-swap="outerHTML" hx-params="not csrf,form_key,row_version"><?cs call:hidden_keys(form) ?>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.id.parts ?></h2></div><div class="s-cb"><div class="f<?cs if:parts_error ?> bad<?cs /if ?>" id="f-parts" tabindex="-1"><?cs
    if:parts_error ?><p class="err"><?cs call:icon("alert") ?><span><?cs var:parts_error ?></span></p><?cs /if ?><ol class="id-parts"><?cs each:p = parts ?><?cs call:part(p, name(p)) ?><?cs /each ?></ol></div></div></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.id.settings ?></h2></div><div class="s-cb"><?cs call:fields(form.fields) ?></div></section>
<section class="s-card"><div class="s-ch"><div><h2><?cs var:t.id.try ?></h2><p class="sub"><?cs var:t.id.try_how ?></p></div></div><div class="s-cb"><div class="f"><label for="f-test_date"><?cs var:t.id.test_date ?></label><input type="date" id="f-test_date" name="test_date" value="<?cs var:test.date ?>" class="w10"></div>
<div class="f"><label for="f-test_sequence"><?cs var:t.id.test_sequence ?></label><input id="f-test_sequence" name="test_sequence" value="<?cs var:test.sequence ?>" inputmode="numeric" class="w10" maxlength="12"></div>
<button class="btn" formaction="<?cs var:url_validate(draft_url) ?>"><?cs var:t.id.show_preview ?></button></div></section>
<div class="s-save"><?cs call:form_buttons(form) ?></div></form><?cs
  else ?><p class="s-note info"><?cs call:icon("info") ?><span><?cs var:t.id.only_view ?></span></p><?cs /if ?></div><div class="side"><?cs call:preview_card() ?></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
