<?cs # errors(set): the box "There is a problem"; set.N.{field,text}. Focus goes to it without script (autofocus). ?><?cs
def:errors(set) ?><?cs if:subcount(set) ?><div class="s-errs" role="alert" tabindex="-1" autofocus><h2><?cs var:t.ui.problem ?></h2><ul><?cs
  each:e = set ?><li><?cs if:e.field ?><a href="#f-<?cs var:e.field ?>"><?cs var:e.text ?></a><?cs else ?><?cs var:e.text ?><?cs /if ?></li><?cs
  /each ?></ul></div><?cs /if ?><?cs /def ?>
