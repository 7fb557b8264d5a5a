<?cs # job(j): a long piece of work: state, state_text, tone, value, max, percent_text, started, left, note, poll_url, steps.N.{text,state,count},
     # failed.{text,url}, result.{text,url}, actions.N. While poll_url is set it asks again every 2 seconds. ?><?cs
def:job(j) ?><section class="s-card s-job" id="job"<?cs if:j.poll_url ?> hx-get="<?cs var:url_validate(j.poll_url) ?>" hx-trigger="every 2s" hx-target="#job" hx-select="#job" hx-swap="outerHTML"<?cs /if ?>><div class="s-cb"><p class="s-jobhead" role="status"><?cs
  call:badge(j.tone, j.state_text) ?> <span class="num"><?cs var:j.percent_text ?></span></p><?cs
  if:j.max ?><progress max="<?cs var:j.max ?>" value="<?cs var:j.value ?>" aria-label="<?cs var:j.state_text ?>"></progress><?cs /if ?><?cs
  if:subcount(j.steps) ?><ol class="s-jobsteps"><?cs each:s = j.steps ?><li class="<?cs var:s.state ?>"<?cs if:s.state == "now" ?> aria-current="step"<?cs /if ?>><?cs
    if:s.state == "done" ?><?cs call:icon("done") ?><?cs elif:s.state == "failed" ?><?cs call:icon("alert") ?><?cs elif:s.state == "now" ?><?cs call:icon("refresh") ?><?cs else ?><?cs call:icon("clock") ?><?cs /if
    ?><span><?cs var:s.text ?></span><span class="num"><?cs var:s.count ?></span></li><?cs /each ?></ol><?cs /if ?><?cs
  if:j.failed.text ?><div class="s-note bad"><?cs call:icon("alert") ?><p><a href="<?cs var:url_validate(j.failed.url) ?>"><?cs var:j.failed.text ?></a></p></div><?cs /if ?><?cs
  if:j.result.text ?><div class="s-note ok"><?cs call:icon("done") ?><p><a href="<?cs var:url_validate(j.result.url) ?>"><?cs var:j.result.text ?></a></p></div><?cs /if ?><p class="sub"><?cs
  var:j.started ?><?cs if:j.left ?> <?cs var:j.left ?><?cs /if ?></p><?cs if:j.note ?><p class="sub"><?cs var:j.note ?></p><?cs /if ?><?cs if:j.poll_url ?><p class="sub"><?cs var:t.ui.job_leave ?></p><?cs /if ?><?cs
  call:actions(j.actions) ?></div></section><?cs /def ?>
