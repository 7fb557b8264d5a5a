<?cs # generate.cs: one screen of bill generation (BX01US01): the form (checked by GET, asked again when cycle or period change, generated after
     # a confirmation), the cards, the runs. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs
if:form.action ?><section class="s-card s-fcard" id="choose"><div class="s-ch"><h2><?cs var:form.title ?></h2></div><div class="s-cb"><form class="s-form" action="<?cs
  var:url_validate(form.action) ?>" method="get" novalidate hx-get="<?cs var:url_validate(form.action) ?>" hx-trigger="change from:(#choose select)" hx-target="main" hx-select="main" hx-swap="outerHTML" hx-replace-url="true"><div class="s-cols"><?cs
  call:fields(form.fields) ?></div><div class="s-acts"><?cs
if:generate_url ?><button class="btn primary" formaction="<?cs var:url_validate(generate_url) ?>"><?cs var:generate_text ?></button><?cs /if ?><button class="btn"><?cs var:form.submit ?></button></div><?cs call:form_end() ?></div></section><?cs /if ?><div class="s-grid" id="period"><?cs if:subcount(show.kpis) ?><?cs call:kpis(show.kpis) ?><?cs /if ?></div><?cs
call:list(list) ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
