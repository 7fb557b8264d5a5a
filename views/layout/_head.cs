<?cs # _head.cs: document head of every shell; page.{title,lang,dir,theme,brand_css,map,plot,part,keys_off}, asset.*, page.errors. In a part only the title. ?><?cs
if:!page.part ?><!doctype html>
<html lang="<?cs var:page.lang ?>" dir="<?cs if:page.dir ?><?cs var:page.dir ?><?cs else ?>ltr<?cs /if ?>" data-theme="<?cs if:page.theme ?><?cs var:page.theme ?><?cs else ?>auto<?cs /if ?>"><head><meta charset="utf-8"><?cs
/if ?><title><?cs if:subcount(page.errors) ?><?cs var:t.ui.error ?>: <?cs /if ?><?cs var:page.title ?><?cs if:page.title ?> - <?cs /if ?><?cs
if:page.site ?><?cs var:page.site ?><?cs elif:utility.name ?><?cs var:utility.name ?><?cs else ?>SMART360<?cs /if ?></title><?cs
if:!page.part ?>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="preload" as="font" type="font/woff2" href="<?cs var:asset.font ?>" crossorigin>
<link rel="stylesheet" href="<?cs var:asset.app_css ?>"><?cs
if:page.plot ?><link rel="stylesheet" href="<?cs var:asset.uplot_css ?>"><?cs /if ?><?cs
if:page.map ?><link rel="stylesheet" href="<?cs var:asset.leaflet_css ?>"><?cs /if ?><?cs
if:page.brand_css ?><link rel="stylesheet" href="<?cs var:url_validate(page.brand_css) ?>"><?cs /if ?>
<link rel="icon" type="image/svg+xml" href="<?cs if:page.mark_url ?><?cs var:url_validate(page.mark_url) ?><?cs else ?><?cs var:asset.mark ?><?cs /if ?>">
<script defer src="<?cs var:asset.app_js ?>"></script><?cs
if:page.plot ?><script defer src="<?cs var:asset.uplot_js ?>"></script><script defer src="<?cs var:asset.plot_js ?>"></script><?cs /if ?><?cs
if:page.map ?><script defer src="<?cs var:asset.leaflet_js ?>"></script><script defer src="<?cs var:asset.map_js ?>"></script><?cs /if ?><?cs
if:page.idle_s ?><noscript><meta http-equiv="refresh" content="<?cs var:page.idle_s ?>;url=<?cs var:url_validate(page.idle_url) ?>"></noscript><?cs /if ?><?cs
if:job.poll_url ?><noscript><meta http-equiv="refresh" content="5"></noscript><?cs /if ?><?cs
each:x = page.scripts ?><script defer src="<?cs var:url_validate(x) ?>"></script><?cs /each ?><?cs
/if ?>
