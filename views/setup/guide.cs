<?cs # The page of a step that has none of its own: the checks before going live and the switch (guide.checks, job, show.sections); around it layout/_guide_head.cs and _guide_foot.cs. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs
if:subcount(guide.checks) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.setup.guide.checks ?></h2></div><?cs call:links(guide.checks) ?></section><?cs /if ?><?cs
if:job.state ?><?cs call:job(job) ?><?cs /if ?><?cs if:subcount(show.sections) ?><?cs call:sections(show.sections) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
