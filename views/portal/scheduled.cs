<?cs # Payments to come: switcher, tabs, rows (links), none. ?><?cs
include!"lib/ui.cs" ?><?cs include!"portal/_switcher.cs" ?><?cs
def:content() ?><?cs call:switcher(switcher) ?><?cs call:tabs(tabs, page.title) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.payments.scheduled ?></h2></div><?cs
if:subcount(rows) ?><div class="p-pays"><?cs call:links(rows) ?></div><?cs else ?><?cs call:empty(none) ?><?cs /if ?></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
