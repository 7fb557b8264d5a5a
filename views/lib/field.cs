<?cs # field(f): one question of a form: label, hint, error, input. fields(set): all of a form, in order.
     # f.{name,kind,label,hint,error,value,options.N,optional,width,autocomplete,inputmode,maxlength,prefix,suffix,...}: docs/templates.md section 5.
     # Ids: the input f-<name>, hint h-<name>, error e-<name>; a group's first input has f-<name>. ?><?cs
def:field_says(f) ?><?cs if:f.hint ?><p class="hint" id="h-<?cs var:f.name ?>"><?cs var:f.hint ?></p><?cs /if ?><?cs
  if:f.error ?><p class="err" id="e-<?cs var:f.name ?>"><?cs call:icon("alert") ?><span><span class="vh"><?cs var:t.ui.error ?>: </span><?cs var:f.error ?></span></p><?cs /if ?><?cs /def ?><?cs
def:field_optional(f) ?><?cs if:f.optional ?> <span class="opt"><?cs var:t.ui.optional ?></span><?cs /if ?><?cs /def ?><?cs
def:field_aria(f) ?><?cs if:f.error ?> aria-invalid="true"<?cs /if ?><?cs
  if:f.hint && f.error ?> aria-describedby="h-<?cs var:f.name ?> e-<?cs var:f.name ?>"<?cs elif:f.hint ?> aria-describedby="h-<?cs var:f.name ?>"<?cs
  elif:f.error ?> aria-describedby="e-<?cs var:f.name ?>"<?cs /if ?><?cs /def ?><?cs
def:field_attrs(f) ?> id="f-<?cs var:f.name ?>" name="<?cs var:f.name ?>"<?cs call:field_aria(f) ?><?cs
  if:f.width ?> class="w<?cs var:f.width ?>"<?cs /if ?><?cs
  if:f.autocomplete ?> autocomplete="<?cs var:f.autocomplete ?>"<?cs /if ?><?cs if:f.inputmode ?> inputmode="<?cs var:f.inputmode ?>"<?cs /if ?><?cs
  if:f.maxlength ?> maxlength="<?cs var:f.maxlength ?>"<?cs /if ?><?cs if:f.min ?> min="<?cs var:f.min ?>"<?cs /if ?><?cs if:f.max ?> max="<?cs var:f.max ?>"<?cs /if ?><?cs
  if:f.step ?> step="<?cs var:f.step ?>"<?cs /if ?><?cs if:f.pattern ?> pattern="<?cs var:f.pattern ?>"<?cs /if ?><?cs if:f.spellcheck ?> spellcheck="<?cs var:f.spellcheck ?>"<?cs /if ?><?cs
  if:f.readonly ?> readonly<?cs /if ?><?cs if:f.disabled ?> disabled<?cs /if ?><?cs if:f.autofocus ?> autofocus<?cs /if ?><?cs /def ?><?cs
def:field_options(f) ?><?cs if:f.blank ?><option value=""><?cs var:f.blank ?></option><?cs /if ?><?cs
  each:o = f.options ?><?cs if:o.group ?><?cs if:!first(o) ?></optgroup><?cs /if ?><optgroup label="<?cs var:o.group ?>"><?cs /if ?><option value="<?cs var:o.value ?>"<?cs
  if:o.selected || (f.value && o.value == f.value) ?> selected<?cs /if ?><?cs if:o.disabled ?> disabled<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?><?cs if:f.grouped ?></optgroup><?cs /if ?><?cs /def ?><?cs
