<?cs # count(x): x.count as a small figure, x.count_text the words read aloud. ?><?cs
def:count(x) ?><?cs if:x.count ?> <span class="s-count"><?cs if:x.count_text ?><span aria-hidden="true"><?cs var:x.count ?></span><span class="vh"><?cs
  var:x.count_text ?></span><?cs else ?><?cs var:x.count ?><?cs /if ?></span><?cs /if ?><?cs /def ?>
