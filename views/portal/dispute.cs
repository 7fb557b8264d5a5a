<?cs # Questioning a bill: lines.N.{seq,text,amount,picked}, lines_error, form (reason, words, files), open, open_url (a complaint is open already). ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs if:open ?><div class="s-note hold"><?cs call:icon("info") ?><p><?cs var:open ?></p><a class="s-more" href="<?cs var:url_validate(open_url) ?>"><?cs var:t.portal.dispute.see ?></a></div><?cs /if ?><section class="s-card"><div class="s-cb"><form class="s-form" method="post" enctype="multipart/form-data" action="<?cs
var:url_validate(form.action) ?>" novalidate><?cs call:hidden_keys(form) ?><div class="f<?cs if:lines_error ?> bad<?cs /if ?>"><fieldset<?cs if:lines_error ?> aria-describedby="e-lines"<?cs /if ?>><legend><?cs var:t.portal.dispute.which ?></legend><?cs
if:lines_error ?><p class="err" id="e-lines"><?cs call:icon("alert") ?><span><span class="vh"><?cs var:t.ui.error ?>: </span><?cs var:lines_error ?></span></p><?cs /if ?><?cs
each:l = lines ?><label class="pick"><input type="checkbox" name="line_<?cs var:l.seq ?>" value="1"<?cs if:first(l) ?> id="f-lines"<?cs /if ?><?cs if:l.picked ?> checked<?cs /if ?>><span><?cs var:l.text ?><span class="hint num"><?cs var:l.amount ?></span></span></label><?cs /each ?></fieldset></div><?cs
call:fields(form.fields) ?><?cs call:form_buttons(form) ?></form></div></section><?cs /def ?><?cs
include!"layout/portal.cs" ?>
