import { PushHub, type Cause, type Subscription, type Wiring } from '../../../../control-plane/push';
import { MemoryStore, configKey, nodeKey } from '../../../../control-plane/store';
import {
  Hello,
  Nack,
  Node,
  NodeRecord,
  NodeState,
  Protocol,
  Rejection,
  RoutingConfig,
  StoredValue,
  type Delta,
  type Revision,
  type Snapshot,
  type SubscribeResponse,
} from '../../../../proto';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';

const GRACE_MS = 6000;

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore('now', this.clock);
  readonly hub = new PushHub({
    store: this.store,
    clock: this.clock,
    logger: silentLogger(),
    startGraceMs: GRACE_MS,
  });

  async put(id: string, weight = 100, traceparent = ''): Promise<void> {
    const node = Node.create({ nodeId: id, incarnation: 'i1', weight, state: NodeState.ACTIVE });
    const content = { $case: 'node', value: NodeRecord.create({ node }) } as const;
    const index = this.store.get(nodeKey(id))?.index ?? 0;
    await this.store.compareAndSet(nodeKey(id), StoredValue.create({ traceparent, content }), index);
  }

  async drop(id: string): Promise<void> {
    await this.store.delete(nodeKey(id), this.store.get(nodeKey(id))?.index ?? 0);
  }

  async putConfig(algorithm: string): Promise<void> {
    const key = configKey(Protocol.SIP, '');
    const value = RoutingConfig.create({ protocol: Protocol.SIP, pool: 'default', algorithm });
    const content = { $case: 'config', value } as const;
    await this.store.compareAndSet(key, StoredValue.create({ content }), this.store.get(key)?.index ?? 0);
  }

  plane(id = 'sip-1', resumeFrom?: Revision, incarnation = 'i1'): FakePlane {
    return new FakePlane(this, Hello.create({ planeId: id, incarnation, protocol: Protocol.SIP, resumeFrom }));
  }

  status(id = 'sip-1') {
    return this.hub.statuses().find((plane) => plane.planeId === id);
  }
}

class FakePlane implements Wiring {
  readonly got: SubscribeResponse[] = [];
  readonly causes: (Cause | undefined)[] = [];
  readonly subscription: Subscription;
  silent = 0;
  replaced = 0;

  readonly world: World;

  constructor(world: World, hello: Hello) {
    this.world = world;
    this.subscription = world.hub.subscribe(hello, this);
  }

  readonly send = (response: SubscribeResponse, cause: Cause | undefined): void => {
    this.got.push(response);
    this.causes.push(cause);
  };

  readonly onSilent = (): void => void (this.silent += 1);
  readonly onReplaced = (): void => void (this.replaced += 1);
  readonly onNewLineage = (): void => undefined;

  get last(): SubscribeResponse {
    const last = this.got.at(-1);
    if (last === undefined) throw new Error('nothing was sent');
    return last;
  }

  ack(): void {
    this.subscription.ack(this.last.nonce);
  }

  nack(...rejections: Rejection['resource'][]): void {
    this.subscription.nack(
      Nack.create({
        nonce: this.last.nonce,
        rejections: rejections.map((resource) => Rejection.create({ resource, reason: 'no' })),
      }),
    );
  }

  leave(): void {
    this.world.hub.leave(this.subscription);
  }
}

function snapshot(response: SubscribeResponse): Snapshot {
  if (response.content?.$case !== 'snapshot') throw new Error('expected a snapshot');
  return response.content.value;
}

function delta(response: SubscribeResponse): Delta {
  if (response.content?.$case !== 'delta') throw new Error('expected a delta');
  return response.content.value;
}

const ids = (nodes: readonly Node[]): string[] => nodes.map((node) => node.nodeId).sort();

describe('a plane that holds nothing', () => {
  it('gets a snapshot of everything at once', async () => {
    const world = new World();
    await world.put('a');
    await world.putConfig('round-robin');
    const plane = world.plane();
    const { nodes, configs, more } = snapshot(plane.last);
    expect({ nodes: ids(nodes), algorithms: configs.map((config) => config.algorithm), more }).toEqual({
      nodes: ['a'],
      algorithms: ['round-robin'],
      more: false,
    });
    expect(plane.last).toMatchObject({ nonce: 1, revision: { lineage: 'now', index: world.store.index } });
    expect(nodes[0]?.changedIndex).toBe(1);
  });

  it('gets a large one in pages of at most 500 nodes, each after the ack of the one before, all of one revision', async () => {
    const world = new World();
    for (let i = 0; i < 1201; i += 1) await world.put(`n${i}`);
    const plane = world.plane();
    const { revision } = plane.last;
    await world.put('late');
    plane.ack();
    plane.ack();
    const pages = plane.got.map(snapshot);
    expect(pages.map((page) => [page.nodes.length, page.more])).toEqual([
      [500, true],
      [500, true],
      [201, false],
    ]);
    expect(plane.got.map((response) => response.revision)).toEqual([revision, revision, revision]);
    expect(world.status()?.acked).toBeUndefined();
    plane.ack();
    expect(world.status()?.acked).toEqual(revision);
    expect(ids(delta(plane.last).upserts)).toEqual(['late']);
    expect(delta(plane.last).base).toEqual(revision);
  });
});

