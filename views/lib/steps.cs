<?cs # steps(set): the named steps of a wizard; set.N.{text,url,state}, state done, now or todo. ?><?cs
def:steps(set) ?><?cs if:subcount(set) ?><ol class="s-steps"><?cs each:s = set ?><li class="<?cs var:s.state ?>"<?cs if:s.state == "now" ?> aria-current="step"<?cs /if ?>><?cs
  if:s.url ?><a href="<?cs var:url_validate(s.url) ?>"><?cs var:s.text ?></a><?cs else ?><?cs var:s.text ?><?cs /if ?><?cs
  if:s.state == "done" ?><span class="vh">, <?cs var:t.ui.step_done ?></span><?cs /if ?></li><?cs /each ?></ol><?cs /if ?><?cs /def ?>
