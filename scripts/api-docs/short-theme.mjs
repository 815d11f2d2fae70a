// The Markdown theme with each call on one line, types and links included, in place of tables that repeat them.

import { Converter } from 'typedoc';
import { MarkdownPageEvent, MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown';

/** What the entry points are called in `import`; the pages are named by their last part. */
const ENTRY_POINTS = {
  index: 'store',
  'lib/adapters/abstract-level': 'abstract-level',
  'lib/adapters/keyv': 'keyv',
  'lib/adapters/postgres': 'postgres',
};

const none = () => '';

class ShortTheme extends MarkdownTheme {
  getRenderContext(page) {
    const context = new MarkdownThemeContext(this, page, this.application.options);
    const parameter = ({ name, flags, type }) =>
      `\`${flags.isRest ? '...' : ''}${name}${flags.isOptional ? '?' : ''}\`: ${context.partials.someType(type)}`;
    context.partials.signatureParameters = (parameters) =>
      `(${parameters.map(parameter).join(', ')})`;
    context.partials.signatureReturns = none;
    context.partials.inheritance = none;
    return context;
  }
}

function nameEntryPoints({ project }) {
  for (const module of project.children) {
    module.name = ENTRY_POINTS[module.name] ?? module.name;
  }
}

function closeGaps(page) {
  const text = page.contents.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{3,}/g, '\n\n');
  page.contents = `${text.trimEnd()}\n`;
}

export function load(app) {
  app.renderer.defineTheme('short', ShortTheme);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, nameEntryPoints);
  app.renderer.on(MarkdownPageEvent.END, closeGaps, -1000);
}
