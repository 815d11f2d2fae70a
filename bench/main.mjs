// Compares this store with its peers. See README.md beside this file.

import process from 'node:process';
import { cases, groups, rowsOf } from './cases/all.mjs';
import { inspectPeers, titles } from './peers/names.mjs';
import { save } from './report/files.mjs';
import { groupTable, targetTable } from './report/table.mjs';
import { openFolders } from './run/folders.mjs';
import { describeMachine } from './run/machine.mjs';
import { readOptions, selects, usage } from './run/options.mjs';
import { runOn } from './run/other-runtime.mjs';
import { rounds } from './run/rounds.mjs';
import { summarize } from './run/summary.mjs';

const say = (line) => process.stdout.write(`${line}\n`);

/** Progress for a person, out of the way of the tables. */
function tell(one, peer, round) {
  const line = `${one.id}: round ${round + 1}, ${titles[peer]}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  else if (round === 0 && peer === 'store') process.stderr.write(`${one.group}: ${one.id}\n`);
}

const listed = (one) =>
  `${one.id.padEnd(20)}${rowsOf(one)
    .map((row) => row.title)
    .join('; ')}`;

async function measureAll(chosen, options, missing) {
  const folders = openFolders();
  const { quick, roundsOf } = options;
  const run = rounds({ folders, quick, roundsOf, missing });
  const rows = [];
  for (const one of chosen) rows.push(...summarize(one, await run(one, tell)));
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return rows;
}

function print(report) {
  for (const group of Object.keys(groups)) {
    const rows = report.rows.filter((row) => row.group === group);
    if (rows.length > 0) say(`\n${groupTable(group, rows)}`);
  }
  const targets = targetTable(report.rows);
  if (targets) say(`\n${targets}`);
  say(
    '\nIn brackets: how many times better this store is. Below a figure: the spread of the rounds.',
  );
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  const chosen = cases.filter((one) => selects(options, one));
  if (options.help) return say(usage);
  if (options.list) return say(chosen.map(listed).join('\n'));
  if (chosen.length === 0) throw new Error('--only selects no case; --list names them');
  if (runOn(options.on)) return undefined;
  const { versions, missing } = await inspectPeers();
  for (const [peer, reason] of Object.entries(missing)) say(`without ${titles[peer]}: ${reason}`);
  const machine = await describeMachine();
  if (machine.busyBefore > 0.1) {
    const share = `${Math.round(machine.busyBefore * 100)}%`;
    say(`Other programs use ${share} of the processors: do not trust the figures.`);
  }
  const rows = await measureAll(chosen, options, missing);
  const { quick } = options;
  const report = { when: new Date().toISOString(), quick, machine, versions, rows };
  print(report);
  return say(`Written: ${save(report, options.publish).join(', ')}`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`\nfailed: ${error.message}\n`);
  process.exitCode = 1;
}
