import { UrlRewriter, type RewriteRule } from '../../../../http-plane/rewrite';

const rule = (from: string, to: string, rest: Partial<RewriteRule> = {}): RewriteRule => ({
  from,
  to,
  ignoreCase: false,
  withQuery: false,
  last: false,
  ...rest,
});

const rewritten = (target: string, ...rules: RewriteRule[]): string | undefined =>
  new UrlRewriter(rules).apply(target)?.target;

test.each([
  ['^/old/(.*)$', '/new/$1', '/old/a/b', '/new/a/b'],
  ['^/old/(.*)$', '/new/$1', '/old/a?x=1&y=%20', '/new/a?x=1&y=%20'],
  ['^/a$', '/b?from=a', '/a?x=1', '/b?from=a&x=1'],
  ['//+', '/', '//a///b?c=//d', '/a/b?c=//d'],
  ['^/caf\xe9$', '/cafe', '/caf\xe9', '/cafe'],
])('%s to %s makes of %s %s', (from, to, target, wanted) => {
  expect(rewritten(target, rule(from, to))).toBe(wanted);
});

test('a target that no rule fits stays as it came', () => {
  expect(new UrlRewriter([rule('^/old', '/new')]).apply('/other')).toBeUndefined();
  expect(new UrlRewriter([]).apply('/other')).toBeUndefined();
  expect(rewritten('*', rule('^/old', '/new'))).toBeUndefined();
});

test('case counts unless told otherwise', () => {
  expect(rewritten('/OLD', rule('^/old', '/new'))).toBeUndefined();
  expect(rewritten('/OLD', rule('^/old', '/new', { ignoreCase: true }))).toBe('/new');
});

test('a rule that sees the query may change it', () => {
  expect(rewritten('/p?id=7', rule('^/p\\?id=(\\d+)$', '/p/$1', { withQuery: true }))).toBe('/p/7');
});

test('rules follow each other until one is the last', () => {
  expect(rewritten('/a', rule('^/a', '/b'), rule('^/b', '/c'))).toBe('/c');
  expect(rewritten('/a', rule('^/a', '/b', { last: true }), rule('^/b', '/c'))).toBe('/b');
});

test('a redirection says where to, and ends the rules', () => {
  const rules = [rule('^/a', 'https://x.example/a', { redirect: 301 }), rule('^/', '/never')];
  expect(new UrlRewriter(rules).apply('/a/b?c')).toEqual({ target: 'https://x.example/a/b?c', redirect: 301 });
});

test('an outcome that could not stand in a request line or a field is not taken', () => {
  expect(rewritten('/a', rule('^/a$', 'a'))).toBeUndefined();
  expect(rewritten('/a', rule('^/a$', '/a b'))).toBeUndefined();
  expect(rewritten('/a', rule('^/a$', '/a\r\nX: y'))).toBeUndefined();
  expect(rewritten('/a', rule('^/a$', 'javascript:x', { redirect: 302 }))).toBeUndefined();
  expect(rewritten('/aaaa', rule('a', 'b'.repeat(8000)))).toBeUndefined();
});

test('the same rule works each time', () => {
  const rewriter = new UrlRewriter([rule('a', 'b')]);
  for (let i = 0; i < 3; i += 1) expect(rewriter.apply('/aa')?.target).toBe('/bb');
});
