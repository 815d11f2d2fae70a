'use strict';

const { checkLevelView } = require('./level-key.js');

/**
 * Makes a database and its sublevels check a key and a value before they encode them: most encodings take a detached view
 * for an empty one.
 */
function refuseLostViews(db) {
  const { _assertValidKey, _assertValidValue, _sublevel, clear } = db;
  db._assertValidKey = (key) => {
    _assertValidKey.call(db, key);
    checkLevelView(key, 'key');
  };
  db._assertValidValue = (value) => {
    _assertValidValue.call(db, value);
    checkLevelView(value, 'value');
  };
  for (const kind of ['iterator', 'keys', 'values']) {
    const make = db[kind];
    db[kind] = (options) => {
      checkBounds(options);
      return make.call(db, options);
    };
  }
  db.clear = async (options) => {
    checkBounds(options);
    return clear.call(db, options);
  };
  db._sublevel = (name, options) => refuseLostViews(_sublevel.call(db, name, options));
  return db;
}

function checkBounds(options) {
  for (const name of ['gt', 'gte', 'lt', 'lte']) {
    checkLevelView(options?.[name], 'key');
  }
}

module.exports = { refuseLostViews };
