<?cs # _keys.cs: the keys that work on every page. ?><?cs
each:k = t.layout.key ?><div><dt><kbd><?cs var:k.press ?></kbd></dt><dd><?cs var:k.does ?></dd></div><?cs /each ?>