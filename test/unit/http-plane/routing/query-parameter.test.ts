import { instanceIdOf } from '../../../../http-plane/routing/instance-id';
import { queryParameter } from '../../../../http-plane/routing/query-parameter';

test.each<[string, string | undefined]>([
  ['/?appsession=alice', 'alice'],
  ['/a/b?x=1&appsession=alice&y=2', 'alice'],
  ['/?appsession=a&appsession=b', 'a'],
  ['/?appsession=alice%40example.com', 'alice@example.com'],
  ['/?appsession=a+b', 'a b'],
  ['/?appsession=%zz', '%zz'],
  ['/?appsession=', undefined],
  ['/?xappsession=alice', undefined],
  ['/?appsessionx=alice', undefined],
  ['/appsession=alice', undefined],
  ['/', undefined],
])('the affinity key of %s is %s', (target, value) => {
  expect(queryParameter(target, 'appsession')).toBe(value);
});

const INSTANCE = `ID${'0123456789abcdef'.repeat(2)}`;

test.each<[string, string | undefined]>([
  [`/restcomm/2012-04-24/Accounts/AC1/Calls/${INSTANCE}-CA77`, INSTANCE],
  [`/restcomm/2012-04-24/Accounts/AC1/Calls.json/${INSTANCE}-CA77?x=1`, INSTANCE],
  [`/restcomm/2012-04-24/Accounts/AC1/Calls/${INSTANCE}`, undefined],
  ['/restcomm/2012-04-24/Accounts/AC1/Calls/ID1-CA77', undefined],
  [`/restcomm/2012-04-24/Accounts/AC1/Messages/${INSTANCE}-CA77`, undefined],
  [`/restcomm/Accounts/AC1/Calls/${INSTANCE}-CA77`, undefined],
  ['/restcomm/2012-04-24/Accounts/AC1/Calls', undefined],
])('the Restcomm instance id of %s is %s', (target, id) => {
  expect(instanceIdOf(target)).toBe(id);
});
