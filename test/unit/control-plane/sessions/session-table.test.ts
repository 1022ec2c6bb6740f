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
