<?cs # menu.cs: the launcher as a page: the grid, and all pages with Pin and "Begin here": pages.N.{key,text,url,pinned,landing}, favourite_url (its rows are dragged by app.js; the buttons do the same), landing_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:post(url, key, act, words, about) ?><form method="post" action="<?cs var:url_validate(url) ?>"><?cs call:hidden_keys(nothing) ?><input type="hidden" name="key" value="<?cs var:key ?>"><?cs if:act ?><input type="hidden" name="do" value="<?cs var:act ?>"><?cs /if ?><button class="btn small quiet"><?cs var:words ?><span class="vh"> <?cs var:about ?></span></button></form><?cs /def ?><?cs
def:content() ?><div class="s-bento"><?cs include!"core/_menu_grid.cs" ?></div><?cs
if:subcount(favourites) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.menu.favourites ?></h2></div><ul class="s-pins" data-drag><?cs each:x = favourites ?><li data-key="<?cs var:x.key ?>"><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a><?cs
if:x.up ?><?cs call:post(favourite_url, x.key, "up", t.menu.up, x.text) ?><?cs /if ?><?cs if:x.down ?><?cs call:post(favourite_url, x.key, "down", t.menu.down, x.text) ?><?cs /if ?><?cs
call:post(favourite_url, x.key, "unpin", t.menu.unpin, x.text) ?></li><?cs /each ?></ul></section><?cs /if ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.menu.pages ?></h2></div><ul class="s-pins"><?cs
each:x = pages ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a><?cs if:!x.pinned ?><?cs call:post(favourite_url, x.key, "pin", t.menu.pin, x.text) ?><?cs /if ?><?cs
if:x.landing ?><span class="sub"><?cs var:t.menu.begins ?></span><?cs else ?><?cs call:post(landing_url, x.key, "", t.menu.begin, x.text) ?><?cs /if ?></li><?cs /each ?></ul></section><?cs /def ?><?cs
include!"layout/any.cs" ?>
