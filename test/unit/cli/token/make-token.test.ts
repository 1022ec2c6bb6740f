import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommandLine } from '../../../../cli/program';
import { systemClock } from '../../../../runtime/clock';
import { TokenBook } from '../../../../runtime/identity';
import { silentLogger } from '../../../../runtime/logger';
import { capturedOutput } from '../../../support/captured-output';

const folder = mkdtempSync(path.join(tmpdir(), 'triplane-token-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: readonly string[]): Promise<string> => capturedOutput(() => runCommandLine(['token', ...args]));

test('the token and the line belong together: a control plane that has the line knows who holds the token', async () => {
  const file = path.join(folder, 'tokens');
  const shown = await run('node', 'app*', '--append', file, '--json');
  const { token, line } = JSON.parse(shown) as { token: string; line?: string };
  expect(line).toBeUndefined();
  const book = new TokenBook({ file, clock: systemClock, logger: silentLogger() });
  expect(book.find(token)).toMatchObject({ name: 'node/app*' });
  expect(book.find(`${token}x`)).toBeUndefined();
  book.close();
});

test('a token that is written is not shown, only its owner can read it, and no file is overwritten', async () => {
  const file = path.join(folder, 'plane.token');
  const shown = await run('plane', 'sip-1', '--write', file);
  expect(shown).toMatch(
    /^token written to .*plane\.token\nline, for control\.auth\.tokensFile:\n {2}[0-9a-f]{64} plane sip-1\n$/,
  );
  expect(readFileSync(file, 'utf8')).toMatch(/^tp_\S{40,}\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await expect(run('plane', 'sip-1', '--write', file)).rejects.toMatchObject({ code: 'TOKEN_FILE' });
});

test.each([
  ['a role that is none', ['king', 'app1']],
  ['an id that is none', ['node', 'a b']],
])('%s is a usage error, and nothing is written', async (_what, args) => {
  const file = path.join(folder, 'untouched');
  await expect(run(...args, '--write', file)).rejects.toMatchObject({ code: 'USAGE' });
  expect(() => statSync(file)).toThrow(/ENOENT/);
});
