<?cs # handover.cs: a form of the browser opens the gateway's page: handover.{url,submit,fields.N.{name,value}}. Nothing of our session goes along. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><div class="s-narrow"><form method="post" action="<?cs var:url_validate(handover.url) ?>"><?cs
each:f = handover.fields ?><input type="hidden" name="<?cs var:f.name ?>" value="<?cs var:f.value ?>"><?cs /each ?><p><button class="btn primary" type="submit"><?cs var:handover.submit ?></button></p></form></div><?cs /def ?><?cs
include!"layout/any.cs" ?>
