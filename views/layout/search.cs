<?cs # search.cs: the global search's answer: search.q, results.N (groups, see lib/suggestions.cs), search.none (text when there are none). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs if:subcount(results) ?><section class="s-card s-results"><div class="s-cb"><?cs call:suggestions(results) ?></div></section><?cs
else ?><section class="s-card"><div class="s-empty"><?cs call:icon("search") ?><p><strong><?cs var:search.none ?></strong></p></div></section><?cs /if ?><?cs /def ?><?cs
include!"layout/any.cs" ?>
