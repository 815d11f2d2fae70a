// Writes docs/api from the declarations.

import { rmSync } from 'node:fs';
import { generateApiDocs, pages } from './api-docs/generate.mjs';

rmSync(pages, { recursive: true, force: true });
generateApiDocs(pages);
