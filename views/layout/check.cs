<?cs # check.cs: last step of a wizard, "Check your answers": steps.N, answers.N.{title,change_url,facts.N}, form.* (what is left to agree to). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="s-narrow"><?cs if:form.draft ?><p class="sub s-draft"><?cs var:form.draft ?></p><?cs /if ?><?cs call:steps(steps) ?><?cs call:answers(answers) ?><?cs call:form_start(form) ?><?cs call:fields(form.fields) ?><?cs call:form_buttons(form) ?><?cs call:form_end() ?></div><?cs /def ?><?cs
include!"layout/any.cs" ?>
