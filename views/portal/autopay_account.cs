<?cs # Autopay of one account: now.{word,tone,what,next}, form, no_card, add_url, acts.N.{text,url}, cancel_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs if:now.word ?><section class="s-card"><div class="s-cb"><p><?cs call:badge(now.tone, now.word) ?></p><p><?cs var:now.what ?></p><?cs if:now.next ?><p><strong><?cs var:now.next ?></strong></p><?cs /if ?><div class="s-acts"><?cs
each:x = acts ?><form method="post" action="<?cs var:url_validate(x.url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn"><?cs var:x.text ?></button></form><?cs /each ?><?cs
if:cancel_url ?><a class="btn quiet" href="<?cs var:url_validate(cancel_url) ?>"><?cs var:t.portal.autopay.cancel ?></a><?cs /if ?></div></div></section><?cs /if ?><?cs
if:no_card ?><section class="s-card"><div class="s-cb"><p><?cs var:no_card ?></p><a class="btn primary" href="<?cs var:url_validate(add_url) ?>"><?cs var:t.portal.methods.add ?></a></div></section><?cs
else ?><?cs call:form(form) ?><ul class="pl-links"><li><a href="<?cs var:url_validate(add_url) ?>"><?cs var:t.portal.methods.add ?></a></li></ul><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
