<?cs # wizard.cs: one step of a wizard: steps.N, form.* with form.draft, form.save_draft, form.back_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="s-narrow"><?cs if:form.draft ?><p class="sub s-draft" role="status"><?cs var:form.draft ?></p><?cs /if ?><?cs call:steps(steps) ?><?cs call:form(form) ?></div><?cs if:subcount(form.sections) ?><?cs call:sections(form.sections) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/any.cs" ?>
