import { collectSessionIds } from '../../../../http-plane/routing/session-ids';

function idsOf(target: string, ...cookies: string[]): string[] {
  const ids: string[] = [];
  collectSessionIds(target, cookies, ids);
  return ids;
}

test.each<[string, string, string[], string[]]>([
  ['a cookie', '/', ['JSESSIONID=abc.app1'], ['abc.app1']],
  ['a cookie in any case', '/', ['jSessionId=abc.app1'], ['abc.app1']],
  ['a cookie among others', '/', ['a=1; JSESSIONID=x.app2; b=2'], ['x.app2']],
  ['a cookie line after another', '/', ['a=1', 'JSESSIONID=x.app2'], ['x.app2']],
  ['a quoted cookie', '/', ['JSESSIONID="x.app2"'], ['x.app2']],
  ['two cookies of one name', '/', ['JSESSIONID=a.n1; JSESSIONID=b.n2'], ['a.n1', 'b.n2']],
  ['a path parameter', '/shop;jsessionid=abc.app1', [], ['abc.app1']],
  ['a path parameter before more path', '/shop;jsessionid=abc.app1/cart?x=1', [], ['abc.app1']],
  ['a path parameter after another', '/shop;v=1;jsessionid=abc.app1', [], ['abc.app1']],
  ['a query parameter', '/shop?x=1&jsessionid=abc.app1&y=2', [], ['abc.app1']],
  ['a query parameter in any case', '/shop?JSESSIONID=abc.app1', [], ['abc.app1']],
  ['cookie, path and query in this order', '/a;jsessionid=p?jsessionid=q', ['JSESSIONID=c'], ['c', 'p', 'q']],
  ['nothing', '/shop?x=1', ['a=b'], []],
  ['an empty value', '/;jsessionid=?jsessionid=', ['JSESSIONID='], []],
  ['a longer name', '/?xjsessionid=1', ['MYJSESSIONID=1; JSESSIONIDX=2'], []],
  ['a fragment of the name', '/;jsession', ['JSESSIONID'], []],
])('finds the session id of %s', (_what, target, cookies, ids) => {
  expect(idsOf(target, ...cookies)).toEqual(ids);
});
