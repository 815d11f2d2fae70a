import { tool, tsc } from './run.mjs';

/** The ways in which a compiler finds a package; each reads other conditions of package.json. */
const resolutions = [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
];

export function typeTests() {
  for (const [module, resolution] of resolutions) {
    const how = ['--module', module, '--moduleResolution', resolution];
    tool(`type tests, ${resolution}`, tsc, ['--noEmit', '--project', 'tsconfig.json', ...how]);
  }
}
