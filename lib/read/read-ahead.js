'use strict';

/** The same items for `for await`: each page is brought into memory while the one before is being used. */
class ReadAhead {
  #items;
  #ahead = undefined;

  constructor(items) {
    this.#items = items;
  }

  async next() {
    if (this.#items.isFetched) {
      return this.#items.next();
    }
    await (this.#ahead ?? this.#items.load());
    const next = this.#items.next();
    this.#ahead = this.#items.load();
    return next;
  }

  async return(value) {
    return this.#items.return(value);
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

module.exports = { ReadAhead };
