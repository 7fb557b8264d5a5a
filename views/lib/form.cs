<?cs # form_start(f) ... form_end(): a form with its hidden keys; f.{action,get,multipart,row_version,form_key,hidden.<name>}.
     # form_buttons(f): f.continues (with "Save and continue" in the guided set-up, as forms that say "Save"), f.submit, f.busy (its word while it is sent: else "Saving" where it says Save, "Working"), f.tone, f.submits.N.{text,name,value,kind}, f.cancel_url, f.back_url. form(f): a whole one in a card.
     # conflict(c): c.text, c.rows.N.{label,theirs,yours}: what somebody else saved meanwhile. ?><?cs
def:form_start(f) ?><form class="s-form" action="<?cs var:url_validate(f.action) ?>" method="<?cs if:f.get ?>get<?cs else ?>post<?cs /if ?>"<?cs if:f.multipart ?> enctype="multipart/form-data"<?cs /if ?> novalidate><?cs
  if:!f.get ?><?cs call:hidden_keys(f) ?><?cs /if ?><?cs each:h = f.hidden ?><input type="hidden" name="<?cs var:name(h) ?>" value="<?cs var:h ?>"><?cs /each ?>
<?cs /def ?><?cs
def:form_buttons(f) ?><div class="s-acts"><button class="btn <?cs if:f.tone ?><?cs var:f.tone ?><?cs else ?>primary<?cs /if ?>"<?cs if:!f.get ?> data-busy="<?cs if:f.busy ?><?cs var:f.busy ?><?cs elif:!f.submit || f.submit == t.ui.save ?><?cs var:t.ui.saving ?><?cs else ?><?cs var:t.ui.working ?><?cs /if ?>"<?cs /if ?>><?cs
  if:f.submit ?><?cs var:f.submit ?><?cs else ?><?cs var:t.ui.save ?><?cs /if ?></button><?cs
  if:guide.continues && !f.get && (f.continues || !f.submit || f.submit == t.ui.save) ?><button class="btn" name="guide_next" value="1"><?cs var:t.setup.guide.save_next ?></button><?cs /if ?><?cs
  each:b = f.submits ?><button class="btn <?cs var:b.kind ?>" name="<?cs var:b.name ?>" value="<?cs var:b.value ?>"><?cs var:b.text ?></button><?cs /each ?><?cs
  if:f.save_draft ?><button class="btn" name="draft" value="1"><?cs var:f.save_draft ?></button><?cs /if ?><?cs
  if:f.back_url ?><a class="btn quiet" href="<?cs var:url_validate(f.back_url) ?>"><?cs if:f.back_text ?><?cs var:f.back_text ?><?cs else ?><?cs var:t.ui.back ?><?cs /if ?></a><?cs /if ?><?cs
  if:f.cancel_url ?><a class="btn quiet" href="<?cs var:url_validate(f.cancel_url) ?>"><?cs var:t.ui.cancel ?></a><?cs /if ?></div><?cs /def ?><?cs
def:form_end() ?></form><?cs /def ?><?cs
def:conflict(c) ?><?cs if:subcount(c) ?><section class="s-card s-conflict"><div class="s-ch"><h2><?cs var:t.ui.conflict ?></h2></div><div class="s-cb"><p><?cs var:c.text ?></p></div><?cs
  if:subcount(c.rows) ?><div class="s-tw" tabindex="0" role="region" aria-label="<?cs var:t.ui.conflict_table ?>"><table class="s-t"><thead><tr><th scope="col"><?cs var:t.ui.conflict_field ?></th><th scope="col"><?cs var:t.ui.conflict_theirs
  ?></th><th scope="col"><?cs var:t.ui.conflict_yours ?></th></tr></thead><tbody><?cs
  each:r = c.rows ?><tr><th scope="row"><?cs var:r.label ?></th><td><?cs var:r.theirs ?></td><td><?cs var:r.yours ?></td></tr><?cs /each ?></tbody></table></div><?cs /if ?></section><?cs /if ?><?cs /def ?><?cs
def:form(f) ?><?cs call:conflict(f.conflict) ?><div class="s-card s-fcard"><?cs if:f.title ?><div class="s-ch"><h2><?cs var:f.title ?></h2></div><?cs /if ?><div class="s-cb"><?cs
  if:f.intro ?><p class="s-intro"><?cs var:f.intro ?></p><?cs /if ?><?cs
  call:form_start(f) ?><?cs call:fields(f.fields) ?><?cs call:form_buttons(f) ?><?cs call:form_end() ?></div></div><?cs /def ?>
