import { IssuedIds } from '../../../../smpp-plane/pool/issued-ids';

function ids(...given: readonly string[]): IssuedIds<string> {
  const issued = new IssuedIds<string>({ ttlMs: 1000, maxEntries: 1000 });
  for (const id of given) issued.add('smsc', id, `owner of ${id}`, 0);
  return issued;
}

describe('IssuedIds', () => {
  test.each([
    ['ABCDEF0123', 'abcdef0123'],
    ['ABCDEF0123', '737894400291'],
    ['737894400291', 'ABCDEF0123'],
    ['00012345', '12345'],
    ['7', '0000000007'],
    ['not-a-number', 'NOT-A-NUMBER'],
    ['f'.repeat(65), 'F'.repeat(65)],
  ])('the id %s is found as %s', (given, written) => {
    expect(ids(given).find('smsc', written, 1)).toBe(`owner of ${given}`);
  });

  test('ids of another SMSC, unknown ones and expired ones are nobody’s', () => {
    const issued = ids('12');
    expect(issued.find('other', '12', 1)).toBeUndefined();
    expect(issued.find('smsc', '13', 1)).toBeUndefined();
    expect(issued.find('smsc', '', 1)).toBeUndefined();
    expect(issued.find('smsc', '12', 1000)).toBeUndefined();
  });

  test('where two numbers could be meant, the way that the SMSC wrote its ids so far decides', () => {
    const issued = ids('16', '10', 'ff', 'fe');
    expect(issued.find('smsc', '16', 1)).toBe('owner of 16');
    expect(issued.find('smsc', '255', 1)).toBe('owner of ff');
    expect(issued.find('smsc', '254', 1)).toBe('owner of fe');
    expect(issued.find('smsc', '16', 1)).toBe('owner of 10');
  });

  test('remembers no more than it may, the oldest goes first', () => {
    const issued = new IssuedIds<number>({ ttlMs: 1000, maxEntries: 10 });
    for (let i = 0; i < 100; i += 1) issued.add('s', `id-${i}`, i, i);
    expect(issued.size).toBe(10);
    expect([issued.find('s', 'id-89', 100), issued.find('s', 'id-90', 100)]).toEqual([undefined, 90]);
  });
});
