'use strict';

const { Command, CommanderError } = require('commander');
const { description, version } = require('../../package.json');
const { SoftadastraError } = require('../../index.js');
const { FAILED, Failure } = require('./failure.js');

const COMMANDS = [
  require('./inspect.js'),
  require('./stats.js'),
  require('./verify.js'),
  require('./keys.js'),
  require('./get.js'),
  require('./put.js'),
  require('./remove.js'),
  require('./dump.js'),
  require('./load.js'),
  require('./compact.js'),
  require('./backup.js'),
  require('./salvage.js'),
];

const EXIT_CODES = `
Exit codes:
  0  done
  1  the answer is no: the key is missing, the log is damaged, the condition does not hold
  2  wrong usage, or the command could not do its work`;

/** Runs one command and leaves the exit code to the end of the process, so that all output gets out. */
async function main(args) {
  const program = new Command('softadastra-store')
    .description(description)
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES);
  for (const define of COMMANDS) {
    define(program);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args.includes('--json'));
  }
}

/** Says what went wrong and gives the exit code for it. */
function report(error, json) {
  if (error instanceof CommanderError) {
    // It has spoken already; asking for help is no error.
    return error.exitCode === 0 ? 0 : FAILED;
  }
  const known =
    error instanceof Failure || error instanceof SoftadastraError || error.syscall !== undefined;
  const { message, code, context } = known ? error : { message: error.stack };
  const text =
    context === undefined || message.includes(context) ? message : `${message} (${context})`;
  const line = json ? JSON.stringify({ error: { code, message, context } }) : `error: ${text}`;
  process.stderr.write(`${line}\n`);
  return error.exitCode ?? FAILED;
}

module.exports = { main };
