<?cs # Payments: switcher, totals (facts), filter (filter_url, years, states), payments (links), newer_url, older_url, none, csv_url. ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_switcher.cs" ?><?cs
def:choices(set, none) ?><option value=""><?cs var:none ?></option><?cs each:o = set ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?><?cs /def ?><?cs
def:content() ?><?cs call:switcher(switcher) ?><section class="s-card"><div class="s-cb"><?cs call:facts(totals) ?></div></section><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.payments.all ?></h2></div><form class="s-form s-cb p-filter" method="get" action="<?cs
var:url_validate(filter_url) ?>"><div class="f"><label for="f-year"><?cs var:t.portal.bills.year ?></label><select id="f-year" name="year"><?cs call:choices(years, t.portal.bills.any) ?></select></div><div class="f"><label for="f-state"><?cs
var:t.portal.bills.state ?></label><select id="f-state" name="state"><?cs call:choices(states, t.portal.bills.any) ?></select></div><button class="btn"><?cs var:t.portal.show ?></button></form><?cs
if:subcount(payments) ?><?cs call:links(payments) ?><?cs else ?><?cs call:empty(none) ?><?cs /if ?><?cs
if:newer_url || older_url ?><div class="s-cb p-pair"><?cs if:newer_url ?><a class="s-more" href="<?cs var:url_validate(newer_url) ?>"><?cs var:t.portal.payments.newer ?></a><?cs /if ?><?cs if:older_url ?><a class="s-more" href="<?cs var:url_validate(older_url) ?>"><?cs var:t.portal.payments.older ?></a><?cs /if ?></div><?cs /if ?></section><?cs
if:csv_url ?><ul class="pl-links"><li><a href="<?cs var:url_validate(csv_url) ?>"><?cs var:t.portal.bills.csv ?></a></li></ul><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
