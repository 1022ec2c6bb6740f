import { rendezvous } from '../../../../data-plane';
import { planeNode } from '../../../support/plane-nodes';

const KEYS = Array.from({ length: 20_000 }, (_, i) => `call-${i}@example.com`);
const nodes = ['a', 'b', 'c', 'd', 'e'].map((id) => planeNode(id));

function shares(chosen: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of chosen) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

describe('rendezvous', () => {
  it('gives each node its share by weight within three sigma', () => {
    const weighted = [
      planeNode('one', { weight: 1 }),
      planeNode('two', { weight: 2 }),
      planeNode('five', { weight: 5 }),
    ];
    const counts = shares(KEYS.map((key) => rendezvous(key, weighted)?.id));
    for (const { id, weight } of weighted) {
      const share = weight / 8;
      const sigma = Math.sqrt(KEYS.length * share * (1 - share));
      expect(Math.abs((counts.get(id) ?? 0) - KEYS.length * share)).toBeLessThan(3 * sigma);
    }
  });

  it('moves only the keys of a removed node, and spreads them over all others', () => {
    const before = KEYS.map((key) => rendezvous(key, nodes)?.id);
    const after = KEYS.map((key) => rendezvous(key, nodes.slice(1))?.id);
    const moved = after.filter((_, i) => before[i] === 'a');
    expect(after.filter((id, i) => before[i] !== 'a' && id !== before[i])).toEqual([]);
    for (const [, count] of shares(moved)) expect(Math.abs(count - moved.length / 4)).toBeLessThan(moved.length / 20);
  });

  it('moves keys only to an added node', () => {
    const grown = [...nodes, planeNode('f')];
    for (const key of KEYS) {
      const after = rendezvous(key, grown)?.id;
      expect([rendezvous(key, nodes)?.id, 'f']).toContain(after);
    }
  });

  it('is fixed for ever: these choices may never change between versions', () => {
    expect(
      ['alice', 'bob', 'a84b4c76e66710@pc33.example.com', '', '+15551234'].map((key) => rendezvous(key, nodes)?.id),
    ).toMatchInlineSnapshot(`
     [
       "c",
       "a",
       "c",
       "c",
       "a",
     ]
    `);
  });

  it('does not care in which order the nodes stand', () => {
    const turned = nodes.toReversed();
    for (const key of KEYS.slice(0, 500)) expect(rendezvous(key, turned)?.id).toBe(rendezvous(key, nodes)?.id);
  });

  it('chooses nothing among no nodes', () => {
    expect(rendezvous('key', [])).toBeUndefined();
  });

  it('is not fooled by sequential keys', () => {
    const counts = shares(Array.from({ length: 800 }, (_, i) => rendezvous(`${1000 + i}`, nodes)?.id));
    expect(Math.max(...counts.values())).toBeLessThan(240);
  });
});
