<?cs # What was typed on this phone and has not been sent: filled by field.js from the phone's own store. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><section class="s-card"><div class="s-cb"><p id="nothing"><?cs var:t.field.nothing_waits ?></p><ul id="waiting" class="fd-waiting"></ul><noscript><p><?cs var:t.field.no_script ?></p></noscript></div></section>
<div class="fd-act"><a class="btn" href="<?cs var:url_validate(field.home_url) ?>"><?cs var:t.layout.today ?></a><button type="button" class="btn primary" id="send" hidden><?cs var:t.field.send_now ?></button></div><?cs /def ?><?cs
include!"layout/field.cs" ?>
