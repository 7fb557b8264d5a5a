<?cs # Who sees an account: people.N.{who,what,end_url}, form (an invitation). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-cb"><?cs
each:p = people ?><div class="p-row"><p><strong><?cs var:p.who ?></strong><br><span class="sub"><?cs var:p.what ?></span></p><?cs if:p.end_url ?><form method="post" action="<?cs var:url_validate(p.end_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><button class="btn quiet" aria-label="<?cs
var:t.portal.people.end ?>: <?cs var:p.who ?>"><?cs var:t.portal.people.end ?></button></form><?cs /if ?></div><?cs /each ?></div></section><?cs call:form(form) ?><?cs /def ?><?cs
include!"layout/portal.cs" ?>
