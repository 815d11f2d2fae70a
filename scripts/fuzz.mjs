// Fuzzes with coverage where cargo-fuzz and a nightly toolchain are, and blindly everywhere. FUZZ_SECONDS is for each
// target.

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { root, say, step } from './run.mjs';
import { allocator } from './rust-tests.mjs';

const TARGETS = ['decode_operation', 'read_log', 'open_write_reopen'];
const seconds = process.env.FUZZ_SECONDS ?? '30';

function canMeasureCoverage() {
  const { status } = spawnSync('cargo', ['+nightly', 'fuzz', '--version'], { cwd: root });
  return status === 0;
}

step('blind fuzzing', 'cargo', ['test', '--quiet', '--test', 'fuzz'], {
  env: { ...allocator, FUZZ_SECONDS: seconds },
});
if (canMeasureCoverage()) {
  for (const target of TARGETS) {
    const limits = ['--', `-max_total_time=${seconds}`, '-max_len=65536'];
    step(`fuzzing ${target}`, 'cargo', ['+nightly', 'fuzz', 'run', target, ...limits]);
  }
} else {
  say('no fuzzing with coverage: it needs cargo-fuzz and a nightly toolchain');
}
