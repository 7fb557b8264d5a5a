<?cs # list.cs: a whole list from data: list.*, page.actions (docs/templates.md section 6). before.N: sections above it (figures). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:tabs(page.tabs, page.title) ?><?cs if:subcount(before) ?><?cs call:sections(before) ?><?cs /if ?><?cs call:list(list) ?><?cs if:subcount(after) ?><?cs call:sections(after) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/any.cs" ?>
