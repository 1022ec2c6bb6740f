import { SessionTable } from '../../../../control-plane/sessions';
import { MemoryStore, nodeKey } from '../../../../control-plane/store';
import { Node, NodeRecord, StoredValue, toMs } from '../../../../proto';
import { FakeClock } from '../../../support/fake-clock';

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore('lineage', this.clock);
  readonly table = new SessionTable({ store: this.store, clock: this.clock, maxKeys: 3 });

  async node(nodeId: string, incarnation: string): Promise<void> {
    const content = {
      $case: 'node',
      value: NodeRecord.create({ node: Node.create({ nodeId, incarnation }) }),
    } as const;
    const index = this.store.get(nodeKey(nodeId))?.index ?? 0;
    await this.store.compareAndSet(nodeKey(nodeId), StoredValue.create({ content }), index);
  }

  nodeOf(key: string): string {
    return this.table.assignment(`default/${key}`).nodeId;
  }
}

describe('a pinned key', () => {
  it('stays with its node until its time is over', () => {
    const world = new World();
    world.table.pin('', 'alice', 'app1', 60_000);
    world.clock.advance(20_000);
    const { nodeId, pool, key, ttl } = world.table.assignment('default/alice');
    expect([nodeId, pool, key, toMs(ttl)]).toEqual(['app1', 'default', 'alice', 40_000]);
    world.clock.advance(50_000);
    expect(world.nodeOf('alice')).toBe('');
    expect(world.table.size).toBe(0);
  });

  it('may hold slashes', () => {
    const world = new World();
    expect(world.table.assignment('gold/a/b')).toMatchObject({ pool: 'gold', key: 'a/b', nodeId: '' });
  });

  it('leaves when there are too many, the oldest first', () => {
    const world = new World();
    for (const key of ['a', 'b', 'c', 'a', 'd']) world.table.pin('', key, 'app1', 60_000);
    expect(['a', 'b', 'c', 'd'].map((key) => world.nodeOf(key))).toEqual(['app1', '', 'app1', 'app1']);
  });
});

describe('a move of sessions', () => {
  it('takes pinned keys along, and is told', () => {
    const world = new World();
    world.table.pin('', 'alice', 'app1', 60_000);
    world.table.pin('', 'bob', 'app2', 60_000);
    const told: unknown[] = [];
    world.table.watch((change) => void told.push(change));
    world.table.move('app1', 'i1', 'app2');
    expect([world.nodeOf('alice'), world.nodeOf('bob')]).toEqual(['app2', 'app2']);
    expect(told).toEqual([{ assignment: 'default/alice' }, { moveFrom: 'app1' }]);
    expect(world.table.moveFrom('app1').toNodeId).toBe('app2');
  });

  it('goes on with the next move, and never in a circle', () => {
    const world = new World();
    world.table.move('app1', 'i1', 'app2');
    world.table.move('app2', 'i1', 'app3');
    expect(['app1', 'app2'].map((id) => world.table.moveFrom(id).toNodeId)).toEqual(['app3', 'app3']);
    world.table.move('app3', 'i1', 'app1');
    expect(['app1', 'app2', 'app3'].map((id) => world.table.moveFrom(id).toNodeId)).toEqual(['', 'app1', 'app1']);
  });

  it('ends when the first node registers anew, or the second one goes', async () => {
    const world = new World();
    await world.node('app1', 'i1');
    await world.node('app2', 'i1');
    world.table.move('app1', 'i1', 'app2');
    await world.node('app1', 'i1');
    expect(world.table.moveFrom('app1').toNodeId).toBe('app2');
    await world.node('app1', 'i2');
    expect(world.table.moveFrom('app1').toNodeId).toBe('');
    world.table.move('app1', 'i2', 'app2');
    await world.store.delete(nodeKey('app2'), world.store.get(nodeKey('app2'))?.index ?? 0);
    expect(world.table.moveFrom('app1').toNodeId).toBe('');
  });
});

/** Two control planes that tell each other at once. */
class Pair {
  readonly one = new World();
  readonly two = new World();
  #waiting: (() => void)[] = [];

  constructor() {
    this.#tell(this.one, this.two);
    this.#tell(this.two, this.one);
  }

  /** What was told arrives; by default in order. */
  deliver(order: (work: (() => void)[]) => (() => void)[] = (work) => work): void {
    while (this.#waiting.length > 0) for (const arrive of order(this.#waiting.splice(0))) arrive();
  }

  nodesOf(key: string): string[] {
    return [this.one.nodeOf(key), this.two.nodeOf(key)];
  }

  #tell(from: World, to: World): void {
    from.table.watch(({ assignment, moveFrom, foreign }) => {
      if (foreign) return;
      const told = assignment === undefined ? undefined : from.table.versioned(assignment);
      const move = moveFrom === undefined ? undefined : from.table.versionedMove(moveFrom);
      this.#waiting.push(() => {
        if (told) to.table.take(told);
        if (move) to.table.takeMove(move);
      });
    });
  }
}

