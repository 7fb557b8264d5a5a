<?cs # document(d): a PDF of our own in a frame; url, title, download_url, print_url. ?><?cs
def:document(d) ?><div class="s-doc"><div class="s-acts"><?cs if:d.download_url ?><a class="btn" href="<?cs var:url_validate(d.download_url) ?>" download><?cs call:icon("download") ?><span><?cs var:t.ui.download ?></span></a><?cs /if ?><?cs
  if:d.print_url ?><a class="btn" href="<?cs var:url_validate(d.print_url) ?>"><?cs call:icon("print") ?><span><?cs var:t.ui.print ?></span></a><?cs /if ?></div><?cs
  if:d.url ?><iframe title="<?cs var:d.title ?>" src="<?cs var:url_validate(d.url) ?>" loading="lazy"></iframe><?cs /if ?></div><?cs /def ?>
