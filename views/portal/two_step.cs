<?cs # Two-step sign-in: now.{word,tone,left,rule}, off_url, code_url, app_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-cb"><p><?cs call:badge(now.tone, now.word) ?></p><?cs if:now.left ?><p><?cs var:now.left ?></p><?cs /if ?><p><?cs var:t.portal.two_step.how ?></p><?cs if:now.rule ?><p><?cs var:now.rule ?></p><?cs /if ?><div class="s-acts"><?cs
if:app_url ?><a class="btn primary" href="<?cs var:url_validate(app_url) ?>"><?cs var:t.portal.two_step.use_app ?></a><?cs /if ?><?cs
if:code_url ?><form method="post" action="<?cs var:url_validate(code_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn"><?cs var:t.portal.two_step.use_code ?></button></form><?cs /if ?><?cs
if:off_url ?><form method="post" action="<?cs var:url_validate(off_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn quiet"><?cs var:t.portal.two_step.turn_off ?></button></form><?cs /if ?></div></div></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
