import { parseArgs } from 'node:util';

export const usage = `Usage: npm run bench -- [options]

  --only TEXT   only cases whose name or group contains TEXT; may be given several times
  --rounds N    how often each measurement is repeated; default 5 for durable writes and
                3 for the rest, with --quick 1
  --quick       less data and shorter runs: shows that everything works
  --on RUNTIME  on another Node.js, such as node24, installed from npm: newer ones have node:sqlite
                and better-sqlite3 13
  --list        the names of the cases
  --huge        also the cases with ten million entries: 20 GB of disk, many minutes
  --publish     also replace bench/results/latest.json and the charts in docs/`;

const options = {
  only: { type: 'string', multiple: true, default: [] },
  rounds: { type: 'string' },
  on: { type: 'string' },
  quick: { type: 'boolean', default: false },
  huge: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  publish: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

export function readOptions(args) {
  const { values } = parseArgs({ args, options });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds must be a whole number from 1, not "${values.rounds}"`);
  }
  if (values.publish && (values.quick || values.only.length > 0)) {
    throw new Error('--publish needs a full run: leave out --quick and --only');
  }
  return { ...values, roundsOf: (group) => rounds ?? defaultRounds(values.quick, group) };
}

/** A sync takes now this long, now that, far more than a read does. */
function defaultRounds(quick, group) {
  if (quick) return 1;
  return group === 'writes' || group === 'opening' ? 5 : 3;
}

export function selects({ only, huge }, one) {
  if (one.huge && !huge) return false;
  return only.length === 0 || only.some((text) => one.id.includes(text) || one.group === text);
}
