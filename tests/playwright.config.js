// Stories (one file a story) and browser tests. Each runner worker has an instance of its own below build/tests/; see
// support/story.js for what a test may use.
//   npx playwright test -c tests BX05US01          one story
//   SMART360_BUILD=build-asan ...                  with another build
const { defineConfig } = require('@playwright/test');
const path = require('path');

const build = path.resolve(__dirname, '..', process.env.SMART360_BUILD || 'build');

module.exports = defineConfig({
  testDir: __dirname,
  outputDir: path.join(build, 'tests', 'results'),
  workers: Number(process.env.SMART360_WORKERS || 2),
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  timeout: 120000,                    // what hangs; not a measure of speed: a test of 5 s takes a minute where others compile
  expect: { timeout: 20000 },         // what is waited for has no other way to come: a machine with much to do takes its time
  reporter: process.env.SMART360_REPORT
    ? [['list'], ['json', { outputFile: process.env.SMART360_REPORT }]]
    : [['list']],
  globalTeardown: require.resolve('./support/teardown'),
  projects: [
    { name: 'stories', testMatch: 'stories/*.spec.js' },
    { name: 'browser', testMatch: 'browser/*.spec.js', timeout: 180000 },
    { name: 'faults', testMatch: 'faults/*.spec.js', timeout: 240000 },
  ],
  use: {
    browserName: 'chromium',
    ignoreHTTPSErrors: true,
    locale: 'en-US',
    timezoneId: 'America/Los_Angeles',
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
  },
});
