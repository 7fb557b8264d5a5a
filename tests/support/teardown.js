// Ends all test instances of this run; SMART360_KEEP=1 leaves them for a look (tests/instance order build/tests/i0 stop).
module.exports = async () => { if (!process.env.SMART360_KEEP) require('./instance').stop_all(); };
