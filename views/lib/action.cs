<?cs # action(a): text, url, icon, kind (primary plain quiet danger), post, name, value, form_key, row_version, menu.N, why, download, key (e or c).
     # A GET is a link; a POST is a small form of its own. why: shown in place of a button that cannot be pressed now.
     # actions(set): several of them in a row. ?><?cs
def:action_face(a) ?><?cs if:a.icon ?><?cs call:icon(a.icon) ?><?cs /if ?><span><?cs var:a.text ?></span><?cs /def ?><?cs
def:hidden_keys(a) ?><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><input type="hidden" name="form_key" value="<?cs
  if:a.form_key ?><?cs var:a.form_key ?><?cs else ?><?cs var:form_key ?><?cs /if ?>"><?cs
  if:a.row_version ?><input type="hidden" name="row_version" value="<?cs var:a.row_version ?>"><?cs /if ?><?cs /def ?><?cs
def:action(a) ?><?cs
  if:a.why ?><span class="s-why"><?cs call:action_face(a) ?><span class="sub"><?cs var:a.why ?></span></span><?cs
  elif:subcount(a.menu) ?><details class="s-menu"><summary class="btn <?cs var:a.kind ?>"><?cs call:action_face(a) ?><?cs call:icon("down") ?></summary>
<ul class="s-pop"><?cs each:m = a.menu ?><li><?cs
    if:m.why ?><span class="s-why"><?cs var:m.text ?><span class="sub"><?cs var:m.why ?></span></span><?cs
    elif:m.post ?><form method="post" action="<?cs var:url_validate(m.url) ?>"><?cs call:hidden_keys(m) ?><button<?cs
      if:m.name ?> name="<?cs var:m.name ?>" value="<?cs var:m.value ?>"<?cs /if ?>><?cs call:action_face(m) ?></button></form><?cs
    else ?><a href="<?cs var:url_validate(m.url) ?>"><?cs call:action_face(m) ?></a><?cs /if ?></li><?cs /each ?></ul></details><?cs
  elif:a.post ?><form method="post" action="<?cs var:url_validate(a.url) ?>"><?cs call:hidden_keys(a) ?><button class="btn <?cs var:a.kind ?>"<?cs
    if:a.name ?> name="<?cs var:a.name ?>" value="<?cs var:a.value ?>"<?cs /if ?>><?cs call:action_face(a) ?></button></form><?cs
  else ?><a class="btn <?cs var:a.kind ?>" href="<?cs var:url_validate(a.url) ?>"<?cs if:a.download ?> download<?cs /if ?><?cs if:a.key ?> data-key="<?cs var:a.key ?>"<?cs /if ?>><?cs call:action_face(a) ?></a><?cs
  /if ?><?cs /def ?><?cs
def:actions(set) ?><?cs if:subcount(set) ?><div class="s-acts"><?cs each:x = set ?><?cs call:action(x) ?><?cs /each ?></div><?cs /if ?><?cs /def ?>
