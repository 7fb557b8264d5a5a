<?cs # Sample: a page with a long series and one with a map; the boxes hold what stands there without script. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:card_start("Interval data, kWh", "", "") ?><div class="s-cb"><div class="plot" data-url="/data/interval.json"><p class="sub">The series is drawn by script; download it as CSV.</p></div></div><?cs call:card_end() ?>
<?cs call:card_start("Stops of today", "", "") ?><div class="s-cb"><div class="map" data-url="/data/map.json" data-pick="lat,lon" role="region" aria-label="Map of the stops"><ul><li>Stop 12: 14/2 Temple Road</li></ul></div>
<div class="s-form"><?cs call:fields(place) ?></div></div><?cs call:card_end() ?><?cs /def ?><?cs
include!"layout/staff.cs" ?>
