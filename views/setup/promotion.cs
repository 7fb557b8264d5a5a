<?cs # What a configuration file would change: counts, groups.N.{title,count,open,refused,items.M.{id,key,name,is_new,what,tone,refusal,may,ticked,changes.K.{label,was,is}}}; a form when `may`: action, seal. refused.N: what the last time was refused. ?><?cs
include!"lib/ui.cs" ?><?cs
def:difference(d) ?><li><?cs if:may && d.may ?><label class="tick"><input type="checkbox" name="rows" value="<?cs var:d.id ?>"<?cs if:d.ticked ?> checked<?cs /if ?>> <strong><?cs var:d.key ?></strong><?cs if:d.name ?> <?cs var:d.name ?><?cs /if ?></label><?cs else ?><span><strong><?cs var:d.key ?></strong><?cs if:d.name ?> <?cs var:d.name ?><?cs /if ?></span><?cs /if ?> <?cs call:badge(d.tone, d.what) ?><?cs
  if:d.refusal ?><p class="s-why"><?cs call:badge("bad", t.promotion.refused) ?> <?cs var:d.refusal ?></p><?cs /if ?><?cs
  if:subcount(d.changes) ?><?cs if:d.is_new ?><details><summary><?cs var:t.promotion.values ?></summary><?cs /if ?><ul class="s-chg"><?cs each:x = d.changes ?><li><span class="sub"><?cs var:x.label ?></span> <?cs
    if:x.was ?><del><span class="vh"><?cs var:t.ui.was ?> </span><?cs var:x.was ?></del> <?cs call:icon("arrow-right") ?> <?cs /if ?><ins><?cs var:x.is ?></ins></li><?cs /each ?></ul><?cs if:d.is_new ?></details><?cs /if ?><?cs /if ?></li><?cs /def ?><?cs
def:groups_list() ?><?cs each:g = groups ?><details class="s-card s-fold"<?cs if:g.open ?> open<?cs /if ?>><summary><h2><?cs var:g.title ?></h2> <span class="sub"><?cs var:g.count ?></span><?cs if:g.refused ?> <?cs call:badge("bad", g.refused) ?><?cs /if ?></summary><ul class="s-diff"><?cs each:d = g.items ?><?cs call:difference(d) ?><?cs /each ?></ul></details><?cs /each ?><?cs /def ?><?cs
def:content() ?><?cs if:subcount(counts_facts) ?><section class="s-card s-rec"><?cs call:facts_row(counts_facts) ?></section><?cs /if ?><?cs
if:subcount(refused) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.promotion.last_refused ?></h2></div><ul class="s-diff"><?cs each:x = refused ?><li><?cs var:x ?></li><?cs /each ?></ul></section><?cs /if ?><?cs
if:intro ?><p class="s-intro"><?cs var:intro ?></p><?cs /if ?><?cs
if:nothing ?><p role="status"><?cs var:t.promotion.nothing ?></p><?cs /if ?><?cs if:nothing_text ?><p role="status"><?cs var:nothing_text ?></p><?cs /if ?><?cs
if:too_many ?><p><?cs var:too_many ?></p><?cs /if ?><?cs
if:may ?><form class="s-form" method="post" action="<?cs var:url_validate(action) ?>"><?cs call:hidden_keys(nothing_) ?><input type="hidden" name="seen" value="<?cs var:seal ?>"><?cs call:groups_list() ?><p class="s-acts"><button class="btn primary"><?cs var:t.promotion.apply ?></button> <?cs if:!only_ticked ?><button class="btn" name="all" value="1"><?cs var:t.promotion.apply_all ?></button><?cs /if ?> <a class="btn quiet" href="<?cs var:url_validate(back_url) ?>"><?cs var:t.ui.cancel ?></a></p></form><?cs
else ?><?cs call:groups_list() ?><?cs /if ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
