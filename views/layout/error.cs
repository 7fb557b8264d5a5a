<?cs # error.cs: refusals and failures: error.{status,text,detail.N,number,search_url,home_url,retry_text,actions.N}; Without page.title or error.text the texts of the status.
     # ?><?cs
include!"lib/ui.cs" ?><?cs
if:!page.title ?><?cs set:page.title = t.layout["error_" + error.status] ?><?cs /if ?><?cs
if:!page.title ?><?cs set:page.title = t.layout.error_500 ?><?cs /if ?><?cs
if:!error.text ?><?cs set:error.text = t.layout["error_" + error.status + "_text"] ?><?cs /if ?><?cs
def:content() ?><div class="s-narrow s-error"><p class="s-intro"><?cs var:error.text ?></p><?cs each:x = error.detail ?><p><?cs var:x ?></p><?cs /each ?><?cs
if:error.retry_text ?><p><?cs var:error.retry_text ?></p><?cs /if ?><?cs
if:error.search_url ?><form class="s-form s-find" method="get" action="<?cs var:url_validate(error.search_url) ?>"><div class="f"><label for="f-q"><?cs var:t.layout.error_search ?></label><span class="join"><input type="search" id="f-q" name="q" maxlength="100"><button class="btn"><?cs
var:t.ui.search ?></button></span></div></form><?cs /if ?><div class="s-acts"><?cs each:x = error.actions ?><?cs call:action(x) ?><?cs /each ?><?cs
if:error.home_url ?><a class="btn" href="<?cs var:url_validate(error.home_url) ?>"><?cs var:t.layout.error_home ?></a><?cs /if ?></div><?cs
if:error.number ?><p class="sub"><?cs var:t.layout.error_number ?> <strong><?cs var:error.number ?></strong></p><?cs /if ?></div><?cs /def ?><?cs
include!"layout/any.cs" ?>
