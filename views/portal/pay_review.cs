<?cs # How to pay, and the last look before it: steps, lines.N.{text,sub,amount,part}, total, fee, ways.N.{value,text,sub,first}, fee_seen, choose (nothing is chosen yet), way, way_text, keep, pay, ready, here_url, start_url, back_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:pay_ways() ?><fieldset><legend><?cs var:t.portal.pay.how ?></legend><?cs
each:w = ways ?><label class="pick"><input type="radio" name="way" value="<?cs var:w.value ?>"<?cs if:w.first ?> checked<?cs /if ?>><span><?cs var:w.text ?><span class="hint"><?cs var:w.sub ?></span></span></label><?cs /each ?></fieldset><?cs /def ?><?cs
def:pay_lines() ?><section class="s-card"><div class="s-cb"><?cs each:l = lines ?><p class="p-row"><span><?cs if:l.part ?>&#8627; <?cs /if ?><?cs var:l.text ?><?cs if:l.sub ?><br><span class="sub"><?cs var:l.sub ?></span><?cs /if ?></span> <strong class="num"><?cs var:l.amount ?></strong></p><?cs /each ?><?cs
if:way_text ?><p class="p-row"><span><?cs var:t.portal.pay.by ?></span> <strong><?cs var:way_text ?></strong></p><?cs /if ?><?cs
if:fee ?><p class="p-row"><span><?cs var:t.portal.pay.fee ?></span> <strong class="num"><?cs var:fee ?></strong></p><?cs /if ?><p class="p-row p-total"><span><?cs var:t.portal.pay.total ?></span> <strong class="num"><?cs var:total ?></strong></p></div></section><?cs /def ?><?cs
def:content() ?><?cs call:steps(steps) ?><?cs
if:choose ?><form class="s-form" method="get" action="<?cs var:url_validate(here_url) ?>"><section class="s-card"><div class="s-cb"><?cs call:pay_ways() ?><div class="s-acts"><button class="btn primary"><?cs var:t.portal.continue ?></button><a class="btn quiet" href="<?cs var:url_validate(back_url) ?>"><?cs var:t.ui.back ?></a></div></div></section></form><?cs call:pay_lines() ?><?cs
else ?><?cs call:pay_lines() ?><?cs
if:ready ?><form class="s-form" method="post" action="<?cs var:url_validate(start_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><input type="hidden" name="fee_seen" value="<?cs var:fee_seen ?>"><section class="s-card"><div class="s-cb"><?cs
if:way ?><input type="hidden" name="way" value="<?cs var:way ?>"><?cs else ?><?cs call:pay_ways() ?><?cs /if ?><?cs
if:keep ?><label class="pick"><input type="checkbox" name="keep" value="1"><span><?cs var:keep ?></span></label><?cs /if ?><p class="sub"><?cs
var:t.portal.pay.next ?></p><div class="s-acts"><button class="btn primary" data-busy="<?cs var:t.ui.working ?>"><?cs var:pay ?></button><a class="btn quiet" href="<?cs var:url_validate(back_url) ?>"><?cs var:t.ui.back ?></a></div></div></section></form><?cs /if ?><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
