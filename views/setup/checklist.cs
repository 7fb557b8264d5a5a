<?cs # The checklist of the set-up for paper: rows.N.{text,state,percent,missing,signed,comment}; guide.pdf_url. ?><?cs
include!"lib/ui.cs" ?><?cs
def:content() ?><p class="no-print"><a href="<?cs var:url_validate(guide.pdf_url) ?>">PDF</a></p><table class="pr-t"><thead><tr><th scope="col"><?cs var:t.setup.guide.step ?></th><th scope="col"><?cs var:t.setup.guide.state ?></th><th scope="col"><?cs var:t.setup.guide.missing ?></th><th scope="col"><?cs var:t.setup.guide.signature ?></th></tr></thead><tbody><?cs
  each:x = rows ?><tr><th scope="row"><?cs var:x.text ?></th><td><?cs var:x.state ?><br><?cs var:x.percent ?></td><td><?cs var:x.missing ?></td><td><?cs var:x.signed ?><?cs if:x.comment ?><br><?cs var:x.comment ?><?cs /if ?></td></tr><?cs /each ?></tbody></table><?cs /def ?><?cs
include!"layout/print.cs" ?>
