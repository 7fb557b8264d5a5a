// Data migration in tests (ONB04US01): files are made here, uploaded, mapped, validated, imported and taken back as a
// person does it, with the jobs between. `migration(tools)` takes what a story gets (story.js).
//   const { csv, upload, validate, bring, take_back, errors } = migration(tools);
//   await bring('consumer', csv(['legacy_id', ...], [[...], ...]))     the batch, once it is imported
function migration({ as, sql, one, jobs_run, sleep }) {
  const admin = () => as('utility_admin');
  const csv = (header, rows) => Buffer.from(`\ufeff${[header, ...rows].map((r) => r.map((c) => (/[",\n]/.test(String(c)) ? `"${String(c).replace(/"/g, '""')}"` : c)).join(',')).join('\r\n')}\r\n`);
  const file = (content, name = 'legacy.csv') => ({ file: { name, type: 'text/csv', content } });
  const last = () => one('select batch_no from import_batch order by id desc limit 1');
  const batch = (no) => sql('select * from import_batch where batch_no = ?', [no])[0];
  const upload = (entity, content, { who = admin(), name, ...fields } = {}) =>
    who.post('/migration', { entity, encoding: 'auto', mode: 'insert', policy: 'skip_bad_rows', ...fields }, { from: '/migration/new', files: file(content, name) });
  const settle = async (no) => {
    await jobs_run(120);
    for (let i = 0; i < 200 && /^(validating|importing|rolling_back)$/.test(batch(no).state); i++) { await sleep(100); await jobs_run(60); }
    return batch(no);
  };
  const validate = async (entity, content, options = {}) => {
    await upload(entity, content, options).is(303);
    const no = last();
    await admin().post(`/migration/${no}/mapping`, options.map ?? {}, { from: `/migration/${no}/mapping` }).is(303);
    await admin().post(`/migration/${no}/validate`, {}, { from: `/migration/${no}` }).is(303);
    return settle(no);
  };
  const run = async (no) => {
    await admin().post(`/migration/${no}/import`, {}, { from: `/migration/${no}` }).is(303);
    return settle(no);
  };
  const said = (b) => sql('select line_no, messages from import_row where batch_id = ? and messages is not null order by line_no limit 5', [b.id]).map((r) => `${r.line_no}: ${r.messages}`).join('\n');
  const bring = async (entity, content, options) => {
    const b = await validate(entity, content, options);
    if (b.state !== 'validated') throw new Error(`${entity} is ${b.state}:\n${b.problem}\n${said(b)}`);
    return run(b.batch_no);
  };
  const take_back = async (no) => {
    await as.anew('utility_admin').post(`/migration/${no}/rollback`, { batch: no }, { from: `/migration/${no}/rollback` }).is(303);
    return settle(no);
  };
  // "KEY E07 column" of each row that is wrong, in the order of the file
  const errors = (b) => sql("select coalesce(key_value, '-') k, json_value(messages, '$[0].code') code, json_value(messages, '$[0].column') col from import_row where batch_id = ? and state = 'error' order by line_no", [b.id]).map((r) => `${r.k} ${r.code} ${r.col}`);
  const why = (b) => sql("select json_value(messages, '$[0].text') said from import_row where batch_id = ? and state = 'blocked' order by line_no", [b.id]).map((r) => r.said);
  return { admin, csv, file, last, batch, upload, settle, validate, run, said, bring, take_back, errors, why };
}

module.exports = { migration };
