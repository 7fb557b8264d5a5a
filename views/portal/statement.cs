<?cs # The account statement: switcher, form (a GET form), range, opening, lines (a table), closing. ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_switcher.cs" ?><?cs
def:content() ?><?cs call:switcher(switcher) ?><?cs call:form(form) ?><?cs if:closing ?><section class="s-card"><div class="s-ch"><h2><?cs var:range ?></h2></div><div class="s-cb"><p class="p-row"><span><?cs var:t.portal.statement.opening ?></span> <strong class="num"><?cs
var:opening ?></strong></p></div><?cs call:table(lines) ?><div class="s-cb"><p class="p-row"><span><?cs var:t.portal.statement.closing ?></span> <strong class="num"><?cs var:closing ?></strong></p></div></section><ul class="pl-links"><li><a href="<?cs var:url_validate(pdf_url) ?>"><?cs var:t.portal.bill.pdf ?></a></li><li><a href="<?cs var:url_validate(csv_url) ?>"><?cs var:t.portal.bills.csv ?></a></li></ul><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
