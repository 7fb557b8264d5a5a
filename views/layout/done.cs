<?cs # done.cs: what was done and what happens next: done.{number_label,number,text.N,next_title,next.N,actions.N}. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="s-narrow"><section class="s-card s-done"><div class="s-cb"><?cs call:icon("done") ?><?cs if:done.number ?><p><?cs var:done.number_label ?></p><p class="s-amt num"><?cs var:done.number ?></p><?cs /if ?><?cs
each:x = done.text ?><p><?cs var:x ?></p><?cs /each ?></div></section><?cs if:subcount(done.next) ?><section class="s-card"><div class="s-ch"><h2><?cs if:done.next_title ?><?cs var:done.next_title ?><?cs else ?><?cs var:t.ui.what_next ?><?cs /if ?></h2></div><div class="s-cb"><ol class="s-next"><?cs
each:x = done.next ?><li><?cs var:x ?></li><?cs /each ?></ol></div></section><?cs /if ?><?cs call:actions(done.actions) ?></div><?cs /def ?><?cs
include!"layout/any.cs" ?>
