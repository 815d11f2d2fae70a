// The whole release but its builds, into a registry on this machine: what is published can be installed on every platform,
// and each gets the native module that is for it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import targets from '../lib/native/targets.js';
import { npmCommand } from '../scripts/run.mjs';
import { folder } from './folders.mjs';
import { packDependencies, root } from './packed.mjs';
import { openRegistry } from './registry-of-packages.mjs';

const { name: store, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const names = targets.TARGETS.map((target) => targets.packageName(target.name));

/** Without blocking this thread, which is the registry. */
const start = promisify(execFile);

function npm(args, options) {
  const { command, first, shell } = npmCommand();
  return start(command, [...first, ...args, '--loglevel=error'], { shell, ...options });
}

async function packed() {
  const [addons, to] = [folder(), path.join(folder(), 'packages')];
  for (const { name } of targets.TARGETS) {
    writeFileSync(path.join(addons, targets.fileName(name)), `the native module for ${name}`);
  }
  const args = ['scripts/pack.mjs', '--all', '--from', addons, '--to', to];
  await start(process.execPath, args, { cwd: root });
  return to;
}

async function installedOn({ os, cpu, libc }, env) {
  const project = folder();
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  const which = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])];
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
  await npm(['install', ...which, ...quiet, `${store}@latest`], { cwd: project, env });
  return path.join(project, 'node_modules', '@softadastra');
}

test('what a release publishes is installed on each platform, with the native module for it', async (t) => {
  const { env, published } = await openRegistry(t);
  const from = await packed();
  const publish = () => {
    const args = ['scripts/publish.mjs', '--from', from];
    return start(process.execPath, args, { cwd: root, env });
  };
  await publish();
  assert.deepEqual(published, [...names, store], 'the package that needs the others is the last');
  const { stdout } = await publish();
  assert.equal(stdout.match(/is published already/g).length, names.length + 1);
  assert.equal(published.length, names.length + 1, 'and nothing is published twice');

  for (const tarball of packDependencies()) {
    await npm(['publish', '--ignore-scripts', '--tag', 'latest', tarball], { env });
  }
  for (const target of targets.TARGETS) {
    const own = await installedOn(target, env);
    assert.deepEqual(readdirSync(own).sort(), ['store', `store-${target.name}`]);
    const module = path.join(own, `store-${target.name}`, targets.fileName(target.name));
    assert.equal(readFileSync(module, 'utf8'), `the native module for ${target.name}`);
    const manifest = JSON.parse(readFileSync(path.join(own, 'store', 'package.json'), 'utf8'));
    assert.equal(manifest.version, version);
  }
});
