<?cs # What became of a payment, and a receipt: steps, tone, word, amount, fee, says, reason, payments.N.{text,sub,amount}, continue_url, receipt_no, receipt_url, poll_url, refresh_url, try_url, home_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:steps(steps) ?><section class="s-card p-pay" id="result"<?cs if:poll_url ?> data-poll="<?cs var:url_validate(poll_url) ?>"<?cs /if ?>><div class="s-cb"><p role="status"><?cs call:badge(tone, word) ?></p><p class="p-amt num"><?cs
var:amount ?></p><?cs if:fee ?><p class="sub"><?cs var:fee ?></p><?cs /if ?><?cs if:reason ?><p><?cs var:reason ?></p><?cs /if ?><p><?cs var:says ?></p><?cs
each:x = payments ?><p class="p-row"><span><?cs var:x.text ?><br><span class="sub"><?cs var:x.sub ?></span></span> <strong class="num"><?cs var:x.amount ?></strong></p><?cs /each ?><?cs
if:receipt_no ?><p><?cs var:t.portal.pay.receipt_label ?> <strong><?cs if:receipt_url ?><a href="<?cs var:url_validate(receipt_url) ?>"><?cs var:receipt_no ?></a><?cs else ?><?cs var:receipt_no ?><?cs /if ?></strong></p><?cs /if ?><div class="s-acts"><?cs
if:pdf_url ?><a class="btn" href="<?cs var:url_validate(pdf_url) ?>"><?cs var:t.portal.bill.pdf ?></a><?cs /if ?><?cs
if:continue_url ?><a class="btn" href="<?cs var:url_validate(continue_url) ?>"><?cs var:t.portal.pay.continue ?></a><?cs /if ?><?cs if:refresh_url ?><a class="btn" href="<?cs var:url_validate(refresh_url) ?>"><?cs var:t.portal.pay.refresh ?></a><?cs /if ?><?cs if:try_url ?><a class="btn primary" href="<?cs var:url_validate(try_url) ?>"><?cs var:t.portal.pay.try_again ?></a><?cs /if ?><?cs
if:home_url ?><a class="btn quiet" href="<?cs var:url_validate(home_url) ?>"><?cs var:t.portal.menu.home ?></a><?cs /if ?></div></div></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