def:field_choices(f, type) ?><fieldset<?cs call:field_aria(f) ?>><legend><?cs var:f.label ?><?cs call:field_optional(f) ?></legend><?cs call:field_says(f) ?><?cs
  each:o = f.options ?><label class="pick"><input type="<?cs var:type ?>" name="<?cs var:f.name ?>" value="<?cs var:o.value ?>"<?cs if:first(o) ?> id="f-<?cs var:f.name ?>"<?cs /if ?><?cs
  if:o.selected || (type == "radio" && f.value && o.value == f.value) ?> checked<?cs /if ?><?cs if:o.disabled || f.disabled ?> disabled<?cs /if ?>><span><?cs var:o.text ?><?cs
  if:o.hint ?><span class="hint"><?cs var:o.hint ?></span><?cs /if ?></span></label><?cs /each ?></fieldset><?cs /def ?><?cs
def:field_part(f, part, label, value, chars) ?><label class="part" for="f-<?cs var:f.name ?>_<?cs var:part ?>"><span><?cs var:label ?></span><input id="f-<?cs var:f.name ?>_<?cs var:part ?>" name="<?cs var:f.name ?>_<?cs var:part
  ?>" value="<?cs var:value ?>" class="w<?cs var:chars ?>" maxlength="<?cs var:chars ?>" inputmode="numeric" autocomplete="<?cs var:f.autocomplete ?><?cs if:f.autocomplete && part == "d" ?>-day<?cs elif:f.autocomplete && part == "m" ?>-month<?cs
  elif:f.autocomplete ?>-year<?cs else ?>off<?cs /if ?>"<?cs call:field_aria(f) ?>></label><?cs /def ?><?cs
def:field_part_select(f, part, label, options) ?><label class="part"><span><?cs var:label ?></span><select name="<?cs var:f.name ?>_<?cs var:part ?>"<?cs call:field_aria(f) ?>><?cs
  each:o = options ?><option value="<?cs var:o.value ?>"<?cs if:o.selected ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></label><?cs /def ?><?cs
def:field_dates(f) ?><fieldset id="f-<?cs var:f.name ?>" tabindex="-1"><legend><?cs var:f.label ?><?cs call:field_optional(f) ?></legend><?cs call:field_says(f) ?><div class="parts"><?cs
  if:subcount(f.months) ?><?cs call:field_part_select(f, "m", f.month_label, f.months) ?><?cs call:field_part_select(f, "y", f.year_label, f.years) ?><?cs
  elif:f.day_first ?><?cs call:field_part(f, "d", f.day_label, f.day, "2") ?><?cs call:field_part(f, "m", f.month_label, f.month, "2") ?><?cs call:field_part(f, "y", f.year_label, f.year, "4") ?><?cs
  else ?><?cs call:field_part(f, "m", f.month_label, f.month, "2") ?><?cs call:field_part(f, "d", f.day_label, f.day, "2") ?><?cs call:field_part(f, "y", f.year_label, f.year, "4") ?><?cs /if ?></div></fieldset><?cs /def ?><?cs
