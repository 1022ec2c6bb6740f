import { Window, type Origin } from '../../../../smpp-plane/session/window';

const esme: Origin = { open: true };

describe('Window', () => {
  test('numbers requests from 1 and wraps from 0x7fffffff to 1', () => {
    expect(new Window(10).add(4, esme, 99, 0)).toBe(1);
    const window = new Window<Origin>(10, 0x7fff_fffd);
    const numbers = [1, 2, 3, 4].map((n) => window.add(4, esme, n, 0));
    expect(numbers).toEqual([0x7fff_fffe, 0x7fff_ffff, 1, 2]);
    expect(numbers.map((n) => window.originSequenceOf(window.find(n)))).toEqual([1, 2, 3, 4]);
  });

  test('finds a thousand requests answered in reverse', () => {
    const window = new Window<Origin>(1000);
    const numbers = Array.from({ length: 1000 }, (_, i) => window.add(4, esme, 0xffff_ffff - i, i));
    expect(window.full).toBe(true);
    for (const [i, number] of [...numbers.entries()].toReversed()) {
      const slot = window.find(number);
      expect(window.originSequenceOf(slot)).toBe(0xffff_ffff - i);
      window.free(slot);
    }
    expect(window.size).toBe(0);
  });

  test('knows nothing of numbers that are free, 0 or above the range', () => {
    const window = new Window<Origin>(10);
    const number = window.add(4, esme, 5, 0);
    window.free(window.find(number));
    expect([number, 0, 17, 0x8000_0001, 0xffff_ffff].map((n) => window.find(n))).toEqual([-1, -1, -1, -1, -1]);
  });

  test('goes round one request that is never answered', () => {
    const window = new Window<Origin>(8);
    const stuck = window.add(4, esme, 1, 0);
    for (let i = 0; i < 1000; i += 1) {
      const number = window.add(4, esme, i, 0);
      expect(number).not.toBe(stuck);
      window.free(window.find(number));
    }
    expect(window.originSequenceOf(window.find(stuck))).toBe(1);
  });

  test('gives up requests oldest first, each once', () => {
    const window = new Window<Origin>(100);
    for (let i = 0; i < 50; i += 1) window.add(4, esme, i, 1000 + i);
    window.free(window.find(3));
    const given: number[] = [];
    for (let slot = window.expired(1010); slot >= 0; slot = window.expired(1010)) {
      given.push(window.originSequenceOf(slot));
      window.free(slot);
    }
    expect(given).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(window.size).toBe(39);
  });

  test('gives numbers without a slot to requests that have no answer', () => {
    const window = new Window<Origin>(10);
    const number = window.skip();
    expect(window.find(number)).toBe(-1);
    expect(window.add(4, esme, 1, 0)).toBe(number + 1);
  });
});
