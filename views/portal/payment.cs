<?cs # One payment: amount, word, tone, facts, items.N.{text,right,url}, receipt_no, receipt_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card p-pay"><div class="s-cb"><p><span><?cs var:t.portal.bill.amount ?></span><?cs call:badge(tone, word) ?></p><p class="p-amt num"><?cs var:amount ?></p><?cs call:facts(facts) ?><?cs
if:receipt_url ?><div class="s-acts"><a class="btn" href="<?cs var:url_validate(receipt_url) ?>"><?cs var:t.portal.pay.receipt_label ?> <?cs var:receipt_no ?></a></div><?cs /if ?></div></section><?cs
if:subcount(items) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.payments.paid ?></h2></div><div class="s-cb"><?cs each:x = items ?><p class="p-row"><?cs if:x.url ?><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a><?cs else ?><span><?cs var:x.text ?></span><?cs /if ?> <strong class="num"><?cs var:x.right ?></strong></p><?cs /each ?></div></section><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
