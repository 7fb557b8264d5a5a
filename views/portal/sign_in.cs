<?cs # Pages before sign-in: steps.N, tabs.N, texts.N, form, again.{url,text}, act.{url,text}, links.N.{text,url}.
     # No one-time key: before sign-in the token hangs on a signed cookie alone (spec/README section 3). ?><?cs
include!"lib/ui.cs" ?><?cs
def:post_button(b, kind) ?><form method="post" action="<?cs var:url_validate(b.url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn <?cs var:kind ?>"><?cs var:b.text ?></button></form><?cs /def ?><?cs
def:content() ?><?cs call:steps(steps) ?><?cs call:tabs(tabs, page.title) ?><?cs
  if:subcount(texts) || subcount(form.fields) || act.url ?><div class="s-card s-fcard"><div class="s-cb"><?cs
    each:x = texts ?><p><?cs var:x ?></p><?cs /each ?><?cs
    if:subcount(form.fields) ?><form class="s-form" action="<?cs var:url_validate(form.action) ?>" method="post" novalidate><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><?cs
      call:fields(form.fields) ?><?cs call:form_buttons(form) ?></form><?cs /if ?><?cs
    if:act.url ?><?cs call:post_button(act, "danger") ?><?cs /if ?><?cs
    if:again.url ?><?cs call:post_button(again, "quiet") ?><?cs /if ?></div></div><?cs /if ?><?cs
  if:subcount(links) ?><ul class="pl-links"><?cs each:x = links ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?></ul><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
