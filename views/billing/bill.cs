<?cs # bill.cs: a bill as it was delivered (BX04US01): bill.{title,lang,html,problem}, its figures beside it. bill.html is made and escaped by bill_paper_html. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card s-rec"><div class="s-rh"><div class="s-rt"><p><?cs call:badge(show.status.tone, show.status.text) ?><?cs
each:b = show.badges ?> <?cs call:badge(b.tone, b.text) ?><?cs /each ?></p></div><?cs call:actions(show.moves) ?></div><?cs call:facts_row(show.facts) ?></section><?cs
call:notes(show.notices) ?><?cs call:tabs(show.tabs, page.title) ?><div class="s-two"><div><section class="s-card"><div class="s-ch"><h2><?cs var:bill.title ?></h2></div><div class="s-cb s-bill"<?cs
if:bill.lang ?> lang="<?cs var:bill.lang ?>"<?cs /if ?>><?cs if:bill.problem ?><p><?cs var:bill.problem ?></p><?cs else ?><?cs uvar:bill.html ?><?cs /if ?></div></section></div><div class="side"><?cs
each:s = show.sections ?><?cs if:s.side ?><?cs call:section(s) ?><?cs /if ?><?cs /each ?></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
