<?cs # A consumer's home: switcher, none, due (what is owed), chart (use), use (a note: how much), bills (links), bills_url, tasks (tiles). ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_switcher.cs" ?><?cs
def:content() ?><?cs call:switcher(switcher) ?><div class="p-cols"><?cs if:none.title ?><section class="s-card"><?cs call:empty(none) ?></section><?cs /if ?><?cs call:owed(due) ?><?cs
if:chart.svg ?><section class="s-card"><div class="s-ch"><h2><?cs var:chart.title ?></h2></div><div class="s-cb"><?cs if:use.text ?><?cs call:note(use) ?><?cs /if ?><?cs call:chart_body(chart) ?></div></section><?cs /if ?><?cs
if:subcount(bills) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.menu.bills ?></h2><a class="s-more" href="<?cs var:url_validate(bills_url) ?>"><?cs var:t.portal.home.all_bills ?></a></div><?cs call:links(bills) ?></section><?cs /if ?></div><?cs if:subcount(tasks) ?><?cs call:tiles(tasks) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
