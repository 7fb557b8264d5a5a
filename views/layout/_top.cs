<?cs # _top.cs: what stands above the content in every shell: green note, box of errors, H1 with actions, notes. ?><?cs
if:page.note ?><div class="s-note ok" role="status"><?cs call:icon("done") ?><p><?cs var:page.note ?></p><?cs if:page.note_action.text ?><?cs call:action(page.note_action) ?><?cs /if ?></div><?cs /if ?><?cs
call:errors(page.errors) ?><?cs if:!page.own_head && page.title ?><?cs call:page_head(page) ?><?cs /if ?><?cs call:notes(page.notices) ?>
