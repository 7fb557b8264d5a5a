<?cs # message.cs: an ordinary mail from data: mail.* (see layout/mail.cs), message.{title,lines.N,facts.N.{label,text},action.{text,url},after.N}. ?><?cs
def:content() ?><?cs if:message.title ?><h1 style="margin:0 0 12px;font-size:20px;line-height:1.3"><?cs var:message.title ?></h1><?cs /if ?><?cs
each:x = message.lines ?><p style="margin:0 0 12px"><?cs var:x ?></p><?cs /each ?><?cs
if:subcount(message.facts) ?><table role="presentation" cellpadding="0" cellspacing="0" style="margin:0 0 12px"><?cs each:f = message.facts ?><tr><td style="padding:3px 18px 3px 0;color:#55626f"><?cs var:f.label ?></td><td style="padding:3px 0"><?cs var:f.text ?></td></tr><?cs /each ?></table><?cs /if ?><?cs
if:message.action.url ?><p style="margin:18px 0"><a href="<?cs var:url_validate(message.action.url) ?>" style="display:inline-block;padding:12px 20px;border-radius:7px;background:<?cs if:mail.colour ?><?cs var:mail.colour ?><?cs else ?>#0f5fa6<?cs /if ?>;color:#ffffff;text-decoration:none;font-weight:600"><?cs var:message.action.text ?></a></p><?cs /if ?><?cs
each:x = message.after ?><p style="margin:0 0 12px;color:#55626f"><?cs var:x ?></p><?cs /each ?><?cs /def ?><?cs include!"layout/mail.cs" ?>
