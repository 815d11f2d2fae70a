import { parseArgs } from 'node:util';

export const usage = `Usage: npm run bench -- [options]

  --only TEXT   only cases whose name or group contains TEXT; may be given several times
  --rounds N    how often each measurement is repeated; default 3, with --quick 1
  --quick       less data and shorter runs: shows that everything works
  --list        the names of the cases
  --publish     also replace bench/results/latest.json and the charts in docs/`;

const options = {
  only: { type: 'string', multiple: true, default: [] },
  rounds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  publish: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

export function readOptions(args) {
  const { values } = parseArgs({ args, options });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a whole number from 1, not "${values.rounds}"`);
  }
  if (values.publish && (values.quick || values.only.length > 0)) {
    throw new Error('--publish needs a full run: leave out --quick and --only');
  }
  return { ...values, rounds };
}

export function selects(only, one) {
  return only.length === 0 || only.some((text) => one.id.includes(text) || one.group === text);
}
