<?cs # run.cs: a bill run: head with moves, stages (V2), tabs, progress while it works (asked again every 2 s), figures, sections, a list. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card s-rec"><div class="s-rh"><div class="s-rt"><p><?cs call:badge(show.status.tone, show.status.text) ?><?cs
each:b = show.badges ?> <?cs call:badge(b.tone, b.text) ?><?cs /each ?></p></div><?cs call:actions(show.moves) ?></div><?cs call:facts_row(show.facts) ?></section><?cs
call:steps(steps) ?><?cs call:notes(show.notices) ?><?cs call:tabs(show.tabs, page.title) ?><?cs
if:job.state ?><?cs call:job(job) ?><?cs /if ?><?cs
if:subcount(show.kpis) ?><?cs call:kpis(show.kpis) ?><?cs /if ?><?cs
if:subcount(show.sections) ?><?cs call:sections(show.sections) ?><?cs /if ?><?cs
if:subcount(list) ?><?cs call:list(list) ?><?cs /if ?><?cs
if:subcount(show.history) ?><section class="s-card"><div class="s-cb"><?cs call:timeline(show.history) ?></div></section><?cs /if ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
