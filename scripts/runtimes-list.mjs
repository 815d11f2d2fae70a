// The runtimes that the tests run on, where npm has them, and the tests that do not pass there. docs/runtimes.md says why.

import process from 'node:process';

const { platform, arch } = process;
const windows = platform === 'win32';
const exe = (name) => (windows ? `${name}.exe` : name);

function node(major) {
  return {
    from: `node-${windows ? 'win' : platform}-${arch}@${major}`,
    file: `bin/${exe('node')}`,
    test: (file) => ['--test', '--test-reporter=tap', file],
    count: (word) => new RegExp(`^# ${word} (\\d+)`, 'm'),
  };
}

const bunCpu = arch === 'arm64' ? 'aarch64' : arch;
const denoTarget = platform === 'linux' ? `linux-${arch}-glibc` : `${platform}-${arch}`;

export const runtimes = {
  node20: node(20),
  node22: node(22),
  node24: node(24),
  node26: node(26),
  bun: {
    from: `@oven/bun-${windows ? 'windows' : platform}-${bunCpu}`,
    file: `bin/${exe('bun')}`,
    test: (file) => ['test', '--timeout=120000', `./${file}`],
    count: (word) => new RegExp(`^ *(\\d+) ${word}$`, 'm'),
  },
  deno: {
    from: `@deno/${denoTarget}`,
    file: exe('deno'),
    test: (file) => ['test', '--allow-all', '--no-check', file],
    count: (word) => new RegExp(`(\\d+) ${word}ed`),
  },
};

/** How many tests of a file may fail, by runtime and file. */
export const known = {
  bun: {
    'pipeline.test.mjs': 2,
  },
  deno: {
    'full-disk.test.mjs': 1,
    'modules.test.cjs': 1,
    'pipeline.test.mjs': 1,
    'threads-end.test.mjs': 3,
  },
};