const live = (): boolean => true;

describe('two control planes', () => {
  it('know the same keys, with their time and whether a node asked for them', () => {
    const pair = new Pair();
    pair.one.table.pin('gold', 'alice', 'app1', 60_000);
    pair.two.table.suggest({ pool: '', key: 'bob', nodeId: 'app2', ttlMs: 30_000 }, live);
    pair.deliver();
    for (const { table } of [pair.one, pair.two]) {
      const alice = table.assignment('gold/alice');
      expect(alice).toMatchObject({ nodeId: 'app1', pinned: true });
      expect(toMs(alice.ttl)).toBe(60_000);
      expect(table.assignment('default/bob')).toMatchObject({ nodeId: 'app2', pinned: false });
    }
  });

  it('let the later of two answers hold', () => {
    const pair = new Pair();
    pair.one.table.pin('', 'alice', 'app2', 60_000);
    pair.deliver();
    pair.two.table.pin('', 'alice', 'app1', 60_000);
    pair.deliver();
    pair.one.table.pin('', 'alice', 'app3', 60_000);
    pair.deliver();
    expect(pair.nodesOf('alice')).toEqual(['app3', 'app3']);
  });

  it.each([
    ['in order', (work: (() => void)[]) => work],
    ['the other way round', (work: (() => void)[]) => work.toReversed()],
  ])('agree on a key that both gave away at once, told %s', (_how, order) => {
    const pair = new Pair();
    pair.one.table.suggest({ pool: '', key: 'alice', nodeId: 'app2', ttlMs: 60_000 }, live);
    pair.two.table.suggest({ pool: '', key: 'alice', nodeId: 'app1', ttlMs: 60_000 }, live);
    pair.one.table.pin('', 'bob', 'app9', 60_000);
    pair.two.table.suggest({ pool: '', key: 'bob', nodeId: 'app1', ttlMs: 60_000 }, live);
    pair.deliver(order);
    expect(pair.nodesOf('alice')).toEqual(['app1', 'app1']);
    expect(pair.nodesOf('bob')).toEqual(['app9', 'app9']);
  });

  it('keep a key as long as the one where it is used, and forget it alike', () => {
    const pair = new Pair();
    pair.one.table.suggest({ pool: '', key: 'alice', nodeId: 'app1', ttlMs: 60_000 }, live);
    pair.deliver();
    for (const { clock } of [pair.one, pair.two]) clock.advance(40_000);
    pair.one.table.suggest({ pool: '', key: 'alice', nodeId: 'app1', ttlMs: 60_000 }, live);
    pair.deliver();
    for (const { clock } of [pair.one, pair.two]) clock.advance(40_000);
    expect(pair.nodesOf('alice')).toEqual(['app1', 'app1']);
    for (const { clock } of [pair.one, pair.two]) clock.advance(40_000);
    expect(pair.nodesOf('alice')).toEqual(['', '']);
  });

  it('move sessions alike, the keys that either knows included, and back again', () => {
    const pair = new Pair();
    pair.one.table.pin('', 'alice', 'app1', 60_000);
    pair.two.table.pin('', 'bob', 'app1', 60_000);
    pair.deliver();
    pair.two.table.move('app1', 'i1', 'app2');
    pair.deliver();
    expect([pair.nodesOf('alice'), pair.nodesOf('bob')]).toEqual([
      ['app2', 'app2'],
      ['app2', 'app2'],
    ]);
    pair.one.table.move('app2', 'i1', 'app1');
    pair.deliver();
    expect(pair.nodesOf('bob')).toEqual(['app1', 'app1']);
    const moves = [pair.one, pair.two].map(({ table }) => ['app1', 'app2'].map((id) => table.moveFrom(id).toNodeId));
    expect(moves).toEqual([
      ['', 'app1'],
      ['', 'app1'],
    ]);
  });

  it('do not forget a key because the other one had no room for it', () => {
    const pair = new Pair();
    pair.two.table.pin('', 'a', 'app1', 60_000);
    for (const key of ['b', 'c', 'd']) pair.one.table.pin('', key, 'app1', 60_000);
    pair.one.table.pin('', 'e', 'app1', 60_000);
    expect(pair.one.table.versioned('default/b')).toBeUndefined();
    pair.deliver();
    expect([pair.one.table.size, pair.two.table.size]).toEqual([3, 3]);
  });
});
