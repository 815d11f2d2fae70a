// Which files of JavaScript may need which: no circles, and one direction between the rooms of `lib`.

/** What is in `room` needs nothing of the rooms of `above`, apart from the files of `except`. */
function below(room, above, except) {
  const to = { path: `^lib/(${above.join('|')})/` };
  if (except) to.pathNot = except;
  return {
    name: `lib/${room} stays below`,
    severity: 'error',
    from: { path: `^lib/${room}/` },
    to,
  };
}

module.exports = {
  forbidden: [
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'lib stands alone',
      severity: 'error',
      from: { path: '^(lib/|index\\.)' },
      to: { path: '^(bin|scripts|bench|examples|__test__)/' },
    },
    {
      name: 'lib/native needs nothing but itself',
      comment: 'What it says when there is no addon is an error like any other.',
      severity: 'error',
      from: { path: '^lib/native/' },
      to: { path: '^(lib|index)', pathNot: '^lib/(native/|types/error\\.js$)' },
    },
    below('runtime', ['types', 'options', 'read', 'write', 'api', 'adapters', 'cli']),
    // `check.js` knows nothing but errors.
    below(
      'types',
      ['options', 'read', 'write', 'api', 'adapters', 'cli'],
      '^lib/options/check\\.js$',
    ),
    below('options', ['read', 'write', 'api', 'adapters', 'cli']),
    below('read', ['write', 'api', 'adapters', 'cli']),
    below('write', ['read', 'api', 'adapters', 'cli']),
    below('api', ['adapters', 'cli']),
    below('adapters', ['native', 'read', 'write', 'cli']),
    {
      name: 'lib/cli uses the package as others do',
      severity: 'error',
      from: { path: '^lib/cli/' },
      to: { path: '^lib/', pathNot: '^lib/cli/' },
    },
  ],
  options: { doNotFollow: { path: 'node_modules' } },
};
