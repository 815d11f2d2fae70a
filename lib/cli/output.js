'use strict';

const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const Table = require('cli-table3');

/** Output is handed on in pieces of about this size: one write for each short line would be most of the work. */
const PIECE = 64 * 1024;

/** Writes chunks as fast as the reader takes them. A reader that has seen enough (`| head`) is no failure. */
async function write(chunks) {
  try {
    await pipeline(Readable.from(chunks), process.stdout, { end: false });
  } catch (error) {
    if (error.code !== 'EPIPE') {
      throw error;
    }
  }
}

/** Writes many lines, made only as fast as they are taken. */
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

/** Writes one object: as JSON for machines, as a table with a row for each field for people. */
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

function writeTable(head, rows) {
  // Colours of its own would only be noise in a file.
  const table = new Table({
    ...(head && { head }),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  return writeLines([table.toString()]);
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

/** Text that cannot move the cursor, break a line or turn it around: such characters as JSON can write them. */
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

/** A moment for people. Timestamps reach further than dates do. */
function moment(timestamp) {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? `${timestamp} ms` : date.toISOString();
}

module.exports = { moment, printable, shortened, write, writeLines, writeRecord, writeTable };
