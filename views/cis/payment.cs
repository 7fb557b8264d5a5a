<?cs include!"lib/ui.cs" ?><?cs
def:content() ?>
<section class="s-card"><div class="s-cb"><dl class="s-facts">
<div><dt><?cs var:t.cis.amount ?></dt><dd class="num"><?cs var:payment.amount ?></dd></div>
<div><dt><?cs var:t.cis.status ?></dt><dd><?cs call:badge(payment.status.tone, payment.status.label) ?></dd></div>
<div><dt><?cs var:t.cis.received ?></dt><dd><?cs var:payment.received_at ?></dd></div>
<div><dt><?cs var:t.cis.account ?></dt><dd><?cs if:payment.account_no ?><a href="<?cs var:url_validate(account_url) ?>"><?cs var:payment.account_no ?></a> <?cs var:payment.display_name ?><?cs else ?><?cs var:t.cis.in_suspense ?><?cs /if ?></dd></div>
<div><dt><?cs var:t.cis.paid_by ?></dt><dd><?cs var:payment.mode ?>, <?cs var:payment.channel ?></dd></div>
<div><dt><?cs var:t.cis.receipt ?></dt><dd><?cs var:payment.receipt_no ?></dd></div>
</dl></div></section>
<?cs call:section(allocated) ?><?cs if:refunded.title ?><?cs call:section(refunded) ?><?cs /if ?><?cs call:section(ledger) ?>
<?cs /def ?><?cs
include!"layout/staff.cs" ?>
