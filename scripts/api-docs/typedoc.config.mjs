// docs/api is made from the declarations that the package ships: one page for each entry point.

import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

export default {
  tsconfig: path('tsconfig.json'),
  entryPoints: [
    'index.d.ts',
    'lib/adapters/abstract-level.d.ts',
    'lib/adapters/keyv.d.ts',
    'lib/adapters/postgres.d.ts',
  ].map((name) => path(`../../${name}`)),
  plugin: ['typedoc-plugin-markdown', path('short-theme.mjs')],
  theme: 'short',
  router: 'module',
  readme: 'none',
  name: 'API reference',
  pageTitleTemplates: {
    module: ({ name }) => `@softadastra/store${name === 'store' ? '' : `/${name}`}`,
  },
  // A link or a type that leads nowhere is a mistake in the declarations.
  treatWarningsAsErrors: true,
  disableSources: true,
  excludeExternals: true,
  hideGenerator: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  sort: ['source-order'],
  // The signatures say the same with the types in them, see the theme.
  parametersFormat: 'none',
  propertiesFormat: 'table',
  classPropertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
};
