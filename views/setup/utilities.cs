<?cs # The utilities as cards: asked.{q,states,services}, utility_cards, count_text, empty. ?><?cs
include!"lib/ui.cs" ?><?cs
include!"setup/_utility_card.cs" ?><?cs
def:choices(set) ?><?cs each:o = set ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?><?cs /def ?><?cs
def:content() ?><section class="s-card"><form class="s-filter" method="get" action="/utilities" role="search" aria-label="<?cs var:t.utility.title ?>"><input type="search" name="q" value="<?cs var:asked.q ?>" placeholder="<?cs var:t.utility.search ?>" aria-label="<?cs
var:t.utility.search ?>"><select name="status" aria-label="<?cs var:t.utility.status ?>"><option value=""><?cs var:t.utility.any_status ?></option><?cs call:choices(asked.states) ?></select><select name="service" aria-label="<?cs
var:t.utility.service ?>"><option value=""><?cs var:t.utility.any_service ?></option><?cs call:choices(asked.services) ?></select><button class="btn"><?cs var:t.utility.apply ?></button><span class="sub num"><?cs var:count_text ?></span></form></section><?cs
if:empty.title ?><section class="s-card"><?cs call:empty(empty) ?></section><?cs else ?><div class="s-grid"><?cs each:u = utility_cards ?><?cs call:utility_card(u) ?><?cs /each ?></div><?cs /if ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
