import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const command = fileURLToPath(new URL('../bin/softadastra-store.js', import.meta.url));

/** Runs the command as a shell would, with `input` on its standard input, and gives what it wrote as bytes. */
export async function runCommand(args, input = '') {
  const child = spawn(process.execPath, [command, ...args], { stdio: 'pipe' });
  const chunks = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (chunk) => chunks[name].push(chunk));
  }
  // A command that needs no input ends without reading it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  const bytes = Buffer.concat(chunks.stdout);
  return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(chunks.stderr).toString() };
}

/** Runs a command that has to succeed without a word on standard error. */
export async function ran(args, input) {
  const result = await runCommand(args, input);
  if (result.code !== 0 || result.stderr !== '') {
    throw new Error(`${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
  }
  return result;
}
