'use strict';

const Table = require('cli-table3');
const { Failure, UNREPORTED } = require('./failure.js');
const { write } = require('./stdout.js');

/** Output is handed on in pieces of about this size: one write for each short line would be most of the work. */
const PIECE = 64 * 1024;

/** Rows of one table: it is laid out as a whole, in time that grows with the square of its rows. */
const ROWS = 500;

/** Writes many lines, made no faster than they are read. */
function writeLines(lines) {
  return write(pieces(lines));
}

function* pieces(lines) {
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length >= PIECE) {
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') {
    yield piece;
  }
}

/** Writes one object: as JSON for programs, as a table with a row for each field for people. */
function writeRecord(record, { json }) {
  if (json) {
    return writeLines([JSON.stringify(record)]);
  }
  const rows = Object.entries(record).filter(([, value]) => value !== undefined);
  return writeTable(
    undefined,
    rows.map(([name, value]) => [words(name), shown(value)]),
  );
}

/** Writes the report of a command that has changed something. It did not fail, even if its report cannot be written. */
async function writeReport(record, options) {
  try {
    await writeRecord(record, options);
  } catch (error) {
    throw new Failure(
      `${error.message}; the command did its work; only its report is missing`,
      UNREPORTED,
      error.code,
      error.context,
    );
  }
}

function writeTable(head, rows) {
  return writeLines(tables(head, rows));
}

/** Many rows become several tables, each with a header. */
function* tables(head, rows) {
  for (let from = 0; from === 0 || from < rows.length; from += ROWS) {
    yield tableOf(head, rows.slice(from, from + ROWS));
  }
}

function tableOf(head, rows) {
  // Colours would only be noise in a file.
  const table = new Table({
    ...(head && { head }),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  return table.toString();
}

/** `liveBytes` as words: `live bytes`. */
function words(name) {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Three decimals are enough for people. */
function shown(value) {
  if (typeof value === 'number') {
    return String(Math.round(value * 1000) / 1000);
  }
  return typeof value === 'string' ? printable(value) : String(value);
}

/** Text that cannot move the cursor, break a line or reverse it: such characters are escaped as in JSON. */
function printable(text) {
  return text.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}

/** The beginning of a text, for a cell of a table. */
function shortened(text, length) {
  const characters = [...printable(text)];
  return characters.length <= length
    ? characters.join('')
    : `${characters.slice(0, length - 1).join('')}…`;
}

/** A time for people. Timestamps have a wider range than dates. */
function moment(timestamp) {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? `${timestamp} ms` : date.toISOString();
}

module.exports = {
  moment,
  printable,
  shortened,
  writeLines,
  writeRecord,
  writeReport,
  writeTable,
};
