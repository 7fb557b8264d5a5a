<?cs # One bill: bill.{no,word,tone,amount,period,dates,due,pay,pay_url}, sum (facts), lines.N, lines_sum, readings, compare.{text,parts.N}, paid (links), pdf_url, pdf_none, print_url, paper_url, dispute_url, delivery.{url,text,to,act}. ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_bill.cs" ?><?cs
def:content() ?><section class="s-card p-pay"><div class="s-cb"><p><span><?cs var:t.portal.bill.amount_due ?></span><?cs call:badge(bill.tone, bill.word) ?></p><p class="p-amt num"><?cs var:bill.amount ?></p><p class="muted"><?cs var:bill.dates ?></p><?cs
if:bill.due ?><p><?cs var:bill.due ?></p><?cs /if ?><?cs if:bill.pay ?><a class="btn primary" href="<?cs var:url_validate(bill.pay_url) ?>"><?cs var:bill.pay ?></a><?cs /if ?></div></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.bill.charges ?></h2></div><?cs call:bill_lines(lines, lines_sum, "") ?></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.bill.sum ?></h2></div><div class="s-cb"><?cs call:facts(sum) ?></div></section><?cs
if:compare.text ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.compare.title ?></h2></div><div class="s-cb"><p><?cs var:compare.text ?></p><ul><?cs each:x = compare.parts ?><li><?cs var:x.text ?></li><?cs /each ?></ul></div></section><?cs /if ?><?cs
if:subcount(readings.rows) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.bill.readings ?></h2></div><?cs call:table(readings) ?></section><?cs /if ?><?cs
if:subcount(paid) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.bill.paid_with ?></h2></div><?cs call:links(paid) ?></section><?cs /if ?><ul class="pl-links"><li><a href="<?cs var:url_validate(pdf_url) ?>"><?cs var:t.portal.bill.pdf ?></a><?cs if:pdf_none ?><br><span class="sub"><?cs var:pdf_none ?></span><?cs /if ?></li><li><a href="<?cs var:url_validate(print_url) ?>"><?cs var:t.portal.bill.print ?></a></li><?cs
if:paper_url ?><li><a href="<?cs var:url_validate(paper_url) ?>"><?cs var:t.portal.paper.title ?></a></li><?cs /if ?><?cs
if:dispute_url ?><li><a href="<?cs var:url_validate(dispute_url) ?>"><?cs var:t.portal.dispute.title ?></a></li><?cs /if ?></ul><?cs
if:delivery.url ?><form method="post" action="<?cs var:url_validate(delivery.url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><input type="hidden" name="mode" value="<?cs var:delivery.to ?>"><p class="p-row"><span><?cs var:delivery.text ?></span> <button class="btn quiet"><?cs var:delivery.act ?></button></p></form><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
