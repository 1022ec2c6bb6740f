import { KeyMemory } from '../../../../data-plane/algorithms/key-memory';
import { seededRandom } from '../../../support/seeded-random';

describe('the memory of keys', () => {
  it('behaves as a map in order of use with limits does, over many random steps', () => {
    const random = seededRandom(11);
    const memory = new KeyMemory({ maxIdleMs: 60, maxEntries: 20 });
    const model = new Map<string, { nodeId: string; atMs: number }>();
    for (let now = 0; now < 4000; now += 1) {
      const key = `k${Math.floor(random() * 60)}`;
      for (const [old, { atMs }] of model) if (now - atMs > 60) model.delete(old);
      expect(memory.get(key, now)).toBe(model.get(key)?.nodeId);
      expect(memory.size).toBe(model.size);
      if (random() < 0.3) continue;
      if (!model.delete(key) && model.size === 20) model.delete([...model.keys()][0] ?? '');
      model.set(key, { nodeId: `n${now}`, atMs: now });
      memory.set(key, `n${now}`, now);
    }
  });

  it('is as quick when it is full as when it fills', () => {
    const most = 50_000;
    let serial = 0;
    const millis = (memory: KeyMemory): number => {
      const startedAt = performance.now();
      for (let i = 0; i < most; i += 1) memory.set(`call-${(serial += 1)}`, 'app1', serial);
      return performance.now() - startedAt;
    };
    const memories = [1, 2, 3].map(() => new KeyMemory({ maxIdleMs: 1e9, maxEntries: most }));
    const filling = Math.min(...memories.map(millis));
    // A walk over the places of those that left would make it some thirty times as long.
    expect(Math.min(...memories.map(millis))).toBeLessThan(10 * filling);
  });
});
