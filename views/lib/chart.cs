<?cs # chart(c): title, id, svg, svg_narrow (SVG text made by lib/chart.h, raw), legend.N.{text,series}, note, table, error, link.{text,url}. ?><?cs
def:chart_body(c) ?><?cs if:c.error ?><p class="s-part"><?cs var:c.error ?></p><?cs else ?><?cs
  if:c.svg_narrow ?><div class="s-cbox"><div class="s-cw wide"><?cs uvar:c.svg ?></div><div class="s-cw narrow"><?cs uvar:c.svg_narrow ?></div></div><?cs
  else ?><div class="s-cw" tabindex="0" role="region" aria-label="<?cs var:t.ui.chart ?>: <?cs var:c.title ?>"><?cs uvar:c.svg ?></div><?cs /if ?><?cs
  if:c.note ?><p class="sub"><?cs var:c.note ?></p><?cs /if ?><?cs
  if:subcount(c.table.rows) ?><details class="s-disc"><summary><?cs var:t.ui.show_table ?></summary><?cs call:table(c.table) ?></details><?cs /if ?><?cs /if ?><?cs /def ?><?cs
def:handles(d) ?><?cs uvar:d.svg ?><?cs /def ?><?cs # bars to be moved: svg of chart_handles ?><?cs
def:legend(c) ?><?cs if:subcount(c.legend) ?><ul class="s-leg"><?cs each:l = c.legend ?><li><svg class="sw s<?cs var:l.series ?>" viewBox="0 0 12 12" aria-hidden="true"><rect x=".5" y=".5" width="11" height="11" rx="2.5"/></svg><?cs
  var:l.text ?></li><?cs /each ?></ul><?cs /if ?><?cs /def ?><?cs
def:chart(c) ?><figure class="s-chart"><figcaption class="s-ch"><h2><?cs var:c.title ?></h2><?cs call:legend(c) ?><?cs
  if:c.link.url ?><a class="s-more" href="<?cs var:url_validate(c.link.url) ?>"><?cs var:c.link.text ?></a><?cs /if ?></figcaption><div class="s-cb"><?cs call:chart_body(c) ?></div></figure><?cs /def ?>
