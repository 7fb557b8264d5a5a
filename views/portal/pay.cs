<?cs # What to pay: steps, owed, items.N.{key,account,label,sub,amount,picked,free,error}, guest, email, link, ask_again, action. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:steps(steps) ?><form class="s-form" method="post" action="<?cs var:url_validate(action) ?>" novalidate><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><?cs
if:guest ?><input type="hidden" name="pay_key" value="<?cs var:form_key ?>"><?cs else ?><input type="hidden" name="form_key" value="<?cs var:form_key ?>"><?cs /if ?><?cs if:link ?><input type="hidden" name="link" value="<?cs var:link ?>"><?cs /if ?><section class="s-card"><div class="s-ch"><h2><?cs
if:owed ?><?cs var:owed ?><?cs else ?><?cs var:t.portal.pay.what ?><?cs /if ?></h2></div><div class="s-cb"><?cs
each:i = items ?><div class="f"><label class="pick"><input type="checkbox" name="pick_<?cs var:i.key ?>" value="1"<?cs if:i.picked ?> checked<?cs /if ?>><span><?cs var:i.label ?><?cs if:i.sub ?><span class="hint" id="h-<?cs var:i.key ?>"><?cs var:i.sub ?></span><?cs /if ?></span></label><label for="f-amount_<?cs
  var:i.key ?>"><?cs var:t.portal.bill.amount ?><span class="vh">, <?cs var:i.label ?></span></label><?cs
  if:i.error ?><p class="err" id="e-<?cs var:i.key ?>"><?cs call:icon("alert") ?><span><span class="vh"><?cs var:t.ui.error ?>: </span><?cs var:i.error ?></span></p><?cs /if ?><input class="w10" id="f-amount_<?cs var:i.key ?>" name="amount_<?cs var:i.key ?>" inputmode="decimal" autocomplete="off" value="<?cs var:i.amount ?>"<?cs
  if:i.error ?> aria-invalid="true" aria-describedby="e-<?cs var:i.key ?>"<?cs /if ?>></div><?cs /each ?><?cs
if:guest ?><div class="f"><label for="f-email"><?cs var:t.portal.pay.email ?> <span class="opt"><?cs var:t.ui.optional ?></span></label><input id="f-email" name="email" type="email" autocomplete="email" maxlength="254" value="<?cs var:email ?>"></div><?cs /if ?><?cs
if:ask_again ?><div class="f"><label class="pick"><input type="checkbox" id="f-again" name="again" value="1"><span><?cs var:t.portal.pay.again ?></span></label></div><?cs /if ?><div class="s-acts"><button class="btn primary" data-busy="<?cs var:t.ui.working ?>"><?cs var:t.portal.continue ?></button></div></div></section></form><?cs /def ?><?cs
include!"layout/portal.cs" ?>
