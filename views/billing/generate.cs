<?cs # generate.cs: one screen of bill generation (BX01US01): cards, the form (checked by GET, generated after a confirmation), the runs. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:notes(show.notices) ?><?cs if:subcount(show.kpis) ?><?cs call:kpis(show.kpis) ?><?cs /if ?><?cs
if:form.action ?><section class="s-card s-fcard"><div class="s-ch"><h2><?cs var:form.title ?></h2></div><div class="s-cb"><?cs call:form_start(form) ?><?cs call:fields(form.fields) ?><div class="s-acts"><?cs
if:generate_url ?><button class="btn primary" formaction="<?cs var:url_validate(generate_url) ?>"><?cs var:generate_text ?></button><?cs /if ?><button class="btn"><?cs var:form.submit ?></button></div><?cs call:form_end() ?></div></section><?cs /if ?><?cs
call:list(list) ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