def:field_lines(f) ?><fieldset class="lines<?cs if:f.stacked ?> stacked<?cs /if ?>" id="f-<?cs var:f.name ?>" tabindex="-1"><legend><?cs var:f.label ?><?cs call:field_optional(f) ?></legend><?cs call:field_says(f) ?><div class="s-tw"><table class="s-t" data-lines><thead><tr><?cs
  each:c = f.cols ?><th scope="col" class="c-<?cs var:c.kind ?>"><?cs var:c.label ?></th><?cs /each ?></tr></thead><tbody><?cs
  each:l = f.lines ?><tr><?cs each:c = f.cols ?><td class="c-<?cs var:c.kind ?>"><?cs
    if:c.kind == "static" ?><span class="code"><?cs var:l[name(c)].value ?></span><?cs elif:c.kind == "select" || subcount(c.options) ?><select id="f-<?cs var:name(c) ?>-<?cs var:name(l) ?>" name="<?cs var:name(c) ?>" aria-label="<?cs var:c.label ?>, <?cs var:t.ui.line ?> <?cs var:name(l) ?>"<?cs if:l[name(c)].error ?> aria-invalid="true"<?cs /if ?>><?cs
      each:o = c.options ?><option value="<?cs var:o.value ?>"<?cs if:o.value == l[name(c)].value ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select><?cs
    else ?><input id="f-<?cs var:name(c) ?>-<?cs var:name(l) ?>" name="<?cs var:name(c) ?>" value="<?cs var:l[name(c)].value ?>" aria-label="<?cs var:c.label ?>, <?cs var:t.ui.line ?> <?cs var:name(l) ?>"<?cs if:f.stacked ?> placeholder="<?cs var:c.label ?>"<?cs /if ?><?cs
      if:c.inputmode ?> inputmode="<?cs var:c.inputmode ?>"<?cs elif:c.kind == "money" || c.kind == "qty" || c.kind == "number" ?> inputmode="decimal"<?cs /if ?><?cs if:c.maxlength ?> maxlength="<?cs var:c.maxlength ?>"<?cs /if ?><?cs
      if:c.width ?> class="w<?cs var:c.width ?>"<?cs /if ?><?cs if:c.suggest_url ?> data-suggest="<?cs var:c.suggest_url ?>"<?cs /if ?><?cs if:c.kind == "date" ?> type="date"<?cs /if ?><?cs if:l[name(c)].error ?> aria-invalid="true"<?cs /if ?>><?cs /if ?><?cs
    if:l[name(c)].error ?><span class="err"><?cs var:l[name(c)].error ?></span><?cs /if ?></td><?cs /each ?></tr>
<?cs /each ?></tbody></table></div><?cs if:!f.fixed ?><button type="button" class="btn quiet small" data-add-line hidden><?cs call:icon("plus") ?><span><?cs var:t.ui.add_line ?></span></button><?cs /if ?></fieldset><?cs /def ?><?cs
def:field_input(f) ?><?cs
  if:f.kind == "textarea" ?><textarea<?cs call:field_attrs(f) ?> rows="<?cs if:f.rows ?><?cs var:f.rows ?><?cs else ?>4<?cs /if ?>"><?cs var:f.value ?></textarea><?cs
  elif:f.kind == "select" ?><select<?cs call:field_attrs(f) ?>><?cs call:field_options(f) ?></select><?cs
    if:f.new_url ?> <a class="s-more" href="<?cs var:url_validate(f.new_url) ?>"><?cs var:f.new_text ?></a><?cs /if ?><?cs
  elif:f.kind == "file" ?><?cs if:f.current.url ?><p class="hint"><a href="<?cs var:url_validate(f.current.url) ?>"><?cs var:f.current.text ?></a></p><?cs /if ?><input type="file"<?cs call:field_attrs(f) ?><?cs
    if:f.accept ?> accept="<?cs var:f.accept ?>"<?cs /if ?><?cs if:f.multiple ?> multiple<?cs /if ?><?cs if:f.capture ?> capture="environment"<?cs /if ?><?cs
    if:f.max_bytes ?> data-max="<?cs var:f.max_bytes ?>" data-max-text="<?cs var:f.max_text ?>"<?cs /if ?>><?cs
  elif:f.kind == "password" ?><input type="password"<?cs call:field_attrs(f) ?> data-show="<?cs var:t.ui.show_password ?>" data-hide="<?cs var:t.ui.hide_password ?>"<?cs if:f.autocomplete == "new-password" ?> data-strength="<?cs var:t.ui.strength ?>"<?cs /if ?>><?cs
  elif:f.kind == "static" ?><p id="f-<?cs var:f.name ?>" class="static"><?cs var:f.value ?></p><?cs
  elif:f.kind == "lookup" ?><input list="l-<?cs var:f.name ?>" value="<?cs var:f.value ?>"<?cs call:field_attrs(f) ?><?cs if:!f.autocomplete ?> autocomplete="off"<?cs /if ?><?cs
    if:f.suggest_url ?> data-suggest="<?cs var:f.suggest_url ?>"<?cs /if ?>><datalist id="l-<?cs var:f.name ?>"><?cs each:o = f.options ?><option value="<?cs var:o.value ?>"><?cs var:o.text ?></option><?cs /each ?></datalist><?cs
  else ?><?cs if:f.prefix || f.suffix ?><span class="join"><?cs if:f.prefix ?><span class="fix" aria-hidden="true"><?cs var:f.prefix ?></span><?cs /if ?><?cs /if
    ?><input value="<?cs var:f.value ?>" type="<?cs
    if:f.kind == "email" || f.kind == "tel" || f.kind == "url" || f.kind == "date" || f.kind == "time" || f.kind == "search" || f.kind == "color" ?><?cs var:f.kind ?><?cs
    elif:f.kind == "datetime" ?>datetime-local<?cs else ?>text<?cs /if ?>"<?cs call:field_attrs(f) ?><?cs
    if:!f.inputmode ?><?cs if:f.kind == "money" || f.kind == "qty" || f.kind == "pct" ?> inputmode="decimal"<?cs elif:f.kind == "number" || f.kind == "code" ?> inputmode="numeric"<?cs /if ?><?cs /if ?><?cs
    if:f.kind == "code" && !f.autocomplete ?> autocomplete="one-time-code"<?cs /if ?>><?cs
    if:f.prefix || f.suffix ?><?cs if:f.suffix ?><span class="fix" aria-hidden="true"><?cs var:f.suffix ?></span><?cs /if ?></span><?cs /if ?><?cs /if ?><?cs /def ?><?cs
