<?cs # Password, sessions, sign-ins: password_url, two_step, two_step_url, devices.N.{device,until}, forget_url, sessions.N.{device,where,here,end_url}, tries (a table). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.signin.by_password ?></h2></div><div class="s-cb"><a class="btn" href="<?cs var:url_validate(password_url) ?>"><?cs var:t.portal.security.change ?></a></div></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.two_step.title ?></h2></div><div class="s-cb"><p><?cs var:two_step ?></p><a class="btn" href="<?cs var:url_validate(two_step_url) ?>"><?cs var:t.portal.accounts.change ?><span class="vh">: <?cs var:t.portal.two_step.title ?></span></a></div></section><?cs
if:subcount(devices) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.security.devices ?></h2></div><div class="s-cb"><?cs each:d = devices ?><p><strong><?cs var:d.device ?></strong><br><span class="sub"><?cs var:d.until ?></span></p><?cs /each ?><form method="post" action="<?cs
var:url_validate(forget_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn quiet"><?cs var:t.portal.security.forget ?></button></form></div></section><?cs /if ?>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.security.sessions ?></h2></div><div class="s-cb"><?cs
  each:s = sessions ?><div class="p-row"><p><strong><?cs var:s.device ?></strong><br><span class="sub"><?cs var:s.where ?></span></p><?cs if:s.here ?><?cs call:badge("ok", t.portal.security.here) ?><?cs else ?><form method="post" action="<?cs var:url_validate(s.end_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn quiet"><?cs
  var:t.layout.sign_out ?></button></form><?cs /if ?></div><?cs /each ?></div></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.security.tries ?></h2></div><?cs call:table(tries) ?></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
