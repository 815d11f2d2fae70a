// Installs what builds and runs the platforms into a folder of its own: small Debian systems, unpacked and never
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
import path from 'node:path';
import process from 'node:process';
import { fail, say, step } from '../run.mjs';
import { fetched } from './fetched.mjs';
import { SYSTEMS, systemFolder } from './systems.mjs';

const purposes = { build: 'builds', musl: 'runs musl', wine: 'runs Windows programs' };
const mirror = 'http://deb.debian.org';
const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A configuration of apt that reads and writes nothing of the machine's own. */
function writeAptConfiguration(apt, { from, packages }) {
  const foreign = packages.some((name) => name.endsWith(':arm64')) ? ' "arm64";' : '';
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
      `APT::Architecture "amd64"; APT::Architectures { "amd64";${foreign} };`,
      'APT::Install-Recommends "false"; APT::Sandbox::User "";',
      'Acquire::Retries "5"; Acquire::Languages "none";',
    ].join('\n'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(apt, name), text);
}

function download(apt, wanted) {
  writeAptConfiguration(apt, wanted);
  const options = { env: { APT_CONFIG: path.join(apt, 'apt.conf') }, stdio: 'pipe' };
  fetched('reading the lists of Debian', 'apt-get', ['update', '--error-on=any'], options);
  const only = ['install', '--yes', '--download-only', '--no-install-recommends'];
  fetched('downloading a small Debian', 'apt-get', [...only, ...wanted.packages], options);
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
function configure(root, { links }) {
  const etc = (name, text) => writeFileSync(path.join(root, 'etc', name), text);
  for (const [name, to] of Object.entries({ ...links, '/usr/bin/sh': '/usr/bin/bash' })) {
    rmSync(path.join(root, name), { force: true });
    symlinkSync(to, path.join(root, name));
  }
  // wineserver of Debian crashes without it.
  mkdirSync(path.join(root, 'run', 'user', '0'), { recursive: true, mode: 0o700 });
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

/** Installs a system unless it is there; a run that was interrupted leaves nothing that the next would take for whole. */
export function installSystem(name) {
  const [system, wanted] = [systemFolder(name), SYSTEMS[name]];
  const [marker, text] = [path.join(system, 'etc', 'installed-from'), JSON.stringify(wanted)];
  if (!existsSync(marker) || readFileSync(marker, 'utf8') !== text) {
    const lack = lacking();
    if (lack) fail(`the platforms cannot be built and run here: ${lack}`);
    say(`installing what ${purposes[name]} into ${system}`);
    const [apt, root] = [`${system}.apt.${process.pid}`, `${system}.${process.pid}`];
    unpack(download(apt, wanted), root);
    configure(root, wanted);
    if (wanted.pip) installFromPip(root, wanted.pip);
    writeFileSync(path.join(root, 'etc', 'installed-from'), text);
    rmSync(system, { recursive: true, force: true });
    renameSync(root, system);
    rmSync(apt, { recursive: true, force: true });
  }
  shareNetwork(system);
}
