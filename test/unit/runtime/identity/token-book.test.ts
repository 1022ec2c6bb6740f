import { mayActAs, newToken, tokenHash, tokenLine } from '../../../../runtime/identity';
import { parseTokens } from '../../../../runtime/identity/token-book';

test('a line is the hash of a token, a role and an id; comments and blank lines are skipped', () => {
  const token = newToken();
  const text = `# nodes\n\n${tokenLine(token, { role: 'node', id: 'app', prefix: true })}  # the app servers\r\n`;
  const found = parseTokens(text, 'tokens').get(tokenHash(token));
  expect(found).toMatchObject({ name: 'node/app*', how: 'token' });
});

test('an id is itself only, and with a star everything that begins alike', () => {
  const hash = 'a'.repeat(64);
  const exact = parseTokens(`${hash} node app1`, 'tokens').get(hash);
  const prefix = parseTokens(`${hash} node app*`, 'tokens').get(hash);
  const any = parseTokens(`${hash} node *`, 'tokens').get(hash);
  const may = (identity: typeof exact, id: string) => identity !== undefined && mayActAs(identity, 'node', id);
  expect(['app1', 'app10', 'web1', ''].map((id) => may(exact, id))).toEqual([true, false, false, false]);
  expect(['app1', 'app10', 'web1', ''].map((id) => may(prefix, id))).toEqual([true, true, false, false]);
  expect(['app1', 'web1'].map((id) => may(any, id))).toEqual([true, true]);
});

test('a plane speaks for its workers, a node only for itself', () => {
  const hash = 'a'.repeat(64);
  const plane = parseTokens(`${hash} plane sip1`, 'tokens').get(hash);
  const may = (role: 'plane' | 'node', id: string) => plane !== undefined && mayActAs(plane, role, id);
  expect(
    ['sip1', 'sip1.w2', 'sip1.w64', 'sip1.web', 'sip1.w', 'sip1.w2.w3', 'sip2.w1'].map((id) => may('plane', id)),
  ).toEqual([true, true, true, false, false, false, false]);
  const node = parseTokens(`${hash} node app1`, 'tokens').get(hash);
  expect(node !== undefined && mayActAs(node, 'node', 'app1.w1')).toBe(false);
});

test('two tokens are never alike and show what they are', () => {
  const tokens = Array.from({ length: 100 }, newToken);
  expect(new Set(tokens).size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^tp_[A-Za-z0-9_-]{43}$/);
});

test.each([
  ['a token in place of its hash', 'tp_abc node app1'],
  ['a short hash', 'abc node app1'],
  ['capital digits', `${'A'.repeat(64)} node app1`],
  ['an unknown role', `${'a'.repeat(64)} root app1`],
  ['no id', `${'a'.repeat(64)} node`],
  ['a star in the middle', `${'a'.repeat(64)} node a*p`],
  ['too much', `${'a'.repeat(64)} node app1 more`],
])('%s is a fault of the file, named by its line', (_what, line) => {
  const parse = () => parseTokens(`\n${line}\n`, 'tokens');
  expect(parse).toThrow(
    expect.objectContaining({ code: 'TOKEN_FILE', message: expect.stringContaining('tokens:2:') as string }),
  );
  expect(parse).not.toThrow(expect.objectContaining({ message: expect.stringContaining(line) as string }));
});
