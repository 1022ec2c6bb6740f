import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TriplaneError, errorCodes, listenError } from '../../../runtime/errors';

describe('error codes', () => {
  it('are all documented in docs/errors.md, and no others', () => {
    const text = readFileSync(path.resolve(__dirname, '../../../docs/errors.md'), 'utf8');
    const [ours = ''] = text.split('\n## ');
    const documented = [...ours.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    expect(documented.toSorted()).toEqual(Object.keys(errorCodes).toSorted());
  });
});

describe('listenError', () => {
  it.each([
    [
      'EADDRINUSE',
      'ADDRESS_IN_USE',
      'sip external udp: 127.0.0.1:5060 is in use by another process; stop it or configure another port',
    ],
    ['EADDRNOTAVAIL', 'ADDRESS_INVALID', 'is not an address of this machine'],
    ['EACCES', 'ADDRESS_DENIED', 'use a port above 1023'],
    ['EMFILE', 'ADDRESS_INVALID', 'cannot be listened on: too many open files'],
  ])('turns %s into %s and one clear line', (code, expected, text) => {
    const error = listenError(
      'sip external udp',
      '127.0.0.1',
      5060,
      Object.assign(new Error('too many open files'), { code }),
    );
    expect(error).toBeInstanceOf(TriplaneError);
    expect(error.code).toBe(expected);
    expect(error.message).toContain(text);
  });
});
