<?cs # Linked accounts: accounts.N.{title,address,balance,access,nickname,no,name_url,unlink_url}, sum, add_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs if:sum ?><section class="s-card"><div class="s-cb"><p><?cs var:t.portal.all_accounts ?></p><p class="p-amt num"><?cs var:sum ?></p></div></section><?cs /if ?><?cs
each:a = accounts ?><section class="s-card"><div class="s-ch"><h2><?cs var:a.title ?></h2><?cs call:badge("info", a.access) ?></div><div class="s-cb"><p><?cs var:a.address ?></p><p><?cs var:t.portal.accounts.balance ?>: <strong class="num"><?cs var:a.balance ?></strong></p><details class="s-disc"><summary><?cs
  var:t.portal.accounts.change ?></summary><form class="s-form" method="post" action="<?cs var:url_validate(a.name_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><div class="f"><label for="f-n-<?cs var:a.no ?>"><?cs var:t.portal.accounts.nickname ?></label><input class="w20" id="f-n-<?cs
  var:a.no ?>" name="nickname" maxlength="40" value="<?cs var:a.nickname ?>"></div><div class="s-acts"><button class="btn"><?cs var:t.ui.save ?></button><a class="btn quiet" href="<?cs var:url_validate(a.unlink_url) ?>"><?cs var:t.portal.accounts.unlink ?></a></div></form></details></div></section><?cs /each ?><a class="btn" href="<?cs
var:url_validate(add_url) ?>"><?cs var:t.portal.accounts.add ?></a><?cs /def ?><?cs
include!"layout/portal.cs" ?>
