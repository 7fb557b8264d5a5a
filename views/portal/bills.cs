<?cs # Bills: switcher, due, filter (filter_url, years, states), bills (links), none, chart, csv_url, statement_url. ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_switcher.cs" ?><?cs
def:choices(set, none) ?><option value=""><?cs var:none ?></option><?cs each:o = set ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?><?cs /def ?><?cs
def:content() ?><?cs call:switcher(switcher) ?><?cs call:owed(due) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.home.all_bills ?></h2></div><form class="s-form s-cb" method="get" action="<?cs
var:url_validate(filter_url) ?>"><div class="f"><label for="f-year"><?cs var:t.portal.bills.year ?></label><select id="f-year" name="year"><?cs call:choices(years, t.portal.bills.any) ?></select></div><div class="f"><label for="f-state"><?cs
var:t.portal.bills.state ?></label><select id="f-state" name="state"><?cs call:choices(states, t.portal.bills.any) ?></select></div><button class="btn"><?cs var:t.portal.show ?></button></form><?cs
if:subcount(bills) ?><?cs call:links(bills) ?><?cs else ?><?cs call:empty(none) ?><?cs /if ?></section><?cs
if:chart.svg ?><section class="s-card"><div class="s-ch"><h2><?cs var:chart.title ?></h2></div><div class="s-cb"><?cs call:chart_body(chart) ?></div></section><?cs /if ?><ul class="pl-links"><?cs
if:csv_url ?><li><a href="<?cs var:url_validate(csv_url) ?>"><?cs var:t.portal.bills.csv ?></a></li><?cs /if ?><?cs if:zip_url ?><li><a href="<?cs var:url_validate(zip_url) ?>"><?cs var:t.portal.bills.zip ?></a></li><?cs /if ?><li><a href="<?cs var:url_validate(statement_url) ?>"><?cs var:t.portal.statement.title ?></a></li></ul><?cs /def ?><?cs
include!"layout/portal.cs" ?>
