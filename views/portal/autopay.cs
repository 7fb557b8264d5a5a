<?cs # Autopay of each account: accounts.N.{title,url,act,word,tone,what,next}, methods_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs each:a = accounts ?><section class="s-card"><div class="s-ch"><h2><?cs var:a.title ?></h2><?cs if:a.word ?><?cs call:badge(a.tone, a.word) ?><?cs /if ?></div><div class="s-cb"><p><?cs var:a.what ?></p><?cs
if:a.next ?><p><strong><?cs var:a.next ?></strong></p><?cs /if ?><a class="btn" href="<?cs var:url_validate(a.url) ?>"><?cs var:a.act ?><span class="vh">: <?cs var:a.title ?></span></a></div></section><?cs /each ?><ul class="pl-links"><li><a href="<?cs
var:url_validate(methods_url) ?>"><?cs var:t.portal.methods.title ?></a></li></ul><?cs /def ?><?cs
include!"layout/portal.cs" ?>
