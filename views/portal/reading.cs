<?cs # Sending a reading: form (value_<register>, photo) or notices.N (one was sent today), sent.N.{text,sub,tone,word}. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:notes(notices) ?><?cs if:form.action ?><?cs call:form(form) ?><?cs /if ?><?cs
if:subcount(sent) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.portal.reading.sent ?></h2></div><div class="s-cb"><?cs each:x = sent ?><p class="p-row"><span><?cs var:x.text ?><br><span class="sub"><?cs var:x.sub ?></span></span> <?cs call:badge(x.tone, x.word) ?></p><?cs /each ?></div></section><?cs /if ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
