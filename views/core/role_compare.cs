<?cs # Two roles side by side: form (a GET form with a and b), after.0 (what differs). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-cb s-across"><?cs call:form_start(form) ?><?cs call:fields(form.fields) ?><?cs call:form_buttons(form) ?><?cs call:form_end() ?></div></section><?cs
if:subcount(after) ?><?cs call:sections(after) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
