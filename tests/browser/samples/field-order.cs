<?cs # Sample: one job on the phone, the button at the bottom edge. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:form_start(form) ?><?cs call:fields(form.fields) ?><div class="fd-act"><button class="btn primary"><?cs var:form.submit ?></button></div><?cs call:form_end() ?><?cs /def ?><?cs
include!"layout/field.cs" ?>
