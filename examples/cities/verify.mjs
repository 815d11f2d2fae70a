// What must be true of the store; every check throws with the keys that break it.

import { keyOf, places, recordOf, total } from './cities.mjs';

const SHOWN = 5;

class Findings {
  #found = [];
  #count = 0;

  add(text) {
    this.#count += 1;
    if (this.#count <= SHOWN) this.#found.push(text);
  }

  /** Throws when anything was found. */
  settle(promise) {
    if (this.#count === 0) return;
    const more = this.#count > SHOWN ? [`… ${this.#count} findings in all`] : [];
    throw new Error(`${promise}:\n  ${[...this.#found, ...more].join('\n  ')}`);
  }
}

/**
 * Cities are submitted in their order to a new store and every write takes one version, so a city's
 * version is its place + 1, whether its acknowledgement arrived or not.
 */
function checkEntry(findings, place, entry, acknowledgedVersion) {
  const { value, version } = entry;
  if (value.toString() !== recordOf(place)) findings.add(`${keyOf(place)} has another value`);
  if (version !== place + 1) {
    findings.add(`${keyOf(place)} has version ${version}, its write took ${place + 1}`);
  }
  if (acknowledgedVersion !== 0 && acknowledgedVersion !== version) {
    findings.add(`${keyOf(place)} has version ${version}, acknowledged was ${acknowledgedVersion}`);
  }
}

/**
 * Every acknowledged write is there, with its value and version; nothing is there that was not
 * submitted; and of what was submitted without an acknowledgement, the first writes are there without
 * a gap. Returns the number of entries, which is also the place to go on from.
 */
export function checkStore(store, versions, submitted) {
  const findings = new Findings();
  const present = new Uint8Array(total);
  let count = 0;
  for (const [key, entry] of store.entries()) {
    const place = places.get(key);
    if (place === undefined || place >= submitted) {
      findings.add(`${key} is there but was never submitted`);
      continue;
    }
    if (present[place] === 1) findings.add(`${key} is there twice`);
    present[place] = 1;
    count += 1;
    checkEntry(findings, place, entry, versions[place]);
  }
  checkPresence(findings, present, versions, count);
  if (store.size() !== count) findings.add(`size() is ${store.size()}, the scan gave ${count}`);
  findings.settle('the store differs from what was written');
  return count;
}

function checkPresence(findings, present, versions, count) {
  for (let place = 0; place < total; place += 1) {
    if (present[place] === 1) continue;
    if (versions[place] !== 0) findings.add(`${keyOf(place)} was acknowledged and is lost`);
    else if (place < count) findings.add(`${keyOf(place)} is missing, later writes are there`);
  }
}

/** The state built from the log alone is the store's state, entry by entry. */
export function checkSnapshot(snapshot, store) {
  const findings = new Findings();
  if (snapshot.size() !== store.size()) {
    findings.add(`the snapshot has ${snapshot.size()} entries, the store ${store.size()}`);
  }
  for (const [key, entry] of store.entries()) {
    const result = snapshot.get(key);
    if (result.isErr()) {
      findings.add(`${key}: ${result.error().message}`);
      continue;
    }
    const { value, version, timestamp } = result.value();
    const same = value.toString() === entry.value.toString();
    if (!same || version !== entry.version || timestamp !== entry.timestamp) {
      findings.add(`${key} differs`);
    }
  }
  findings.settle('the snapshot differs from the store');
}
