// What a person sees: a bar on a terminal, a few plain lines elsewhere, and the closing table.

import process from 'node:process';
import progress from 'cli-progress';
import Table from 'cli-table3';

const number = new Intl.NumberFormat('en-US');

export const count = (value) => number.format(Math.round(value));
export const seconds = (time) => `${(time / 1000).toFixed(2)} s`;
export const milliseconds = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;
export const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** A progress display with the two calls `at(done)` and `stop()`. */
export function progressOf(title, total, start = 0) {
  return process.stdout.isTTY ? bar(title, total, start) : lines(title, total, start);
}

function bar(title, total, start) {
  const options = { format: `${title} {bar} {percentage}% {value}/{total}`, hideCursor: true };
  const shown = new progress.SingleBar(options, progress.Presets.shades_classic);
  shown.start(total, start);
  return { at: (done) => shown.update(done), stop: () => shown.stop() };
}

function lines(title, total, start) {
  const quarter = (done) => Math.floor((done * 4) / total);
  let told = quarter(start);
  const at = (done) => {
    if (quarter(done) === told) return;
    told = quarter(done);
    say(`${title}: ${count(done)} of ${count(total)}`);
  };
  return { at, stop: () => undefined };
}

export function table(rows) {
  const style = process.stdout.isTTY ? {} : { head: [], border: [] };
  const drawn = new Table({ colAligns: ['left', 'right'], style });
  drawn.push(...rows);
  say(drawn.toString());
}
