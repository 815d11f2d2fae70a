// A registry of npm on this machine alone, in memory: what is published to it can be installed from it.

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { folder } from './folders.mjs';

/** Takes a version of a package, as `npm publish` sends it. */
function take(packages, tarballs, sent) {
  const { _attachments: files, ...rest } = sent;
  const known = packages.get(rest.name);
  const versions = { ...known?.versions, ...rest.versions };
  const tags = { ...known?.['dist-tags'], ...rest['dist-tags'] };
  packages.set(rest.name, { ...rest, versions, 'dist-tags': tags });
  for (const [name, { data }] of Object.entries(files)) {
    tarballs.set(`/${rest.name}/-/${name}`, Buffer.from(data, 'base64'));
  }
}

/** Gives the names that were published, in their order, and the environment in which npm uses it. */
export async function openRegistry(t) {
  const [packages, tarballs, published] = [new Map(), new Map(), []];
  const server = createServer(async (request, response) => {
    const place = decodeURIComponent(request.url.split('?')[0]);
    if (request.method === 'PUT') {
      take(packages, tarballs, JSON.parse(await text(request)));
      published.push(place.slice(1));
      return response.writeHead(201).end('{}');
    }
    const found = tarballs.get(place) ?? packages.get(place.slice(1));
    if (found === undefined) return response.writeHead(404).end('{}');
    return response.end(Buffer.isBuffer(found) ? found : JSON.stringify(found));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = `127.0.0.1:${server.address().port}/`;
  const config = path.join(folder(), 'npmrc');
  writeFileSync(config, `registry=http://${address}\n//${address}:_authToken=anyone\n`);
  const env = { ...process.env, npm_config_userconfig: config, npm_config_cache: folder() };
  for (const name of ['registry', 'npm_config_registry', 'GITHUB_ACTIONS']) delete env[name];
  return { published, env };
}
