<?cs # badge(tone, word): a state in words with its colour. tone: ok warn bad info hold off. ?><?cs
def:badge(tone, word) ?><span class="s-b <?cs var:tone ?>"><?cs var:word ?></span><?cs /def ?>
