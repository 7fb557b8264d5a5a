<?cs # Sample: the portal's home, as the portal builds it from macros. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="p-cols"><section class="s-card p-pay"><div class="s-cb"><p><span>To pay</span><?cs call:badge(due.tone, due.word) ?></p><p class="p-amt num"><?cs var:due.text ?></p><p class="muted"><?cs var:due.line ?></p><a class="btn primary" href="<?cs
var:url_validate(due.pay_url) ?>"><?cs var:due.pay ?></a><div class="p-pair"><a class="s-more" href="<?cs var:url_validate(due.bill_url) ?>">See this bill</a><a class="s-more" href="<?cs var:url_validate(due.other_url) ?>">Pay another amount</a></div></div></section>
<section class="s-card"><div class="s-ch"><h2><?cs var:chart.title ?></h2><a class="s-more" href="/p/kcw/usage">Details</a></div><div class="s-cb"><p class="p-good"><?cs call:icon("trend-down") ?><span><?cs var:good ?></span></p><?cs call:legend(chart) ?><?cs call:chart_body(chart) ?></div></section>
<section class="s-card"><div class="s-ch"><h2>Bills</h2><a class="s-more" href="/p/kcw/bills">All bills</a></div><?cs call:links(bills) ?></section>
<?cs call:tiles(tasks) ?></div><?cs /def ?><?cs
include!"layout/portal.cs" ?>
