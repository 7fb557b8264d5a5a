<?cs # show.cs: one record, or a dashboard, from data: show.* (docs/templates.md section 4). ?><?cs
include!"lib/ui.cs" ?><?cs
def:side() ?><?cs each:s = show.sections ?><?cs if:s.side ?><?cs call:section(s) ?><?cs /if ?><?cs /each ?><?cs
if:subcount(show.history) || show.note.text ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.ui.history ?></h2><?cs if:show.note.text ?><?cs call:action(show.note) ?><?cs elif:show.history_url ?><a class="s-more" href="<?cs
var:url_validate(show.history_url) ?>"><?cs var:t.ui.see_all ?></a><?cs /if ?></div><div class="s-cb"><?cs if:subcount(show.history) ?><?cs call:timeline(show.history) ?><?cs else ?><p class="sub"><?cs var:t.ui.no_history ?></p><?cs /if ?></div></section><?cs /if ?><?cs /def ?><?cs
def:content() ?><?cs call:tabs(page.tabs, page.title) ?><?cs if:page.own_head ?><?cs call:record(show, page.title) ?><?cs
elif:subcount(show.facts) || subcount(show.moves) || show.status.text ?><section class="s-card s-rec"><?cs if:show.status.text || subcount(show.moves) || subcount(show.lines) ?><div class="s-rh"><div class="s-rt"><?cs if:show.status.text ?><p><?cs call:badge(show.status.tone, show.status.text) ?><?cs
each:b = show.badges ?> <?cs call:badge(b.tone, b.text) ?><?cs /each ?></p><?cs /if ?></div><?cs call:actions(show.moves) ?></div><?cs /if ?><?cs call:facts_row(show.facts) ?></section><?cs /if ?><?cs
call:notes(show.notices) ?><?cs call:tabs(show.tabs, page.title) ?><?cs
if:subcount(show.kpis) ?><?cs call:kpis(show.kpis) ?><?cs /if ?><?cs
if:subcount(show.history) || show.note.text || show.has_side ?><div class="s-two"><div><?cs call:sections(show.sections) ?></div><div class="side"><?cs call:side() ?></div></div><?cs
else ?><?cs call:sections(show.sections) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/any.cs" ?>
