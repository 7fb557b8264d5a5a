<?cs # One reading from the phone: form (lib: form). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-cb"><?cs call:form_start(form) ?><?cs call:fields(form.fields) ?><div class="fd-act"><button class="btn primary" data-busy="<?cs var:t.ui.saving ?>"><?cs var:form.submit ?></button></div><?cs call:form_end() ?></div></section><?cs /def ?><?cs
include!"layout/field.cs" ?>
