<?cs # Pages before sign-in, in the plain shell: texts.N, qr.{path,box}, secret, codes.N, cards (links), form, links.N.{text,url}, go_on, leave (an act).
     # The form has no one-time key: before sign-in the token hangs on a signed cookie alone (spec/README section 3). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs
  if:subcount(texts) || subcount(form.fields) || subcount(codes) || go_on.url ?><div class="s-card s-fcard"><div class="s-cb"><?cs
    each:x = texts ?><p><?cs var:x ?></p><?cs /each ?><?cs
    if:qr.path ?><svg class="qr" viewBox="<?cs var:qr.box ?>" role="img" aria-label="<?cs var:t.mfa.qr ?>"><rect width="100%" height="100%"/><path d="<?cs var:qr.path ?>"/></svg><?cs /if ?><?cs
    if:secret ?><p><?cs var:secret_label ?> <code class="secret"><?cs var:secret ?></code></p><?cs /if ?><?cs
    if:subcount(codes) ?><ul class="codes"><?cs each:x = codes ?><li><code><?cs var:x ?></code></li><?cs /each ?></ul><?cs /if ?><?cs
    if:subcount(form.fields) ?><form class="s-form" action="<?cs var:url_validate(form.action) ?>" method="post" novalidate><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><?cs
      call:fields(form.fields) ?><?cs call:form_buttons(form) ?></form><?cs /if ?><?cs
    if:go_on.url ?><div class="s-acts"><a class="btn primary" href="<?cs var:url_validate(go_on.url) ?>"><?cs var:go_on.text ?></a></div><?cs /if ?></div></div><?cs /if ?><?cs
  if:subcount(cards) ?><div class="s-card"><?cs call:links(cards) ?></div><?cs /if ?><?cs
  if:leave.url ?><form method="post" action="<?cs var:url_validate(leave.url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn"><?cs var:leave.text ?></button></form><?cs /if ?><?cs
  if:subcount(links) ?><ul class="pl-links"><?cs each:x = links ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?></ul><?cs /if ?><?cs /def ?><?cs
include!"layout/plain.cs" ?>
