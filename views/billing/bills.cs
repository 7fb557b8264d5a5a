<?cs # bills.cs: all bills (BX04US01): figures of the last month billed, the list. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:notes(show.notices) ?><?cs if:subcount(show.kpis) ?><?cs call:kpis(show.kpis) ?><?cs call:kpis(show.money) ?><?cs /if ?><?cs call:list(list) ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
