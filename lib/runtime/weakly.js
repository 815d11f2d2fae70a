'use strict';

/**
 * Objects that somebody else keeps. One that is collected leaves the set by itself, so that adding and removing one costs
 * the same however many there were before.
 */
class WeaklyHeld {
  #references = new Set();
  #collected;

  /** `onEmpty` is called when the last one was collected. */
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

  /** Gives what `remove` takes. */
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

  /** Takes all of them out. */
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
