'use strict';

/**
 * Objects that someone else keeps alive. A collected one leaves the set automatically, so adding and removing one costs
 * the same however many there were before.
 */
class WeaklyHeld {
  #references = new Set();
  #collected;

  /** `onEmpty` is called when the last one has been collected. */
  constructor(onEmpty = () => undefined) {
    this.#collected = new FinalizationRegistry((reference) => {
      if (this.#references.delete(reference) && this.#references.size === 0) {
        onEmpty();
      }
    });
  }

  get size() {
    return this.#references.size;
  }

  /** Returns the argument for `remove`. */
  add(object) {
    const reference = new WeakRef(object);
    this.#references.add(reference);
    this.#collected.register(object, reference, reference);
    return reference;
  }

  remove(reference) {
    if (this.#references.delete(reference)) {
      this.#collected.unregister(reference);
    }
  }

  /** Removes and returns all of them. */
  takeAll() {
    const objects = [];
    for (const reference of this.#references) {
      this.#collected.unregister(reference);
      const object = reference.deref();
      if (object !== undefined) {
        objects.push(object);
      }
    }
    this.#references.clear();
    return objects;
  }
}

module.exports = { WeaklyHeld };
