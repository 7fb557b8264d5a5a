<?cs # form.cs: a whole form from data: form.* (docs/templates.md section 5). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:tabs(page.tabs, page.title) ?><div class="s-narrow"><?cs call:form(form) ?></div><?cs if:subcount(form.sections) ?><?cs call:sections(form.sections) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/any.cs" ?>
