<?cs # job.cs: progress of a long piece of work: job.* (docs/templates.md section 7); without script the page reloads every 5 seconds. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="s-narrow"><?cs call:job(job) ?></div><?cs if:subcount(job.sections) ?><?cs call:sections(job.sections) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/any.cs" ?>
