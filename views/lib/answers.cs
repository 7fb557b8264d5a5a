<?cs # answers(set): "Check your answers"; set.N.{title,change_url,change_text,facts.N}. ?><?cs
def:answers(set) ?><?cs each:a = set ?><section class="s-card"><div class="s-ch"><h2><?cs var:a.title ?></h2><?cs if:a.change_url ?><a class="s-more" href="<?cs var:url_validate(a.change_url) ?>"><?cs
  if:a.change_text ?><?cs var:a.change_text ?><?cs else ?><?cs var:t.ui.change ?><?cs /if ?><span class="vh"> <?cs var:a.title ?></span></a><?cs /if ?></div><div class="s-cb"><?cs call:facts(a.facts) ?></div></section><?cs /each ?><?cs /def ?>
