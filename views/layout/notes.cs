<?cs # notes.cs: notes in the application: show.tabs, filter.{url,unread,topics.N,accounts.N} (options), notes_title, notes (a timeline), none (empty). ?><?cs
include!"lib/ui.cs" ?><?cs
def:choice(name, set, label) ?><?cs if:subcount(set) ?><select name="<?cs var:name ?>" aria-label="<?cs var:label ?>"><option value=""><?cs var:label ?></option><?cs each:o = set ?><option value="<?cs var:o.value ?>"<?cs
if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select><?cs /if ?><?cs /def ?><?cs
def:content() ?><?cs call:tabs(show.tabs, page.title) ?><section class="s-card"><div class="s-ch"><h2><?cs var:notes_title ?></h2></div><?cs
if:subcount(filter.topics) || subcount(filter.accounts) ?><form class="s-filter" method="get" action="<?cs var:url_validate(filter.url) ?>"><?cs if:filter.unread ?><input type="hidden" name="unread" value="1"><?cs /if ?><?cs
call:choice("topic", filter.topics, t.note.by_topic) ?><?cs call:choice("account", filter.accounts, t.note.by_account) ?><button class="btn small"><?cs var:t.ui.apply ?></button></form><?cs /if ?><?cs
if:subcount(notes) ?><div class="s-cb"><?cs call:timeline(notes) ?></div><?cs else ?><?cs call:empty(none) ?><?cs /if ?></section><?cs /def ?><?cs
include!"layout/any.cs" ?>
