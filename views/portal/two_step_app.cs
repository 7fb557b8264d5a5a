<?cs # Setting up the app: texts.N, qr.{path,box}, secret, secret_label, form; afterwards codes.N, go_on_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card s-fcard"><div class="s-cb"><?cs each:x = texts ?><p><?cs var:x ?></p><?cs /each ?><?cs
if:qr.path ?><svg class="qr" viewBox="<?cs var:qr.box ?>" role="img" aria-label="<?cs var:t.mfa.qr ?>"><rect width="100%" height="100%"/><path d="<?cs var:qr.path ?>"/></svg><?cs /if ?><?cs
if:secret ?><p><?cs var:secret_label ?> <code><?cs var:secret ?></code></p><?cs /if ?><?cs
if:subcount(codes) ?><ul class="codes"><?cs each:x = codes ?><li><code><?cs var:x ?></code></li><?cs /each ?></ul><a class="btn primary" href="<?cs var:url_validate(go_on_url) ?>"><?cs var:t.portal.continue ?></a><?cs /if ?><?cs
if:subcount(form.fields) ?><form class="s-form" method="post" action="<?cs var:url_validate(form.action) ?>" novalidate><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><?cs call:fields(form.fields) ?><?cs call:form_buttons(form) ?></form><?cs /if ?></div></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
