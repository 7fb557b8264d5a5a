<?cs # _shell.cs: what the shells of staff and platform share: side menu, top bar, keys. page.platform: of the platform, which has no utility. ?><?cs
include!"layout/_head.cs" ?><?cs include!"layout/_htmx.cs" ?><?cs
if:!page.part ?></head><body class="s<?cs if:page.platform ?> pf<?cs /if ?>"<?cs if:!page.keys_off ?> data-keys<?cs /if ?> data-base="<?cs var:utility.base ?>" data-toast="<?cs var:t.ui.unreachable ?>">
<a class="skip" href="#main"><?cs var:t.layout.skip ?></a><div class="s-busy" aria-hidden="true"></div>
<div class="s-shell"><aside class="s-sidewrap"><div class="s-side" id="nav" popover><a class="s-logo" href="<?cs if:menu.0.url ?><?cs var:url_validate(menu.0.url) ?><?cs else ?>/<?cs /if ?>"><svg viewBox="0 0 28 28" class="s-mark" aria-hidden="true"><rect width="28" height="28" rx="7"/><path d="M7.6 18.6a7.4 7.4 0 1 1 12.8 0"/><path class="w" d="M14 15.4l3.6-4.2"/><circle cx="14" cy="15.4" r="2.2"/></svg><?cs
if:product ?><?cs var:product ?><?cs else ?>SMART360<?cs /if ?></a>
<nav class="s-nav" aria-label="<?cs var:t.layout.menu ?>"><ul><?cs include!"layout/_menu.cs" ?></ul></nav></div></aside>
<div class="s-body"><header class="s-top"><button class="s-burger" popovertarget="nav" aria-label="<?cs var:t.layout.open_menu ?>"><?cs call:icon("menu") ?></button><?cs
if:page.platform ?><span class="s-util one"><span><?cs var:t.layout.platform ?></span></span><?cs
elif:subcount(utilities) > 1 ?><details class="s-menu s-util"><summary><span class="s-dot" aria-hidden="true"></span><span><?cs if:utility.name ?><?cs var:utility.name ?><?cs else ?><?cs var:t.layout.choose_utility ?><?cs /if ?></span><?cs call:icon("down") ?></summary><ul class="s-pop"><?cs
each:u = utilities ?><li><a href="<?cs var:url_validate(u.url) ?>"<?cs if:u.current ?> aria-current="true"<?cs /if ?>><?cs var:u.name ?></a></li><?cs /each ?></ul></details><?cs
elif:utility.name ?><span class="s-util one"><span class="s-dot" aria-hidden="true"></span><span><?cs var:utility.name ?></span></span><?cs /if ?><?cs
if:search.url ?><form class="s-search" role="search" method="get" action="<?cs var:url_validate(search.url) ?>"><label class="vh" for="q"><?cs var:t.layout.search ?></label><?cs call:icon("search") ?><input type="search" id="q" name="q" value="<?cs
var:search.q ?>" placeholder="<?cs var:t.layout.search ?>" maxlength="100" autocomplete="off"<?cs if:search.suggest_url ?> data-search="<?cs var:search.suggest_url ?>"<?cs /if ?>><kbd aria-hidden="true">/</kbd><div class="s-sugs" hidden></div></form><?cs /if ?><div class="s-me"><?cs
if:subcount(create) ?><details class="s-menu s-new"><summary class="btn quiet"><?cs call:icon("plus") ?><span><?cs var:t.layout.new ?></span></summary><ul class="s-pop"><?cs
each:x = create ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?></ul></details><?cs /if ?><?cs
if:bell.url ?><a class="s-bell" href="<?cs var:url_validate(bell.url) ?>" aria-label="<?cs if:bell.count_text ?><?cs var:bell.count_text ?><?cs else ?><?cs var:t.layout.notifications ?><?cs /if ?>"><?cs call:icon("bell") ?><?cs
if:bell.count ?><span class="s-n" aria-hidden="true"><?cs var:bell.count ?></span><?cs /if ?></a><?cs /if ?><?cs
if:user.name ?><details class="s-menu"><summary class="s-ava" aria-label="<?cs var:user.initials ?>, <?cs var:user.name ?>"><?cs var:user.initials ?></summary><ul class="s-pop end"><li class="s-who"><strong><?cs var:user.name ?></strong><?cs
if:user.role ?><span class="sub"><?cs var:user.role ?></span><?cs /if ?></li><?cs if:user.url ?><li><a href="<?cs var:url_validate(user.url) ?>"><?cs var:t.layout.account ?></a></li><?cs /if ?><?cs
each:x = user.menu ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?><?cs
if:!page.keys_off ?><li><button type="button" popovertarget="keys"><?cs var:t.layout.keys ?></button></li><?cs /if ?><?cs
if:user.logout_url ?><li><form method="post" action="<?cs var:url_validate(user.logout_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><input type="hidden" name="form_key" value="<?cs var:form_key ?>"><button><?cs
var:t.layout.sign_out ?></button></form></li><?cs /if ?></ul></details><?cs /if ?></div></header>
<div class="s-page<?cs if:page.width ?> <?cs var:page.width ?><?cs /if ?>"><?cs call:crumbs(page.crumbs) ?><?cs /if ?><main class="s-main" id="main" tabindex="-1"><?cs
include!"layout/_top.cs" ?><?cs call:content() ?></main><?cs
if:!page.part ?></div></div></div><?cs if:!page.keys_off ?><div class="s-keys" id="keys" popover role="dialog" aria-labelledby="keys-title"><h2 id="keys-title"><?cs var:t.layout.keys ?></h2><dl><?cs
each:k = t.layout.key ?><div><dt><kbd><?cs var:k.press ?></kbd></dt><dd><?cs var:k.does ?></dd></div><?cs /each ?></dl><p class="sub"><?cs var:t.layout.keys_off ?></p><button class="btn" popovertarget="keys" popovertargetaction="hide"><?cs var:t.ui.close ?></button></div><?cs /if ?></body></html><?cs /if ?>
