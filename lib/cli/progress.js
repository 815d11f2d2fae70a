'use strict';

const { Presets, SingleBar } = require('cli-progress');

/** A bar on a terminal, or a count if the total is unknown; nothing elsewhere. */
function progressOf(title, total) {
  if (!process.stderr.isTTY) {
    return { at: () => undefined, stop: () => undefined };
  }
  const format = total === undefined ? `${title} {value}` : `${title} {bar} {percentage}%`;
  // The cursor stays and no signal is caught: the first Ctrl-C has to end the command.
  const options = { format, stream: process.stderr, clearOnComplete: true, gracefulExit: false };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total ?? 0, 0);
  const at = (done, of = total) => {
    if (of !== undefined) {
      bar.setTotal(of);
    }
    bar.update(done);
  };
  return { at, stop: () => bar.stop() };
}

module.exports = { progressOf };
