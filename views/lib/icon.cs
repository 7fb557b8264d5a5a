<?cs # icon(name): an icon of the sprite (views/static/icons.txt), silent for screen readers. ?><?cs
def:icon(n) ?><svg class="i" aria-hidden="true"><use href="<?cs var:asset.icons ?>#<?cs var:n ?>"/></svg><?cs /def ?>
