// Reads our own pages: forms with their values, texts, the box of errors. Enough for HTML as our templates write it
// (attributes quoted, elements closed), not a parser for the world.

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };
const decode = (s) => s.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (all, e) =>
  e[0] === '#' ? String.fromCodePoint(e[1] === 'x' || e[1] === 'X' ? parseInt(e.slice(2), 16) : parseInt(e.slice(1), 10)) : entities[e] ?? all);

function attributes(source) {
  const found = {};
  for (const [, name, , quoted, single, bare] of source.matchAll(/([^\s=/>]+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g))
    found[name.toLowerCase()] = decode(quoted ?? single ?? bare ?? '');
  return found;
}

// What a person reads: no tags, no script or style, one space for any run of white space (no-break spaces too).
function text_of(html) {
  return decode(html
    .replace(/<(script|style|template)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/?(b|i|em|strong|span|a|abbr|small|code|mark|bdi|time|wbr)\b[^>]*>/gi, '')
    .replace(/<[^>]+>/g, ' '))
    .replace(/[\s\u00a0]+/g, ' ').trim();
}

// [{ action, method, fields: [[name, value], ...], submits: [{ name, value, text, action }] }] in the page's order.
function forms(html) {
  const found = [];
  const outside = [];         // controls with a form="id" attribute
  for (const [, head, body] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const a = attributes(head);
    found.push({ id: a.id, action: a.action ?? '', method: (a.method ?? 'get').toLowerCase(), ...controls(body) });
  }
  for (const [, tag] of html.replace(/<form\b[^>]*>[\s\S]*?<\/form>/gi, '').matchAll(/(<(?:input|select|textarea|button)\b[^>]*\bform="[^>]*>(?:[\s\S]*?<\/(?:select|textarea|button)>)?)/gi))
    outside.push(tag);
  for (const tag of outside) {
    const form = found.find((f) => f.id && f.id === attributes(tag.slice(0, tag.indexOf('>'))).form);
    if (form) { const c = controls(tag); form.fields.push(...c.fields); form.submits.push(...c.submits); }
  }
  return found;
}

function controls(body) {
  const fields = [], submits = [];
  const pattern = /<input\b([^>]*)>|<textarea\b([^>]*)>([\s\S]*?)<\/textarea>|<select\b([^>]*)>([\s\S]*?)<\/select>|<button\b([^>]*)>([\s\S]*?)<\/button>/gi;
  for (const [, input, area, area_text, select, options, button, button_text] of body.matchAll(pattern)) {
    if (input !== undefined) {
      const a = attributes(input);
      const type = (a.type ?? 'text').toLowerCase();
      if (type === 'submit' || type === 'image') submits.push({ name: a.name, value: a.value ?? '', text: a.value ?? '', action: a.formaction });
      else if (a.name && !('disabled' in a) && type !== 'button' && type !== 'reset' && type !== 'file' && (!['checkbox', 'radio'].includes(type) || 'checked' in a))
        fields.push([a.name, a.value ?? (type === 'checkbox' ? 'on' : '')]);
    } else if (area !== undefined) {
      const a = attributes(area);
      if (a.name && !('disabled' in a)) fields.push([a.name, decode(area_text.replace(/^\r?\n/, ''))]);
    } else if (select !== undefined) {
      const a = attributes(select);
      if (!a.name || 'disabled' in a) continue;
      const all = [...options.matchAll(/<option\b([^>]*)>([^<]*)/gi)].map(([, o, t]) => { const x = attributes(o); return { value: x.value ?? text_of(t), on: 'selected' in x }; });
      const on = all.filter((o) => o.on);
      if ('multiple' in a) on.forEach((o) => fields.push([a.name, o.value]));
      else if (all.length) fields.push([a.name, (on[0] ?? all[0]).value]);
    } else {
      const a = attributes(button);
      if ((a.type ?? 'submit') === 'submit') submits.push({ name: a.name, value: a.value ?? '', text: text_of(button_text), action: a.formaction });
    }
  }
  return { fields, submits };
}

// The box "There is a problem": [{ field, text }]; field is null for the form as a whole.
function errors(html) {
  const box = html.match(/<div class="s-errs"[\s\S]*?<ul>([\s\S]*?)<\/ul>/i);
  if (!box) return [];
  return [...box[1].matchAll(/<li>([\s\S]*?)<\/li>/gi)].map(([, item]) => {
    const link = item.match(/href="#f-([^"]*)"/);
    return { field: link ? decode(link[1]) : null, text: text_of(item) };
  });
}

const inner = (html, tag) => { const m = html.match(new RegExp(`<${tag}\\b[^>]*>([\\s\\S]*?)</${tag}>`, 'i')); return m ? m[1] : ''; };
const title_of = (html) => text_of(inner(html, 'title'));
const heading_of = (html) => text_of(inner(html, 'h1'));
const links = (html) => [...html.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)].map(([, a, t]) => ({ url: attributes(a).href, text: text_of(t) }));
// Rows of all tables as texts of their cells.
const rows = (html) => [...html.matchAll(/<tr\b[^>]*>([\s\S]*?)<\/tr>/gi)].map(([, r]) => [...r.matchAll(/<t[dh]\b[^>]*>([\s\S]*?)<\/t[dh]>/gi)].map(([, c]) => text_of(c)));

module.exports = { text_of, forms, errors, title_of, heading_of, links, rows };
