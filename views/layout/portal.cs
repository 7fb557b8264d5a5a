<?cs # portal.cs: shell of the consumers' pages. Reads page.*, portal.{name,home_url,mark_url}, menu (five entries), bell, languages_url, languages. ?><?cs
include!"layout/_head.cs" ?><?cs
if:!page.part ?></head><body class="p"<?cs if:!subcount(menu) ?> data-plain<?cs /if ?> data-toast="<?cs var:t.ui.unreachable ?>">
<a class="skip" href="#main"><?cs var:t.layout.skip ?></a><header class="p-top"><a class="s-logo" href="<?cs if:portal.home_url ?><?cs var:url_validate(portal.home_url) ?><?cs else ?>/<?cs /if ?>"><?cs
if:portal.mark_url ?><img src="<?cs var:url_validate(portal.mark_url) ?>" alt="" width="28" height="28"><?cs else ?><svg viewBox="0 0 28 28" class="s-mark" aria-hidden="true"><rect width="28" height="28" rx="7"/><path d="M7.6 18.6a7.4 7.4 0 1 1 12.8 0"/><path class="w" d="M14 15.4l3.6-4.2"/><circle cx="14" cy="15.4" r="2.2"/></svg><?cs /if ?><span><?cs var:portal.name ?></span></a><div class="s-me"><?cs
if:subcount(languages) > 1 ?><details class="s-menu"><summary class="p-ico" aria-label="<?cs var:t.layout.language ?>"><?cs call:icon("language") ?></summary><ul class="s-pop end"><?cs
each:l = languages ?><li><a lang="<?cs var:l.code ?>" hreflang="<?cs var:l.code ?>" href="<?cs var:url_validate(l.url) ?>"<?cs if:l.current ?> aria-current="true"<?cs /if ?>><?cs var:l.text ?></a></li><?cs /each ?></ul></details><?cs
elif:languages_url ?><a class="p-ico" href="<?cs var:url_validate(languages_url) ?>" aria-label="<?cs var:t.layout.language ?>"><?cs call:icon("language") ?></a><?cs /if ?><?cs
if:bell.url ?><a class="s-bell p-ico" href="<?cs var:url_validate(bell.url) ?>" aria-label="<?cs if:bell.count_text ?><?cs var:bell.count_text ?><?cs else ?><?cs var:t.layout.messages ?><?cs /if ?>"><?cs call:icon("bell") ?><?cs
if:bell.count ?><span class="s-n" aria-hidden="true"><?cs var:bell.count ?></span><?cs /if ?></a><?cs /if ?></div></header><?cs
if:subcount(menu) ?><nav class="s-bottom" aria-label="<?cs var:t.layout.menu ?>"><ul><?cs each:m = menu ?><li><a href="<?cs var:url_validate(m.url) ?>"<?cs if:m.current ?> aria-current="page"<?cs /if ?>><?cs call:icon(m.icon) ?><span><?cs var:m.text ?></span></a></li><?cs /each ?></ul></nav><?cs /if ?>
<div class="p-page<?cs if:page.width ?> <?cs var:page.width ?><?cs /if ?>"><?cs call:crumbs(page.crumbs) ?><?cs /if ?><main class="p-main" id="main" tabindex="-1"><?cs
include!"layout/_top.cs" ?><?cs call:content() ?></main><?cs
if:!page.part ?><?cs if:subcount(portal.links) ?><footer class="p-foot"><ul><?cs each:x = portal.links ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?></ul></footer><?cs /if ?></div></body></html><?cs /if ?>
