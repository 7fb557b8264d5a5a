<?cs # Saved cards: methods.N.{id,title,sub,tone,word,nickname,name_url,default_url,remove_url}, none, form (adding one), none_now, autopay_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs if:none.title ?><section class="s-card"><?cs call:empty(none) ?></section><?cs /if ?><?cs
each:m = methods ?><section class="s-card"><div class="s-ch"><h2><?cs var:m.title ?></h2><?cs if:m.word ?><?cs call:badge(m.tone, m.word) ?><?cs /if ?></div><div class="s-cb"><?cs if:m.sub ?><p class="sub"><?cs var:m.sub ?></p><?cs /if ?><details class="s-disc"><summary><?cs
  var:t.portal.accounts.change ?><span class="vh">: <?cs var:m.title ?></span></summary><form class="s-form" method="post" action="<?cs var:url_validate(m.name_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><div class="f"><label for="f-n-<?cs var:m.id ?>"><?cs var:t.portal.accounts.nickname ?></label><input class="w20" id="f-n-<?cs
  var:m.id ?>" name="nickname" maxlength="30" value="<?cs var:m.nickname ?>"></div><div class="s-acts"><button class="btn"><?cs var:t.ui.save ?></button><a class="btn quiet" href="<?cs var:url_validate(m.remove_url) ?>"><?cs var:t.portal.methods.remove ?></a></div></form><?cs
  if:m.default_url ?><form method="post" action="<?cs var:url_validate(m.default_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn quiet"><?cs var:t.portal.methods.make_default ?></button></form><?cs /if ?></details></div></section><?cs /each ?><?cs
if:none_now ?><p><?cs var:none_now ?></p><?cs elif:subcount(form.fields) ?><?cs call:form(form) ?><?cs /if ?><ul class="pl-links"><li><a href="<?cs var:url_validate(autopay_url) ?>"><?cs var:t.portal.autopay.title ?></a></li></ul><?cs /def ?><?cs
include!"layout/portal.cs" ?>
