<?cs # single.cs: a bill for one account (BX01US02): the form, its preview beside it (asked again when something is changed; without script by its
     # button), connections and last bills. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card s-rec"><div class="s-rh"><div class="s-rt"><p><?cs call:badge(show.status.tone, show.status.text) ?></p></div></div><?cs call:facts_row(show.facts) ?></section><div class="s-two"><div><?cs
call:conflict(form.conflict) ?><div class="s-card s-fcard"><div class="s-ch"><h2><?cs var:form.title ?></h2></div><div class="s-cb"><p class="s-intro"><?cs var:form.intro ?></p><form class="s-form" action="<?cs
  var:url_validate(form.action) ?>" method="post" novalidate hx-get="<?cs var:url_validate(preview_url) ?>" hx-trigger="change delay:300ms" hx-params="not csrf,form_key" hx-target="#preview" hx-select="#preview" hx-swap="outerHTML"><?cs
  call:hidden_keys(form) ?><?cs call:fields(form.fields) ?><?cs call:form_buttons(form) ?><?cs call:form_end() ?></div></div><?cs
call:sections(show.sections) ?></div><div class="side" id="preview" aria-live="polite"><?cs if:show.preview.title ?><?cs call:section(show.preview) ?><?cs /if ?></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
