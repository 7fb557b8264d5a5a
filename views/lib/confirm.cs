<?cs # confirm(c): the page before a dangerous act: text.N, facts.N, undo, action, fields.<name> (a reason), type_label and type_value
     # (type the number), submit, tone, back_url, back_text, row_version. The safe way is "Go back". ?><?cs
def:confirm(c) ?><section class="s-card<?cs if:c.tone != "primary" ?> s-danger<?cs /if ?>"><div class="s-cb"><?cs each:x = c.text ?><p><?cs var:x ?></p><?cs /each ?><?cs
  if:subcount(c.facts) ?><?cs call:facts(c.facts) ?><?cs /if ?><?cs if:c.undo ?><p class="s-undo"><?cs call:icon("alert") ?><span><?cs var:c.undo ?></span></p><?cs /if ?><?cs
  call:form_start(c) ?><?cs call:fields(c.fields) ?><?cs if:c.type_label ?><div class="f<?cs if:c.type_error ?> bad<?cs /if ?>"><label for="f-confirm"><?cs var:c.type_label ?></label><?cs
  if:c.type_error ?><p class="err" id="e-confirm"><?cs call:icon("alert") ?><span><?cs var:c.type_error ?></span></p><?cs /if ?><input id="f-confirm" name="confirm" value="<?cs var:c.type_value ?>" autocomplete="off" class="w20"<?cs
  if:c.type_error ?> aria-invalid="true" aria-describedby="e-confirm"<?cs /if ?>></div><?cs /if ?><div class="s-acts"><button class="btn <?cs if:c.tone ?><?cs var:c.tone ?><?cs else ?>danger<?cs /if ?>" data-busy="<?cs var:t.ui.working ?>"><?cs var:c.submit ?></button><a class="btn" href="<?cs
  var:url_validate(c.back_url) ?>"><?cs if:c.back_text ?><?cs var:c.back_text ?><?cs else ?><?cs var:t.ui.go_back ?><?cs /if ?></a></div><?cs call:form_end() ?></div></section><?cs /def ?>
