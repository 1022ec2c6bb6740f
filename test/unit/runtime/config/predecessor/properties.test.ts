import { readProperties } from '../../../../../runtime/config/predecessor/properties';

test.each([
  ['key=value', 'key', 'value'],
  ['  key = a value  ', 'key', 'a value'],
  ['key: value', 'key', 'value'],
  ['key value', 'key', 'value'],
  ['key=', 'key', ''],
  ['key', 'key', ''],
  ['key=a=b:c', 'key', 'a=b:c'],
  ['list=a,\\\r\n    b', 'list', 'a,b'],
])('%j', (text, key, value) => {
  expect([...readProperties(text)]).toEqual([[key, value]]);
});

test('comments and empty lines are no keys, and the last of two values wins', () => {
  expect([...readProperties('# a=1\n! b=2\n\n  \nc=3\nc=4\n')]).toEqual([['c', '4']]);
});
