<?cs # Asking for access to an account: form (multipart). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card s-fcard"><div class="s-cb"><p class="s-intro"><?cs var:form.intro ?></p><form class="s-form" method="post" enctype="multipart/form-data" action="<?cs var:url_validate(form.action) ?>" novalidate><?cs call:hidden_keys(form) ?><?cs
call:fields(form.fields) ?><?cs call:form_buttons(form) ?></form></div></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
