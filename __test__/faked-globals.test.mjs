// No call of the store waits for a clock, a timer or a turn that a test tool has faked, whether that was done before or
// after the package was loaded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChild, workspace } from './helpers.mjs';

const ANSWERED = [
  'put',
  'put again',
  'put of bytes',
  'remove',
  'batch',
  'apply',
  'a put that waits for room',
  'put in memory',
  'batch in memory',
  'flush',
  'compact',
  'backup',
  'consumer',
  'acknowledge',
  'put that is followed',
  'operations',
  'removeConsumer',
  'recover',
  'close',
  'build',
  'salvage',
  'client.open',
  'client.put',
  'client.get',
  'client.remove',
  'client.close',
  'keyv',
  'lockTimeoutMs',
];

for (const how of ['sinon', 'held']) {
  for (const when of ['before', 'after']) {
    test(`every call is answered with globals that were faked ${when} loading (${how})`, async (t) => {
      const { dir } = workspace(t);
      // One that hangs has nothing to keep it alive, so the child ends without the rest of the list.
      const { code, stdout, stderr } = await runChild('faked.mjs', [when, how, dir], {
        timeout: 120_000,
      });
      assert.deepEqual(stdout.trim().split('\n'), ANSWERED, stderr);
      assert.equal(code, 0, stderr);
    });
  }
}
