// Installs what builds and runs the platforms into a folder of its own: a small Debian system, unpacked and never
// configured, with Rust and the sources of its standard library, linkers, and emulators. The machine is not changed.
// The folder is $STORE_PLATFORMS, or one in the user's cache, so that all checkouts share it.

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fail, say, step } from '../run.mjs';
import { fetched } from './fetched.mjs';

const caches = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
/** Where it all is. */
export const home = path.resolve(
  process.env.STORE_PLATFORMS ?? path.join(caches, 'softadastra-store', 'platforms'),
);
/** Which Debian it is, and what is in it. */
const SYSTEM = {
  from: ['debian bookworm', 'debian-security bookworm-security'],
  packages: [
    ...['bash', 'coreutils', 'sed', 'grep', 'procps', 'util-linux', 'ca-certificates'],
    ...['cargo-web', 'rustc-web', 'rust-web-clippy', 'rust-web-llvm', 'rust-web-src'],
    ...['gcc', 'libc6-dev', 'gcc-mingw-w64-x86-64'],
    ...['libstd-rust-web-dev:arm64', 'libstdc++6:arm64', 'qemu-user-static'],
  ],
  pip: ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0'],
};
const mirror = 'http://deb.debian.org';
const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The root folder of the Debian system. */
export const system = path.join(home, 'system');

/** A configuration of apt that reads and writes nothing of the machine's own. */
function writeAptConfiguration(apt, from) {
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'parts']) {
    mkdirSync(path.join(apt, name), { recursive: true });
  }
  const files = {
    'sources.list': from.map((line) => `deb [signed-by=${keys}] ${mirror}/${line} main\n`).join(''),
    status: '',
    'apt.conf': [
      `Dir::State "${apt}/state"; Dir::State::status "${apt}/status"; Dir::Cache "${apt}/cache";`,
      `Dir::Etc::sourcelist "${apt}/sources.list"; Dir::Etc::sourceparts "${apt}/parts";`,
      `Dir::Etc::preferences "${apt}/none"; Dir::Etc::preferencesparts "${apt}/parts";`,
      'APT::Architecture "amd64"; APT::Architectures { "amd64"; "arm64"; };',
      'APT::Install-Recommends "false"; APT::Sandbox::User "";',
      'Acquire::Retries "5"; Acquire::Languages "none";',
    ].join('\n'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(apt, name), text);
}

function download(apt, { from, packages }) {
  writeAptConfiguration(apt, from);
  const options = { env: { APT_CONFIG: path.join(apt, 'apt.conf') }, stdio: 'pipe' };
  fetched('reading the lists of Debian', 'apt-get', ['update', '--error-on=any'], options);
  const only = ['install', '--yes', '--download-only', '--no-install-recommends'];
  fetched('downloading a small Debian', 'apt-get', [...only, ...packages], options);
  return path.join(apt, 'cache', 'archives');
}

/** Leaves out what no program reads. */
const UNPACK = `for deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$0" \\
  --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale || exit 255; done`;

/** Two packages at a time, since most of it is decompression. */
function unpack(archives, root) {
  const links = ['bin', 'sbin', 'lib', 'lib64'];
  for (const name of [...links.map((link) => `usr/${link}`), 'proc', 'dev', 'tmp', 'root', 'etc']) {
    mkdirSync(path.join(root, name), { recursive: true });
  }
  for (const name of links) symlinkSync(`usr/${name}`, path.join(root, name));
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  const input = files.map((name) => `${path.join(archives, name)}\n`).join('');
  const args = ['-P2', '-n8', 'bash', '-o', 'pipefail', '-c', UNPACK, root];
  step('unpacking it', 'xargs', args, { input, stdio: ['pipe', 'inherit', 'inherit'] });
}

/** What the scripts of the packages would have done, as far as it matters here. */
function configure(root) {
  const etc = (name, text) => writeFileSync(path.join(root, 'etc', name), text);
  for (const [name, to] of Object.entries({ sh: 'bash', cc: 'gcc' })) {
    const link = path.join(root, 'usr', 'bin', name);
    rmSync(link, { force: true });
    symlinkSync(to, link);
  }
  etc('passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  etc('group', 'root:x:0:\nnogroup:x:65534:\n');
}

/** Names and certificates are those of the machine, which may be behind a proxy. */
function shareNetwork(root) {
  for (const name of ['resolv.conf', 'hosts', 'ssl/certs/ca-certificates.crt']) {
    const [from, to] = [path.join('/etc', name), path.join(root, 'etc', name)];
    mkdirSync(path.dirname(to), { recursive: true });
    if (existsSync(from)) copyFileSync(from, to);
  }
}

function installFromPip(root, pip) {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const to = path.join(root, 'opt', 'zig');
  const options = { stdio: 'pipe', env: { PIP_ROOT_USER_ACTION: 'ignore' } };
  fetched(`installing ${pip.join(', ')}`, 'python3', [...args, '--target', to, ...pip], options);
}

/** Why this machine cannot build the platforms, if it cannot. */
function lacking() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'this is not Linux x64';
  if (!existsSync(keys)) return `${keys} is missing, of the package debian-archive-keyring`;
  const needed = { 'apt-get': [], 'dpkg-deb': [], python3: ['-m', 'pip'], xargs: [], tar: [] };
  for (const [name, args] of Object.entries(needed)) {
    const { status } = spawnSync(name, [...args, '--version'], { stdio: 'ignore' });
    if (status !== 0) return `${[name, ...args].join(' ')} is missing`;
  }
  const own = ['--user', '--mount', '--pid', '--fork', 'true'];
  const { status } = spawnSync('unshare', own, { stdio: 'ignore' });
  return status === 0 ? undefined : 'the kernel lets this user have no namespace of his own';
}

/** Installs it unless it is there; a run that was interrupted leaves nothing that the next would take for whole. */
export function installToolchain() {
  const marker = path.join(system, 'etc', 'installed-from');
  const wanted = JSON.stringify(SYSTEM);
  if (!existsSync(marker) || readFileSync(marker, 'utf8') !== wanted) {
    const lack = lacking();
    if (lack) fail(`the platforms cannot be built here: ${lack}`);
    say(`installing the toolchain into ${system}`);
    const [apt, root] = [`${system}.apt.${process.pid}`, `${system}.${process.pid}`];
    unpack(download(apt, SYSTEM), root);
    configure(root);
    installFromPip(root, SYSTEM.pip);
    writeFileSync(path.join(root, 'etc', 'installed-from'), wanted);
    rmSync(system, { recursive: true, force: true });
    renameSync(root, system);
    rmSync(apt, { recursive: true, force: true });
  }
  shareNetwork(system);
}
