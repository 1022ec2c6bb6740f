import { ago, count, quantity } from '../../../../cli/output';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1 000'],
  [1_234_567.4, '1 234 567'],
])('the count %d reads %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [undefined, 'never'],
  [40, 'now'],
  [1234, '1.2 s ago'],
  [180_000, '3 min ago'],
])('%p ms since the last heartbeat read %s', (ms, text) => {
  expect(ago(ms)).toBe(text);
});

test('one is singular, nothing and many are plural', () => {
  expect([0, 1, 2].map((value) => quantity(value, 'node'))).toEqual(['0 nodes', '1 node', '2 nodes']);
});
