<?cs # The utility's dashboard: asked.{periods,services,areas,from,to,url}, show.kpis, setup.{percent,text,done,url}, show.sections (steps), more.sections, map (a section);
     # live_url: asked again every minute; the map stays as it is. ?><?cs
include!"lib/ui.cs" ?><?cs
def:choices(set) ?><?cs each:o = set ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?><?cs /def ?><?cs
def:content() ?><section class="s-card"><form class="s-filter" method="get" action="<?cs var:url_validate(asked.url) ?>" aria-label="<?cs var:t.dashboard.filter ?>"><select name="period" aria-label="<?cs var:t.dashboard.period_label ?>"><?cs
call:choices(asked.periods) ?></select><input type="date" name="from" value="<?cs var:asked.from ?>" aria-label="<?cs var:t.dashboard.from ?>"><input type="date" name="to" value="<?cs var:asked.to ?>" aria-label="<?cs var:t.dashboard.to ?>"><select name="service" aria-label="<?cs
var:t.utility.service ?>"><option value=""><?cs var:t.utility.any_service ?></option><?cs call:choices(asked.services) ?></select><select name="area" aria-label="<?cs var:t.dashboard.area ?>"><option value=""><?cs var:t.dashboard.any_area ?></option><?cs
call:choices(asked.areas) ?></select><button class="btn"><?cs var:t.utility.apply ?></button></form></section><div id="live" class="s-live" hx-get="<?cs var:url_validate(live_url) ?>" hx-trigger="every 60s" hx-select="#live" hx-swap="outerHTML"><?cs
call:kpis(show.kpis) ?><?cs if:setup.done ?><p><a class="s-more" href="<?cs var:url_validate(setup.url) ?>"><?cs var:t.dashboard.setup_done ?></a></p><?cs
else ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.dashboard.progress ?></h2></div><div class="s-cb"><div class="s-progress"><progress max="100" value="<?cs var:setup.percent ?>" aria-label="<?cs var:setup.text ?>"></progress><strong class="num"><?cs
var:setup.text ?></strong></div></div></section><?cs call:sections(show.sections) ?><?cs /if ?><?cs call:sections(more.sections) ?></div><?cs if:map.title ?><?cs call:section(map) ?><?cs /if ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
