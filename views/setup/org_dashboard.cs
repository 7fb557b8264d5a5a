<?cs # The organization's dashboard: show.kpis, top, utility_cards, show.sections; periods.N.{text,url,current}; live_url: asked again every minute. ?><?cs
include!"lib/ui.cs" ?><?cs
include!"setup/_utility_card.cs" ?><?cs
def:content() ?><nav class="s-views" aria-label="<?cs var:t.org.period ?>"><?cs each:p = periods ?><a href="<?cs var:url_validate(p.url) ?>"<?cs if:p.current ?> aria-current="true"<?cs /if ?>><?cs var:p.text ?></a><?cs /each ?></nav><div id="live" class="s-live" hx-get="<?cs
var:url_validate(live_url) ?>" hx-trigger="every 60s" hx-select="#live" hx-swap="outerHTML"><?cs call:kpis(show.kpis) ?><div class="s-grid"><?cs
each:s = top ?><?cs call:section(s) ?><?cs /each ?><?cs each:u = utility_cards ?><?cs call:utility_card(u) ?><?cs /each ?><?cs
each:s = show.sections ?><?cs call:section(s) ?><?cs /each ?></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
