import { RecentTable } from '../../../data-plane';
import { seededRandom } from '../../support/seeded-random';

describe('the table of recent keys', () => {
  it('finds what was inserted until it was idle too long', () => {
    const table = new RecentTable(10, 100);
    const place = table.put(1, 2, 7, 0);
    expect(table.find(1, 2, 100)).toBe(place);
    expect(table.value(place)).toBe(7);
    expect(table.put(1, 2, 8, 50)).toBe(place);
    expect(table.value(place)).toBe(8);
    table.touch(place, 0);
    expect(table.find(1, 2, 101)).toBe(-1);
    expect(table.find(2, 1, 0)).toBe(-1);
    table.touch(place, 90);
    expect(table.find(1, 2, 190)).toBe(place);
  });

  it('lets the longest unused entry go when it is full', () => {
    const gone: number[] = [];
    const table = new RecentTable(3, 1000, (place) => gone.push(place));
    const places = [1, 2, 3].map((key) => table.put(key, key, 0, 0));
    table.touch(places[0] ?? 0, 1);
    table.put(4, 4, 0, 2);
    expect(gone).toEqual([places[1]]);
    expect([1, 2, 3, 4].map((key) => table.find(key, key, 2) >= 0)).toEqual([true, false, true, true]);
  });

  it('lets idle entries go and uses their places again', () => {
    const table = new RecentTable(3, 100);
    for (let round = 0; round < 10; round += 1) {
      for (let key = 0; key < 3; key += 1) table.put(key, round, 0, round * 1000);
      table.expire(round * 1000 + 101, 100);
      expect(table.size).toBe(0);
    }
  });

  it('tells keys apart by all 64 bits, and ages over the wrap of 32 bits of milliseconds', () => {
    const table = new RecentTable(10, 100);
    const start = 2 ** 31 - 50;
    const place = table.put(0xffff_fffe, 0x8000_0001, 1, start);
    expect(table.find(0xffff_fffe, 0x8000_0001, start + 100)).toBe(place);
    expect(table.find(0xffff_fffe, 0x8000_0001, start + 101)).toBe(-1);
    expect(table.find(0xffff_ffff, 0x8000_0001, start)).toBe(-1);
    expect(table.find(0xffff_fffe, 0x8000_0011, start)).toBe(-1);
  });

  it('behaves as a map with limits does, over many random steps', () => {
    const random = seededRandom(7);
    const table = new RecentTable(50, 500);
    const model = new Map<number, { value: number; atMs: number }>();
    for (let now = 0; now < 20_000; now += 1) {
      const key = Math.floor(random() * 80);
      const known = table.find(key, key * 7, now);
      const expected = model.get(key);
      const alive = expected !== undefined && now - expected.atMs <= 500;
      expect(known >= 0 ? table.value(known) : undefined).toBe(alive ? expected.value : undefined);
      if (known >= 0) {
        table.touch(known, now);
        model.delete(key);
        model.set(key, { value: expected?.value ?? 0, atMs: now });
      } else {
        for (const [old, { atMs }] of model) if (now - atMs > 500) model.delete(old);
        if (model.size === 50) model.delete([...model.keys()][0] ?? -1);
        table.put(key, key * 7, now, now);
        model.set(key, { value: now, atMs: now });
      }
    }
  });
});
