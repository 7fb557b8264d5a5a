<?cs # Regional settings with a preview of them: form, org.preview, draft_url. Without script the second button shows what was chosen; with it each choice does. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><?cs call:conflict(form.conflict) ?><div class="s-two"><div><section class="s-card"><div class="s-cb"><p class="s-intro"><?cs var:t.org.regional_how ?></p><form class="s-form" action="<?cs
var:url_validate(form.action) ?>" method="post" novalidate hx-get="<?cs var:url_validate(draft_url) ?>" hx-trigger="change" hx-target="#preview" hx-select="#preview" hx-swap="outerHTML" hx-params="not csrf,form_key,row_version"><?cs
call:hidden_keys(form) ?><?cs call:fields(form.fields) ?><?cs call:form_buttons(form) ?><p class="s-acts"><button class="btn quiet" formmethod="get" formaction="<?cs var:url_validate(draft_url) ?>" name="preview" value="1"><?cs var:t.org.show_preview ?></button></p></form></div></section></div><div class="side"><section class="s-card" id="preview"><div class="s-ch"><h2><?cs
var:t.org.preview ?></h2></div><div class="s-cb"><?cs call:facts(org.preview) ?></div></section></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
