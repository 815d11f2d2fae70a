'use strict';

const { debuglog } = require('node:util');
const { Command, CommanderError } = require('commander');
const { description, version } = require('../../package.json');
const { checkArguments } = require('./arguments.js');
const { FAILED, failureOf } = require('./failure.js');
const { say } = require('./stderr.js');
const { write } = require('./stdout.js');

const COMMANDS = [
  require('./inspect.js'),
  require('./stats.js'),
  require('./verify.js'),
  require('./keys.js'),
  require('./get.js'),
  require('./put.js'),
  require('./remove.js'),
  require('./dump.js'),
  require('./tail.js'),
  require('./load.js'),
  require('./compact.js'),
  require('./backup.js'),
  require('./salvage.js'),
];

const EXIT_CODES = `
Exit codes:
  0  done
  1  the answer is no: the key is missing, the log is damaged, the condition does not hold
  2  wrong usage, or the command could not do its work
  3  a write, or a new log, is done, but the report of it could not be written`;

/** With NODE_DEBUG=softadastra-store it says where an error came from. */
const debug = debuglog('softadastra-store');

/** Runs one command. It sets the exit code and does not exit, so that all output gets out. */
async function main(args) {
  try {
    checkArguments(args);
    await perform(args);
  } catch (error) {
    process.exitCode = report(error, args.includes('--json'));
  }
}

async function perform(args) {
  const help = [];
  try {
    await programThat((text) => help.push(text)).parseAsync(args, { from: 'user' });
  } catch (error) {
    // Asking for help is not an error.
    if (!(error instanceof CommanderError && error.exitCode === 0)) {
      throw error;
    }
  }
  await write(help);
}

function programThat(writeOut) {
  const program = new Command('softadastra-store')
    .description(description)
    .version(version)
    .configureOutput({ writeOut, writeErr: say })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES);
  for (const define of COMMANDS) {
    define(program);
  }
  return program;
}

/** Says what went wrong and gives the exit code for it. */
function report(error, json) {
  if (error instanceof CommanderError) {
    // The parser has printed its message already.
    return FAILED;
  }
  debug(error.stack);
  const { message, code, context, exitCode } = failureOf(error);
  const text =
    context === undefined || message.includes(context) ? message : `${message} (${context})`;
  const line = json ? JSON.stringify({ error: { code, message, context } }) : `error: ${text}`;
  say(`${line}\n`);
  return exitCode;
}

module.exports = { main };
