<?cs # plain.cs: shell without navigation for sign-in, public pages and errors. Reads page.*, brand.{name,mark_url,url}, languages. ?><?cs
include!"layout/_head.cs" ?><?cs
if:!page.part ?></head><body class="pl">
<a class="skip" href="#main"><?cs var:t.layout.skip ?></a><header class="pl-top"><a class="s-logo" href="<?cs if:brand.url ?><?cs var:url_validate(brand.url) ?><?cs else ?>/<?cs /if ?>"><?cs
if:brand.mark_url ?><img src="<?cs var:url_validate(brand.mark_url) ?>" alt="" width="28" height="28"><?cs else ?><svg viewBox="0 0 28 28" class="s-mark" aria-hidden="true"><rect width="28" height="28" rx="7"/><path d="M7.6 18.6a7.4 7.4 0 1 1 12.8 0"/><path class="w" d="M14 15.4l3.6-4.2"/><circle cx="14" cy="15.4" r="2.2"/></svg><?cs /if ?><span><?cs
if:brand.name ?><?cs var:brand.name ?><?cs else ?>SMART360<?cs /if ?></span></a><?cs
if:subcount(languages) > 1 ?><ul class="pl-lang"><?cs each:l = languages ?><li><a lang="<?cs var:l.code ?>" hreflang="<?cs var:l.code ?>" href="<?cs var:url_validate(l.url) ?>"<?cs if:l.current ?> aria-current="true"<?cs /if ?>><?cs var:l.text ?></a></li><?cs /each ?></ul><?cs /if ?></header>
<div class="pl-page<?cs if:page.width ?> <?cs var:page.width ?><?cs /if ?>"><?cs /if ?><main id="main" tabindex="-1"><?cs include!"layout/_top.cs" ?><?cs call:content() ?></main><?cs if:!page.part ?></div></body></html><?cs /if ?>
