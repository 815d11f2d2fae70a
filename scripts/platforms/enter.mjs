// Programs of the toolchain, with the checkout and the folder of the toolchain at the same places inside.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { root } from '../run.mjs';
import { home, systemFolder } from './systems.mjs';

const script = fileURLToPath(new URL('enter.sh', import.meta.url));
const zig = '/opt/zig';

const own = {
  PATH: `${zig}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  HOME: '/root',
  TMPDIR: '/tmp',
  LC_ALL: 'C',
  CARGO_HOME: path.join(home, 'cargo'),
  CARGO_NET_RETRY: '10',
  CARGO_ZIGBUILD_ZIG_PATH: `${zig}/ziglang/zig`,
  SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
  RUSTUP_TOOLCHAIN: undefined,
};

/** Runs a program inside a system, until it and all that it started have ended. */
export function inside(command, args, { system = 'build', cwd = root, env, ...options } = {}) {
  const folders = [root, home].join(':');
  return spawnSync('bash', [script, systemFolder(system), cwd, command, ...args], {
    maxBuffer: 1 << 28,
    killSignal: 'SIGKILL',
    ...options,
    env: { ...process.env, ...own, SHARED: folders, ...env },
  });
}

/** A tool of LLVM, which reads the files of all platforms; gives what it prints. */
export function llvm(name, args, file) {
  const done = inside(`/usr/lib/llvm-22/bin/llvm-${name}`, [...args, file], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`llvm-${name}: ${done.stderr}`);
  return done.stdout;
}
