<?cs # areas.cs: the territory (ONB02US08): figures, charts, the tree as nested details, the map; the tree is what stands there without script. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:tabs(page.tabs, page.title) ?><?cs call:kpis(show.kpis) ?><?cs call:sections(show.sections) ?><div class="s-grid"><section class="s-card sp-half"><div class="s-ch"><h2><?cs var:t.area.tree ?></h2></div><div class="s-cb"><?cs
if:subcount(tree) ?><ul class="s-tree"><?cs each:n = tree ?><li><a href="<?cs var:url_validate(n.url) ?>"><?cs var:n.name ?></a> <span class="sub"><?cs var:n.code ?> · <?cs var:n.level ?><?cs if:n.count ?> · <?cs var:n.count ?><?cs /if ?></span><?cs if:n.status ?> <?cs call:badge(n.tone, n.status) ?><?cs /if ?><?cs
if:n.opens ?><details<?cs if:n.open ?> open<?cs /if ?>><summary><?cs var:n.opens ?></summary><ul><?cs else ?></li><?cs each:x = n.shut ?></ul></details></li><?cs /each ?><?cs /if ?><?cs /each ?></ul><?cs
else ?><p class="sub"><?cs var:t.area.none_text ?></p><?cs /if ?></div></section><section class="s-card sp-half"><div class="s-ch"><h2><?cs var:t.area.map ?></h2></div><div class="s-cb"><div class="map tall" data-url="<?cs var:url_validate(map_url) ?>" role="region" aria-label="<?cs var:t.area.map ?>"><p class="sub"><?cs var:t.area.map_needs ?></p></div></div></section></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
