'use strict';

const { checkNames, checkWhole } = require('./check.js');
const { invalidArgument } = require('../types/error.js');

const FIELDS = ['nodeId', 'maxAheadMs'];

/** The id of a node, as it is stored with what the node writes. */
function checkNodeId(nodeId) {
  if (!Number.isSafeInteger(nodeId) || nodeId < 1) {
    throw invalidArgument(
      'nodeId must be a whole number, 1 or more and less than 2 to the power of 53',
      'nodeId',
    );
  }
  return nodeId;
}

/** Reads `{ nodeId, maxAheadMs }`, -1 for no bound; undefined when nothing was given. */
function readIfNewer(ifNewer, ifVersion) {
  if (ifNewer === undefined) {
    return undefined;
  }
  checkNames(ifNewer, FIELDS, 'ifNewer');
  const { nodeId, maxAheadMs } = ifNewer;
  if (ifVersion >= 0) {
    throw invalidArgument('an operation has either ifVersion or ifNewer, not both', 'ifNewer');
  }
  const bound = maxAheadMs === undefined ? -1 : checkWhole(maxAheadMs, 'maxAheadMs');
  return { nodeId: checkNodeId(nodeId), maxAheadMs: bound };
}

module.exports = { checkNodeId, readIfNewer };
