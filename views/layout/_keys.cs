<?cs # _keys.cs: the keys that work on every page; keyed.N.{letter,key,text,url}: where g and a letter lead here. ?><?cs
each:k = t.layout.key ?><div><dt><kbd><?cs if:name(k) == 2 && subcount(keyed) ?><?cs var:t.layout.key_go ?><?cs else ?><?cs var:k.press ?><?cs /if ?></kbd></dt><dd><?cs
if:name(k) == 2 && subcount(keyed) ?><ul><?cs each:x = keyed ?><li><kbd><?cs var:x.letter ?></kbd> <a href="<?cs var:url_validate(x.url) ?>" data-go="<?cs var:x.key ?>"><?cs var:x.text ?></a></li><?cs /each ?></ul><?cs
else ?><?cs var:k.does ?><?cs /if ?></dd></div><?cs /each ?>