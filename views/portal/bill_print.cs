<?cs # One bill for paper: as bill.cs, with utility_name. ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_bill.cs" ?><?cs
def:content() ?><p><strong><?cs var:utility_name ?></strong></p><p><?cs var:bill.period ?></p><p><?cs var:bill.dates ?></p><h2><?cs var:t.portal.bill.charges ?></h2><?cs call:bill_lines(lines, lines_sum, "1") ?><h2><?cs var:t.portal.bill.sum ?></h2><?cs call:facts(sum) ?><?cs
if:subcount(readings.rows) ?><h2><?cs var:t.portal.bill.readings ?></h2><?cs call:table(readings) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/print.cs" ?>
