<?cs # facts(set): label and value pairs, one under another. facts_row(set): the row of facts under a record's head.
     # set.N.{label,text,sub,url,tone,icon,kind,masked_url,copy}. kind code or pre keeps spaces; copy: a button puts the text on the clipboard. ?><?cs
def:fact_value(f) ?><?cs if:f.tone ?><?cs call:badge(f.tone, f.text) ?><?cs elif:f.url ?><a href="<?cs var:url_validate(f.url) ?>"><?cs var:f.text ?></a><?cs
  elif:f.kind ?><span class="k-<?cs var:f.kind ?>"><?cs var:f.text ?></span><?cs elif:f.text == "" ?><span class="muted">–</span><?cs else ?><?cs var:f.text ?><?cs /if ?><?cs
  if:f.copy ?> <button type="button" class="btn quiet small" data-copy="<?cs var:f.text ?>" data-copied="<?cs var:t.ui.copied ?>" hidden><?cs var:t.ui.copy ?><span class="vh"> <?cs var:f.label ?></span></button><?cs /if ?><?cs
  if:f.masked_url ?> <form class="s-inline" method="post" action="<?cs var:url_validate(f.masked_url) ?>"><?cs call:hidden_keys(f) ?><button class="btn quiet small"><?cs
    call:icon("eye") ?><span><?cs var:t.ui.show ?><span class="vh"> <?cs var:f.label ?></span></span></button></form><?cs /if ?><?cs /def ?><?cs
def:facts(set) ?><dl class="s-facts"><?cs each:f = set ?><div><dt><?cs var:f.label ?><?cs if:f.icon ?> <?cs call:icon(f.icon) ?><span class="vh"> <?cs var:f.word ?></span><?cs /if ?></dt><dd><?cs call:fact_value(f) ?><?cs
  if:f.sub ?><span class="sub"><?cs var:f.sub ?></span><?cs /if ?></dd></div><?cs /each ?></dl><?cs /def ?><?cs
def:facts_row(set) ?><?cs if:subcount(set) ?><dl class="s-row"><?cs each:f = set ?><div><dt><?cs var:f.label ?></dt><dd><?cs call:fact_value(f) ?></dd><?cs
  if:f.sub ?><dd class="sub"><?cs var:f.sub ?></dd><?cs /if ?></div><?cs /each ?></dl><?cs /if ?><?cs /def ?>
