<?cs # kpis(set): set.N.{label,value,unit,url,sub,trend.{dir,figure,text,good,word},spark}; a link to the list behind each figure.
     # spark is SVG text made by lib/chart.h (raw). ?><?cs
def:kpi_body(k) ?><span class="s-kl"><?cs var:k.label ?></span><span class="s-kv"><strong class="num"><?cs var:k.value ?></strong><?cs
  if:k.unit ?> <span><?cs var:k.unit ?></span><?cs /if ?></span><?cs
  if:k.trend.text || k.trend.figure ?><span class="s-kt"><?cs
    if:k.trend.good == "1" ?><span class="ok"><?cs elif:k.trend.good == "0" ?><span class="bad"><?cs else ?><span><?cs /if ?><?cs
    if:k.trend.dir == "up" ?><?cs call:icon("up-right") ?><?cs elif:k.trend.dir == "down" ?><?cs call:icon("down-right") ?><?cs elif:k.trend.dir == "flat" ?><?cs call:icon("arrow-right") ?><?cs /if
    ?><strong class="num"><?cs var:k.trend.figure ?></strong></span> <?cs var:k.trend.text ?><?cs if:k.trend.word ?><span class="vh">, <?cs var:k.trend.word ?></span><?cs /if ?></span><?cs /if ?><?cs
  if:k.sub ?><span class="s-kt"><?cs var:k.sub ?></span><?cs /if ?><?cs if:k.spark ?><?cs uvar:k.spark ?><?cs /if ?><?cs /def ?><?cs
def:kpis(set) ?><ul class="s-kpis"><?cs each:k = set ?><li><?cs if:k.url ?><a class="s-kpi" href="<?cs var:url_validate(k.url) ?>"><?cs call:kpi_body(k) ?></a><?cs
  else ?><div class="s-kpi"><?cs call:kpi_body(k) ?></div><?cs /if ?></li><?cs /each ?></ul><?cs /def ?>
