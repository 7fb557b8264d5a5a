<?cs # _menu.cs: the side menu of staff and platform; menu.N.{key,text,url,icon,current,gap,count,count_text,sub.M}. ?><?cs
each:m = menu ?><li<?cs if:m.gap ?> class="gap"<?cs /if ?>><a href="<?cs var:url_validate(m.url) ?>"<?cs if:m.current == "page" ?> aria-current="page"<?cs /if ?><?cs if:m.key ?> data-go="<?cs var:m.key ?>"<?cs /if ?><?cs if:page.slim ?> title="<?cs var:m.text ?>"<?cs /if ?>><?cs call:icon(m.icon) ?><span><?cs var:m.text ?></span><?cs
call:count(m) ?></a><?cs if:subcount(m.sub) ?><ul><?cs each:s = m.sub ?><li><a href="<?cs var:url_validate(s.url) ?>"<?cs if:s.current ?> aria-current="page"<?cs /if ?>><span><?cs var:s.text ?></span><?cs
call:count(s) ?></a></li><?cs /each ?></ul><?cs /if ?></li>
<?cs /each ?>