def:field(f) ?><?cs
  if:f.kind == "hidden" ?><input type="hidden" name="<?cs var:f.name ?>" value="<?cs var:f.value ?>"><?cs
  elif:f.kind == "heading" ?><div class="f-head"><h2><?cs var:f.label ?></h2><?cs if:f.hint ?><p class="hint"><?cs var:f.hint ?></p><?cs /if ?></div><?cs
  else ?><div class="f<?cs if:f.error ?> bad<?cs /if ?>"<?cs if:f.reveal.field ?> data-reveal="<?cs var:f.reveal.field ?>" data-reveal-value="<?cs var:f.reveal.value ?>"<?cs /if ?>><?cs
    if:f.kind == "radio" ?><?cs call:field_choices(f, "radio") ?><?cs
    elif:f.kind == "checks" ?><?cs call:field_choices(f, "checkbox") ?><?cs
    elif:f.kind == "date3" || f.kind == "month" ?><?cs call:field_dates(f) ?><?cs
    elif:f.kind == "lines" ?><?cs call:field_lines(f) ?><?cs
    elif:f.kind == "check" ?><?cs if:f.error ?><p class="err" id="e-<?cs var:f.name ?>"><?cs call:icon("alert") ?><span><span class="vh"><?cs var:t.ui.error ?>: </span><?cs var:f.error ?></span></p><?cs /if ?><label class="pick"><input type="checkbox" id="f-<?cs
      var:f.name ?>" name="<?cs var:f.name ?>" value="1"<?cs if:f.value ?> checked<?cs /if ?><?cs if:f.disabled ?> disabled<?cs /if ?><?cs call:field_aria(f) ?>><span><?cs var:f.label ?><?cs
      if:f.hint ?><span class="hint" id="h-<?cs var:f.name ?>"><?cs var:f.hint ?></span><?cs /if ?></span></label><?cs
    else ?><label for="f-<?cs var:f.name ?>"><?cs var:f.label ?><?cs call:field_optional(f) ?><?cs
      if:f.prefix ?><span class="vh"> (<?cs var:f.prefix ?>)</span><?cs /if ?><?cs if:f.suffix ?><span class="vh"> (<?cs var:f.suffix ?>)</span><?cs /if ?></label><?cs
      call:field_says(f) ?><?cs call:field_input(f) ?><?cs /if ?></div><?cs /if ?>
<?cs /def ?><?cs
def:fields(set) ?><?cs each:f = set ?><?cs call:field(f) ?><?cs /each ?><?cs /def ?>
