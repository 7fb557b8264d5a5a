<?cs # confirm.cs: the page before a dangerous act: confirm.* (docs/templates.md section 7). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="s-narrow"><?cs call:confirm(confirm) ?></div><?cs /def ?><?cs
include!"layout/any.cs" ?>