describe('changes', () => {
  it('go out as deltas that build on the revision before', async () => {
    const world = new World();
    await world.put('a');
    const plane = world.plane();
    const base = plane.last.revision;
    plane.ack();
    await world.put('b');
    expect(delta(plane.last)).toMatchObject({ base, removals: [] });
    expect(ids(delta(plane.last).upserts)).toEqual(['b']);
    plane.ack();
    await world.drop('a');
    expect(delta(plane.last)).toMatchObject({ upserts: [], removals: ['a'] });
  });

  it('collapse while a response is in flight: the plane gets the newest state, never history', async () => {
    const world = new World();
    const plane = world.plane();
    plane.ack();
    await world.put('a', 1);
    for (let weight = 2; weight <= 50; weight += 1) await world.put('a', weight);
    await world.put('b');
    await world.put('c');
    await world.drop('c');
    expect(plane.got).toHaveLength(2);
    plane.ack();
    expect(plane.got).toHaveLength(3);
    const { upserts, removals } = delta(plane.last);
    expect(upserts.map((node) => [node.nodeId, node.weight])).toEqual([
      ['a', 50],
      ['b', 100],
    ]);
    expect(removals).toEqual(['c']);
    expect(plane.last.revision?.index).toBe(world.store.index);
  });

  it('carry the trace of the newest change in them', async () => {
    const world = new World();
    const plane = world.plane();
    expect(plane.causes).toEqual([undefined]);
    plane.ack();
    await world.put('a', 1, 'trace-1');
    await world.put('a', 2, 'trace-2');
    await world.put('a', 3, 'trace-3');
    plane.ack();
    expect(plane.causes.map((cause) => cause?.traceparent)).toEqual([undefined, 'trace-1', 'trace-3']);
  });

  it('reach every plane', async () => {
    const world = new World();
    const planes = ['p1', 'p2', 'p3'].map((id) => world.plane(id));
    for (const plane of planes) plane.ack();
    await world.put('a');
    expect(planes.map((plane) => ids(delta(plane.last).upserts))).toEqual([['a'], ['a'], ['a']]);
  });
});

describe('a Nack', () => {
  it('parks the plane until the next revision, which carries the rejected resources again', async () => {
    const world = new World();
    const plane = world.plane();
    plane.ack();
    const acked = world.status()?.acked;
    await world.putConfig('magic');
    plane.nack({ $case: 'pool', value: 'default' });
    expect(plane.got).toHaveLength(2);
    world.clock.advance(120_000);
    expect(plane.got).toHaveLength(2);
    expect(world.status()).toMatchObject({ acked, rejections: [{ reason: 'no' }] });
    await world.put('a');
    expect(plane.got).toHaveLength(3);
    expect(delta(plane.last).configs.map((config) => config.algorithm)).toEqual(['magic']);
    expect(ids(delta(plane.last).upserts)).toEqual(['a']);
    expect(delta(plane.last).base).toEqual(plane.got[1]?.revision);
  });

  it('is forgotten when the newest revision is accepted', async () => {
    const world = new World();
    const plane = world.plane();
    plane.ack();
    await world.put('a');
    plane.nack({ $case: 'nodeId', value: 'a' });
    await world.put('a', 7);
    plane.ack();
    expect(world.status()).toMatchObject({ rejections: [], acked: { index: world.store.index } });
  });

  it('is followed at once by what had changed meanwhile', async () => {
    const world = new World();
    const plane = world.plane();
    plane.ack();
    await world.put('a');
    await world.put('b');
    plane.nack({ $case: 'nodeId', value: 'a' });
    expect(ids(delta(plane.last).upserts)).toEqual(['a', 'b']);
  });

  it('of a page does not stop the pages after it', async () => {
    const world = new World();
    for (let i = 0; i < 600; i += 1) await world.put(`n${i}`);
    const plane = world.plane();
    plane.nack({ $case: 'nodeId', value: 'n1' });
    expect(snapshot(plane.last).more).toBe(false);
    plane.ack();
    expect(world.status()?.rejections).toHaveLength(1);
  });
});

