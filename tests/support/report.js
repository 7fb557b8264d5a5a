// report.js FILE: Playwright's JSON report as lines `ok NAME` and `not ok NAME` for ./check. A test that did not run
// because the frame of its file failed counts as failed; a test that skips itself is named as such, and so is one that
// passed at its second try only (story.js): ./check names those after everything else.
const fs = require('fs');

const report = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const lines = [];
// What was expected, what was there and where: enough to know which statement of the test it was.
const words = (result) => {
  const at = result?.error?.location, where = at ? ` (${at.file.split('/').pop()}:${at.line})` : '';
  const message = (result?.error?.message ?? '').replace(/\u001b\[[0-9;]*m/g, '');
  return message.split('\n').map((line) => line.trim()).filter(Boolean).slice(0, 30).join(' | ').slice(0, 1500) + where;
};
const walk = (suite) => {
  for (const child of suite.suites ?? []) walk(child);
  for (const spec of suite.specs ?? []) for (const test of spec.tests) {
    const state = test.status;              // expected, unexpected, flaky, skipped
    const planned = test.annotations?.some((a) => a.type === 'skip' || a.type === 'fixme');
    const name = spec.title.replace(/\s+/g, ' ');
    if (state === 'expected') lines.push(`ok ${name}`);
    else if (state === 'flaky') lines.push(`ok ${name}`, `# again: ${name}: ${words(test.results.find((r) => r.status !== 'passed' && r.status !== 'skipped'))}`);
    else if (state === 'skipped' && planned) lines.push(`# skipped: ${name} (${test.annotations.map((a) => a.description).join('; ')})`);
    else {
      const tries = [...new Set(test.results.filter((r) => r.error).map(words))];
      const log = [...(test.annotations ?? []), ...test.results.flatMap((r) => r.annotations ?? [])].filter((a) => a.type === 'log' && a.description).at(-1);
      lines.push(`not ok ${name}: ${tries.join(' || ') || (state === 'skipped' ? 'did not run' : '')}${log ? ` || the log: ${log.description.slice(0, 1800)}` : ''}`);
    }
  }
};
report.suites.forEach(walk);
for (const error of report.errors ?? []) lines.push(`not ok ${String(error.message).split('\n')[0].slice(0, 240)}`);
if (lines.length) console.log(lines.join('\n'));
