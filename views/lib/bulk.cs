<?cs # bulk_start(l) ... bulk_end(l): the form round a table with boxes and its bar of acts; l.{bulk_url,bulk.N,filter_query,all_text}.
     # The bar shows while a box is ticked (always, in browsers without :has). "all" sends the filter, not the ids. ?><?cs
def:bulk_start(l) ?><?cs if:subcount(l.bulk) ?><form class="s-bulkform" method="post" action="<?cs var:url_validate(l.bulk_url) ?>"><?cs call:hidden_keys(l) ?><input type="hidden" name="filter_query" value="<?cs
  var:l.filter_query ?>"><div class="s-bulk" role="group" aria-label="<?cs var:t.ui.bulk ?>"><span data-selected="<?cs var:t.ui.selected ?>"><?cs var:t.ui.ticked ?></span><?cs
  each:a = l.bulk ?><button class="btn small <?cs var:a.kind ?>" name="<?cs if:a.name ?><?cs var:a.name ?><?cs else ?>act<?cs /if ?>" value="<?cs var:a.value ?>"<?cs
    if:a.url ?> formaction="<?cs var:url_validate(a.url) ?>"<?cs /if ?>><?cs call:action_face(a) ?></button><?cs /each ?><?cs
  if:l.all_text ?><label class="s-all"><input type="checkbox" name="all" value="1"><span><?cs var:l.all_text ?></span></label><?cs /if ?></div><?cs /if ?><?cs /def ?><?cs
def:bulk_end(l) ?><?cs if:subcount(l.bulk) ?></form><?cs /if ?><?cs /def ?>
