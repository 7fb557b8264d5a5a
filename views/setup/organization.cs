<?cs # The organization's setup: org.{percent,percent_text,parts,details,regional,preview,look,logo,subscription,admins,history,edit_details,edit_regional,edit_look,
     # invite_url,invite_later}; facts of details and regional have icon and word where they are locked. ?><?cs
include!"lib/ui.cs" ?><?cs
def:card_head(title, url) ?><div class="s-ch"><h2><?cs var:title ?></h2><?cs if:url ?><a class="s-more" href="<?cs var:url_validate(url) ?>"><?cs var:t.org.edit ?><span class="vh"> <?cs var:title ?></span></a><?cs /if ?></div><?cs /def ?><?cs
def:sections_of_people() ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.org.admins ?></h2><?cs if:org.invite_url ?><a class="s-more" href="<?cs var:url_validate(org.invite_url) ?>"><?cs var:t.org.invite ?></a><?cs /if ?></div><?cs if:org.invite_later ?><div class="s-cb"><p class="sub"><?cs var:org.invite_later ?></p></div><?cs /if ?><?cs
  call:table(org.admins) ?></section><?cs /def ?><?cs
def:content() ?><div class="s-two"><div><section class="s-card"><?cs call:card_head(t.org.details, org.edit_details) ?><div class="s-cb"><?cs call:facts(org.details) ?></div></section><section class="s-card"><?cs call:card_head(t.org.regional, org.edit_regional) ?><div class="s-cb"><?cs call:facts(org.regional) ?></div></section><?cs
call:sections_of_people() ?><?cs call:section(org.history) ?></div><div class="side"><section class="s-card"><div class="s-ch"><h2><?cs var:t.org.progress ?></h2></div><div class="s-cb"><div class="s-progress"><progress max="100" value="<?cs var:org.percent ?>" aria-label="<?cs
var:org.percent_text ?>"></progress><strong class="num"><?cs var:org.percent_text ?></strong></div></div><?cs call:links(org.parts) ?></section><section class="s-card"><div class="s-ch"><h2><?cs var:t.org.preview ?></h2></div><div class="s-cb"><?cs call:facts(org.preview) ?></div></section><section class="s-card"><?cs
call:card_head(t.org.look, org.edit_look) ?><div class="s-cb"><?cs if:org.logo ?><p><img class="s-logo-big" src="/org/logo" alt="<?cs var:t.org.logo ?>" height="48"></p><?cs
else ?><p class="sub"><?cs var:t.org.no_logo ?></p><?cs /if ?><?cs call:facts(org.look) ?></div></section><?cs
if:subcount(org.subscription) ?><section class="s-card"><div class="s-ch"><h2><?cs var:t.org.subscription ?></h2><a class="s-more" href="/org/subscription"><?cs var:t.org.view ?><span class="vh"> <?cs var:t.org.subscription ?></span></a></div><div class="s-cb"><?cs
  call:facts(org.subscription) ?></div></section><?cs /if ?></div></div><?cs /def ?><?cs
include!"layout/staff.cs" ?>
