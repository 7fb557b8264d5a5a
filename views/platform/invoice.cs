<?cs # An invoice of the platform for paper: seller.N, buyer.N, issued, due, contract, rows.N.{text,amount}, total, state, paid, paid_by, refunded. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><p><?cs each:x = seller ?><?cs var:x ?><br><?cs /each ?></p><p><?cs each:x = buyer ?><?cs var:x ?><br><?cs /each ?></p><p><?cs var:t.platform.issued ?>: <?cs var:issued ?><br><?cs var:t.platform.due ?>: <?cs var:due ?><?cs
if:contract ?><br><?cs var:t.platform.contract_no ?>: <?cs var:contract ?><?cs /if ?></p><table class="pr-t"><thead><tr><th scope="col"><?cs var:t.platform.line ?></th><th scope="col"><?cs var:t.platform.amount ?></th></tr></thead><tbody><?cs
each:x = rows ?><tr><td><?cs var:x.text ?></td><td><?cs var:x.amount ?></td></tr><?cs /each ?><tr><th scope="row"><?cs var:t.platform.total ?></th><td><strong><?cs var:total ?></strong></td></tr></tbody></table><p><?cs var:state ?><?cs
if:paid ?>: <?cs var:paid ?><?cs /if ?><?cs if:paid_by ?>, <?cs var:paid_by ?><?cs /if ?></p><?cs
if:refunded ?><p><?cs var:t.platform.refunded ?>: <?cs var:refunded ?></p><?cs /if ?><?cs /def ?><?cs
include!"layout/print.cs" ?>
