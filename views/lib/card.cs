<?cs # card_start(title, link_text, link_url) ... card_end(): a card with a head. An empty title: no head. card_body() ... pads what is no table. ?><?cs
def:card_start(title, link_text, link_url) ?><section class="s-card"><?cs
  if:title ?><div class="s-ch"><h2><?cs var:title ?></h2><?cs if:link_url ?><a class="s-more" href="<?cs var:url_validate(link_url) ?>"><?cs var:link_text ?></a><?cs /if ?></div><?cs /if ?><?cs /def ?><?cs
def:card_end() ?></section><?cs /def ?>
