<?cs # views(l): saved filters. filters(l): one GET form with the search box, selects, chips and Apply; without script Apply does it.
     # l.{path,q,q_label,filters.N,keep.N,chips.N,clear_url,views.N,save_view_url,views_url}; see docs/templates.md section 6. ?><?cs
def:views(l) ?><?cs if:subcount(l.views) || l.save_view_url ?><ul class="s-views" hx-boost="true"><?cs each:x = l.views ?><li><a href="<?cs var:url_validate(x.url) ?>"<?cs
  if:x.current ?> aria-current="true"<?cs /if ?>><?cs var:x.text ?></a></li><?cs /each ?><?cs
  if:l.save_view_url ?><li><a href="<?cs var:url_validate(l.save_view_url) ?>" hx-boost="false"><?cs call:icon("plus") ?><?cs var:t.ui.save_view ?></a></li><?cs /if ?><?cs
  if:l.views_url ?><li><a href="<?cs var:url_validate(l.views_url) ?>" hx-boost="false"><?cs call:icon("settings") ?><?cs var:t.ui.look_after_views ?></a></li><?cs /if ?></ul><?cs /if ?><?cs /def ?><?cs
def:filter(f) ?><?cs if:f.kind == "date" || f.kind == "text" || f.kind == "month" ?><label class="s-fl"><span><?cs var:f.label ?></span><input name="<?cs var:f.name
    ?>" value="<?cs var:f.value ?>" type="<?cs var:f.kind ?>"></label><?cs
  elif:f.kind == "checks" ?><details class="s-menu"<?cs if:f.open ?> open<?cs /if ?>><summary class="btn small"><span><?cs var:f.label ?><?cs if:f.count ?> (<?cs var:f.count ?>)<?cs /if ?></span><?cs call:icon("down") ?></summary><fieldset class="s-pop s-fmore"><legend class="vh"><?cs var:f.label ?></legend><?cs
    each:o = f.options ?><label class="s-fl check"><input type="checkbox" name="<?cs var:f.name ?>" value="<?cs var:o.value ?>"<?cs if:o.selected ?> checked<?cs /if ?>><span><?cs var:o.text ?></span></label><?cs /each ?></fieldset></details><?cs
  else ?><select name="<?cs var:f.name ?>" aria-label="<?cs var:f.label ?>"><option value=""><?cs if:f.blank ?><?cs var:f.blank ?><?cs else ?><?cs var:f.label ?><?cs /if ?></option><?cs
    each:o = f.options ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select><?cs /if ?><?cs /def ?><?cs
def:filters(l) ?><?cs if:l.q_label || subcount(l.filters) || subcount(l.chips) ?><form class="s-filter" method="get" action="<?cs var:url_validate(l.path) ?>" hx-get="<?cs var:url_validate(l.path)
  ?>" hx-trigger="submit, change" hx-push-url="true"><?cs each:k = l.keep ?><input type="hidden" name="<?cs var:k.name ?>" value="<?cs var:k.value ?>"><?cs /each ?><?cs
  if:l.q_label ?><input type="search" name="q" value="<?cs var:l.q ?>" aria-label="<?cs var:l.q_label ?>" placeholder="<?cs var:l.q_label ?>" maxlength="200" data-find><?cs /if ?><?cs
  each:f = l.filters ?><?cs if:!f.more ?><?cs call:filter(f) ?><?cs /if ?><?cs /each ?><?cs
  if:l.has_more ?><details class="s-menu"<?cs if:l.more_open ?> open<?cs /if ?>><summary class="btn small"><?cs call:icon("filter") ?><span><?cs var:t.ui.more_filters ?></span></summary><div class="s-pop s-fmore"><?cs
    each:f = l.filters ?><?cs if:f.more ?><?cs call:filter(f) ?><?cs /if ?><?cs /each ?></div></details><?cs /if ?><?cs
  each:c = l.chips ?><a class="s-chip" href="<?cs var:url_validate(c.url) ?>"><span class="vh"><?cs var:t.ui.remove_filter ?> </span><?cs var:c.text ?><?cs call:icon("x") ?></a><?cs /each ?><button class="btn small"><?cs
  var:t.ui.apply ?></button><?cs if:l.clear_url ?><a class="s-more" href="<?cs var:url_validate(l.clear_url) ?>"><?cs var:t.ui.clear ?></a><?cs /if ?></form><?cs /if ?><?cs /def ?>
