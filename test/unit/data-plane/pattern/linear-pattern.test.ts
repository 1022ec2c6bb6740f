import { LinearPattern } from '../../../../data-plane';
import { seededRandom } from '../../../support/seeded-random';

const find = (pattern: string, text: string): boolean => new LinearPattern('p', pattern, { whole: false }).test(text);
const whole = (pattern: string, text: string): boolean => new LinearPattern('p', pattern, { whole: true }).test(text);

describe('LinearPattern', () => {
  it.each([
    ['^\\+1555', '+15551234', true],
    ['^\\+1555', '0+1555', false],
    ['555', 'call 555 now', true],
    ['^sip:(alice|bob)@', 'sip:bob@example.com', true],
    ['^sip:(alice|bob)@', 'sip:carol@example.com', false],
    ['[2-4]00$', '1300', true],
    ['[^0-9]', '12345', false],
    ['^\\d{3,5}$', '12', false],
    ['^\\d{3,5}$', '12345', true],
    ['^\\d{3,5}$', '123456', false],
    ['a.c', 'a-c', true],
    ['a\\.c', 'a-c', false],
    ['(?:ab)+c', 'ababc', true],
    ['^a?$', '', true],
    ['[]x]', ']', true],
    ['[a\\]-]', '-', true],
    ['x|', '', true],
    ['^(|a)$', 'a', true],
    ['é', 'café', true],
    ['\\w+\\s\\w+', 'one two', true],
    ['(a*)*b', 'aaaa', false],
  ])('finds %s in %s: %s', (pattern, text, expected) => {
    expect(find(pattern, text)).toBe(expected);
  });

  it('matches the whole text when asked to, whichever branch is longer', () => {
    expect(whole('1|12|123', '123')).toBe(true);
    expect(whole('12', '123')).toBe(false);
    expect(whole('23', '123')).toBe(false);
    expect(whole('a*', '')).toBe(true);
  });

  it('agrees with the engine of the language on random patterns and texts', () => {
    const random = seededRandom(20_261_122);
    const pick = (items: readonly string[]): string => items[Math.floor(random() * items.length)] as string;
    const atom = (depth: number): string =>
      depth > 0 && random() < 0.3 ? `(${expression(depth - 1)})` : pick(['a', 'b', '.', '[ab]', '[^a]', '\\d', '1']);
    const expression = (depth: number): string =>
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => atom(depth) + pick(['', '', '*', '+', '?', '{1,2}']))
        .join(random() < 0.2 ? '|' : '')
        .concat(random() < 0.1 ? '$' : '');
    for (let i = 0; i < 3000; i += 1) {
      const source = (random() < 0.2 ? '^' : '') + expression(2);
      const text = Array.from({ length: Math.floor(random() * 8) }, () => pick(['a', 'b', '1', 'c'])).join('');
      const [ours, theirs] = [find(source, text), new RegExp(source).test(text)];
      expect({ source, text, found: ours }).toEqual({ source, text, found: theirs });
      expect({ source, text, whole: whole(source, text) }).toEqual({
        source,
        text,
        whole: new RegExp(`^(?:${source})$`).test(text),
      });
    }
  });

  it('stays linear where backtracking explodes', () => {
    const startedAt = performance.now();
    for (let i = 0; i < 100; i += 1) expect(find('^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(256))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('matches nothing in texts longer than any number or name', () => {
    expect(find('a', 'a'.repeat(257))).toBe(false);
  });

  it.each([
    ['(', 'p: expected a pattern, got (: a ( that is not closed'],
    ['a)', 'an unmatched ) at 2'],
    ['[a', 'a [ that is not closed'],
    ['[b-a]', 'a range whose ends do not rise'],
    ['*a', 'nothing to repeat at 1'],
    ['a**', 'two repeats in a row at 3'],
    ['a{2,1}', '{2,1}: bounds must rise and stay within 64'],
    ['a{100}', '{100}: bounds must rise and stay within 64'],
    ['a{x}', 'a { that begins no {n} or {n,m} at 2'],
    ['(?=a)', 'lookaround, named groups and flags are not supported'],
    ['(a)\\1', '\\1 is not supported'],
    ['((a{64}){64}){64}', 'expected a smaller pattern'],
    ['('.repeat(30) + 'a' + ')'.repeat(30), 'groups nested deeper than 20'],
    ['', 'expected 1-256 characters, got 0'],
    ['a'.repeat(257), 'expected 1-256 characters, got 257'],
  ])('refuses %s with one clear line', (pattern, message) => {
    expect(() => find(pattern, '')).toThrow(message);
  });
});
