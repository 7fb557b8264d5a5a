<?cs # field.cs: shell of the phone pages of readers and crews. Reads page.*, field.{home_url,back_url,back_text,pending,pending_url,pending_text}, bell, user.
     # One job a screen; a page puts its buttons into <div class="fd-act">, which stays at the bottom edge. ?><?cs
include!"layout/_head.cs" ?><?cs include!"layout/_htmx.cs" ?><?cs
if:!page.part ?><script defer src="<?cs var:asset.field_js ?>"></script></head><body class="fd" data-base="<?cs var:utility.base ?>" data-field="<?cs var:field.home_url ?>" data-who="<?cs var:field.who ?>" data-toast="<?cs var:t.ui.unreachable ?>">
<a class="skip" href="#main"><?cs var:t.layout.skip ?></a><div class="s-busy" aria-hidden="true"></div><header class="p-top"><?cs
if:field.back_url ?><a class="p-ico" href="<?cs var:url_validate(field.back_url) ?>" aria-label="<?cs if:field.back_text ?><?cs var:field.back_text ?><?cs else ?><?cs var:t.ui.back ?><?cs /if ?>"><?cs call:icon("left") ?></a><?cs /if ?><a class="s-logo" href="<?cs
if:field.home_url ?><?cs var:url_validate(field.home_url) ?><?cs else ?>/<?cs /if ?>"><span><?cs if:field.title ?><?cs var:field.title ?><?cs else ?><?cs var:t.layout.today ?><?cs /if ?></span></a><div class="s-me"><?cs
if:bell.url ?><a class="s-bell p-ico" href="<?cs var:url_validate(bell.url) ?>" aria-label="<?cs if:bell.count_text ?><?cs var:bell.count_text ?><?cs else ?><?cs var:t.layout.notifications ?><?cs /if ?>"><?cs call:icon("bell") ?><?cs
if:bell.count ?><span class="s-n" aria-hidden="true"><?cs var:bell.count ?></span><?cs /if ?></a><?cs /if ?><?cs
if:user.name ?><details class="s-menu"><summary class="s-ava" aria-label="<?cs var:user.initials ?>, <?cs var:user.name ?>"><?cs var:user.initials ?></summary><ul class="s-pop end"><li class="s-who"><strong><?cs var:user.name ?></strong></li><?cs
if:user.url ?><li><a href="<?cs var:url_validate(user.url) ?>"><?cs var:t.layout.account ?></a></li><?cs /if ?><?cs each:x = user.menu ?><li><a href="<?cs var:url_validate(x.url) ?>"><?cs var:x.text ?></a></li><?cs /each ?><?cs
if:user.logout_url ?><li><form method="post" action="<?cs var:url_validate(user.logout_url) ?>"><input type="hidden" name="csrf" value="<?cs var:csrf ?>"><input type="hidden" name="form_key" value="<?cs var:form_key ?>"><button><?cs
var:t.layout.sign_out ?></button></form></li><?cs /if ?></ul></details><?cs /if ?></div></header>
<p class="fd-off" id="pending" role="status"<?cs if:!field.pending ?> hidden<?cs /if ?> data-pending="<?cs var:t.field.pending ?>" data-kept="<?cs var:t.field.kept ?>" data-refused="<?cs var:t.field.refused ?>" data-sign-in="<?cs var:t.field.sign_in ?>"
data-waits="<?cs var:t.field.waits ?>" data-was-refused="<?cs var:t.field.was_refused ?>" data-open="<?cs var:t.field.open ?>" data-discard="<?cs var:t.field.discard ?>"><?cs call:icon("wifi-off") ?><a href="<?cs if:field.pending_url ?><?cs var:url_validate(field.pending_url) ?><?cs else ?>#main<?cs /if ?>"><?cs var:field.pending_text ?></a></p>
<div class="p-page"><?cs /if ?><main class="p-main" id="main" tabindex="-1"><?cs
include!"layout/_top.cs" ?><?cs call:content() ?></main><?cs if:!page.part ?></div></body></html><?cs /if ?>
