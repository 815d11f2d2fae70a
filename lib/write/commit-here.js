'use strict';

// Commits of staged groups on this thread, and what became of those that a worker committed after another one.

const { toError } = require('../types/error.js');
const { err } = require('../types/result.js');
const { resultOfLast } = require('./group.js');
const { readCommitted } = require('./outcomes.js');
const { tellAfter } = require('./waiting.js');

/**
 * Commits the oldest group and tells its writers, if `before` was told. Gives the result of `last`, which was staged at the
 * end of the group.
 */
function commitOldest(handle, staged, before, last) {
  const group = staged.take();
  let committed;
  try {
    committed = readCommitted(handle.commitNow());
  } catch (raw) {
    tellAfter(before, group, () => group.fail(raw));
    return last && err(toError(raw));
  }
  tellAfter(before, group, () => group.settle(...committed));
  return last && resultOfLast(last, ...committed);
}

/** The same unless it could take long. The way to a worker and back costs far more than a small group that needs no disk. */
function commitQuickly(handle, staged, before) {
  let given;
  try {
    given = handle.commitQuickly();
  } catch (raw) {
    const group = staged.take();
    tellAfter(before, group, () => group.fail(raw));
    return true;
  }
  if (given === undefined) return false;
  const group = staged.take();
  tellAfter(before, group, () => group.settle(...readCommitted(given)));
  return true;
}

/** Tells the writers of the oldest group that followed another one to the worker. */
function tellFollower(handle, group) {
  let committed;
  try {
    committed = readCommitted(handle.takeFollowed());
  } catch (raw) {
    group.fail(raw);
    return;
  }
  group.settle(...committed);
}

module.exports = { commitOldest, commitQuickly, tellFollower };
