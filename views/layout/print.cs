<?cs # print.cs: shell of pages meant for paper (A4): no navigation, black on white; page.{title,lang,dir}. ?><?cs
include!"layout/_head.cs" ?></head><body class="pr"><main id="main"><?cs if:!page.own_head && page.title ?><h1><?cs var:page.title ?></h1><?cs if:page.sub ?><p class="sub"><?cs var:page.sub ?></p><?cs /if ?><?cs /if ?><?cs call:content() ?></main></body></html>
