import { fail } from './run.mjs';

fail(
  'a checkout is not published: its manifest does not name the packages of the platforms. ' +
    '.github/workflows/release.yml publishes what "npm run pack" makes',
);