describe('a plane that resumes', () => {
  it('gets what changed since, however often it left', async () => {
    const world = new World();
    await world.put('a');
    const before = world.plane();
    before.ack();
    const held = before.last.revision;
    before.leave();
    await world.put('b');
    await world.drop('a');
    const plane = world.plane('sip-1', held);
    expect(delta(plane.last)).toMatchObject({ base: held, removals: ['a'] });
    expect(ids(delta(plane.last).upserts)).toEqual(['b']);
  });

  it('gets an empty delta when nothing changed, so that it knows that it is connected', async () => {
    const world = new World();
    await world.put('a');
    const plane = world.plane('sip-1', world.hub.revision);
    expect(delta(plane.last)).toMatchObject({ upserts: [], removals: [], base: world.hub.revision });
  });

  it('gets a snapshot when its revision is too long ago', async () => {
    const world = new World();
    await world.put('a');
    const held = world.hub.revision;
    for (let i = 0; i < 1000; i += 1) await world.put('b', i);
    expect(world.plane('p1', held).last.content?.$case).toBe('delta');
    await world.put('b', 1);
    expect(world.plane('p2', held).last.content?.$case).toBe('snapshot');
  });

  it('gets a snapshot when it claims a revision that was never made', async () => {
    const world = new World();
    await world.put('a');
    expect(world.plane('p1', { lineage: 'now', index: 99 }).last.content?.$case).toBe('snapshot');
  });

  it('from another lineage gets nothing until the start grace is over, then a snapshot of who came back', async () => {
    const world = new World();
    const plane = world.plane('sip-1', { lineage: 'before', index: 40 });
    await world.put('a');
    world.clock.advance(GRACE_MS - 1);
    expect(plane.got).toEqual([]);
    world.clock.advance(1);
    expect(ids(snapshot(plane.last).nodes)).toEqual(['a']);
    expect(world.plane('sip-2', { lineage: 'before', index: 40 }).got).toHaveLength(1);
  });

  it('and leaves while it waits is sent nothing', () => {
    const world = new World();
    const plane = world.plane('sip-1', { lineage: 'before', index: 40 });
    plane.leave();
    world.clock.advance(2 * GRACE_MS);
    expect(plane.got).toEqual([]);
    expect(world.clock.pending).toBe(0);
  });
});

describe('a plane that does not answer', () => {
  it('is lagging after 10 s and cut after 60 s', () => {
    const world = new World();
    const plane = world.plane();
    world.clock.advance(9999);
    expect(world.status()?.lagging).toBe(false);
    world.clock.advance(1);
    expect(world.status()?.lagging).toBe(true);
    world.clock.advance(49_999);
    expect(plane.silent).toBe(0);
    world.clock.advance(1);
    expect(plane.silent).toBe(1);
  });

  it('lags no more once it answers', () => {
    const world = new World();
    const plane = world.plane();
    world.clock.advance(20_000);
    plane.ack();
    expect(world.status()?.lagging).toBe(false);
    world.clock.advance(120_000);
    expect(plane.silent).toBe(0);
  });

  it.each([0, 2])('is refused with the wrong nonce %i', (nonce) => {
    const plane = new World().plane();
    expect(() => plane.subscription.ack(nonce)).toThrow(expect.objectContaining({ reason: 'OUT_OF_ORDER' }));
  });

  it('is refused an answer to nothing', () => {
    const plane = new World().plane();
    plane.ack();
    expect(() => plane.ack()).toThrow(expect.objectContaining({ reason: 'OUT_OF_ORDER' }));
  });
});

describe('planes', () => {
  it('are known after they leave', () => {
    const world = new World();
    world.plane().leave();
    expect(world.status()).toMatchObject({ planeId: 'sip-1', connected: false });
  });

  it('under one id replace each other', async () => {
    const world = new World();
    const old = world.plane('sip-1', undefined, 'i1');
    const young = world.plane('sip-1', undefined, 'i2');
    expect([old.replaced, young.replaced]).toEqual([1, 0]);
    old.leave();
    young.ack();
    await world.put('a');
    expect([old.got.length, young.got.length]).toEqual([1, 2]);
    expect(world.status()).toMatchObject({ connected: true, incarnation: 'i2' });
  });

  it('must have a name', () => {
    expect(() => new World().plane('a b')).toThrow(expect.objectContaining({ reason: 'INVALID' }));
  });
});
