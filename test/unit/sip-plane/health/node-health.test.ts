import { NodeState, Protocol, Transport } from '../../../../proto';
import { NodeHealth, type HealthSettings } from '../../../../sip-plane/health';
import type { PlaneNode } from '../../../../data-plane';
import { FakeClock } from '../../../support/fake-clock';
import { fakeCore, testNode, type FakeCore } from '../../../support/fake-core';
import { sipConfig } from '../../../support/sip-plane-fixture';

const ids = ['app1', 'app2', 'app3', 'app4'];

interface Fixture {
  readonly clock: FakeClock;
  readonly core: FakeCore;
  readonly health: NodeHealth;
  node(id?: string): PlaneNode;
  fail(times: number, status?: number): void;
  isFresh(id?: string): boolean;
  keeps(id?: string): boolean;
}

function fixture(change: Partial<HealthSettings> = {}): Fixture {
  const clock = new FakeClock();
  const core = fakeCore(Protocol.SIP, ids.map(nodeOf), clock);
  const health = new NodeHealth(core, { ...sipConfig().health, ...change });
  const node = (id = 'app1'): PlaneNode => core.table.get(id) as PlaneNode;
  return {
    clock,
    core,
    health,
    node,
    fail(times, status = 503) {
      for (let i = 0; i < times; i += 1) health.responded(node(), status, clock.now());
    },
    isFresh: (id) => core.table.takesNewWork(node(id), clock.now()),
    keeps: (id) => core.table.keepsOldWork(node(id), clock.now()),
  };
}

function nodeOf(id: string, index: number): ReturnType<typeof testNode> {
  const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: `10.0.0.${index + 1}`, port: 5060 };
  return testNode(id, [endpoint], { state: NodeState.ACTIVE });
}

/** So many requests go to the node. */
function ask(plane: Fixture, times: number): void {
  for (let i = 0; i < times; i += 1) plane.health.requested(plane.node(), plane.clock.now());
}

describe('failure codes', () => {
  it('one more than maxFailures in the window keeps new calls away, and old ones go on', () => {
    const plane = fixture();
    plane.fail(5);
    expect(plane.isFresh()).toBe(true);
    plane.fail(1);
    expect(plane.isFresh()).toBe(false);
    expect(plane.keeps()).toBe(true);
    expect(plane.core.counters.counter('sip.ejections').value).toBe(1);
  });

  it('codes that are not listed and failures long ago do not count', () => {
    const plane = fixture({ failureWindowMs: 10_000 });
    plane.fail(20, 500);
    plane.fail(5);
    plane.clock.advance(10_001);
    plane.fail(5);
    expect(plane.isFresh()).toBe(true);
    plane.fail(1);
    expect(plane.isFresh()).toBe(false);
  });

  it('other codes may be listed, and none', () => {
    const plane = fixture({ failureCodes: [500, 603] });
    plane.fail(3, 500);
    plane.fail(3, 603);
    expect(plane.isFresh()).toBe(false);
    const never = fixture({ maxFailures: null });
    never.fail(100);
    expect(never.isFresh()).toBe(true);
  });

  it('the node comes back by itself; the next time takes longer, until it was well for a while', () => {
    const plane = fixture({ ejectMs: 1000 });
    const outFor = (): number => {
      plane.fail(6);
      return plane.node().live.ejectedUntilMs - plane.clock.now();
    };
    expect(outFor()).toBe(1000);
    plane.clock.advance(1000);
    expect(plane.isFresh()).toBe(true);
    expect(outFor()).toBe(2000);
    plane.clock.advance(60_000);
    expect(outFor()).toBe(1000);
  });

  it('a new process under the same id starts with a clean sheet', () => {
    const plane = fixture();
    plane.fail(5);
    plane.core.setNodes(ids.map((id, index) => ({ ...nodeOf(id, index), incarnation: 'i2' })));
    plane.fail(5);
    expect(plane.isFresh()).toBe(true);
  });

  it('no more than maxEjectedPercent are out at a time', () => {
    const plane = fixture();
    for (const id of ids) for (let i = 0; i < 6; i += 1) plane.health.responded(plane.node(id), 503, plane.clock.now());
    expect(ids.filter((id) => !plane.isFresh(id))).toHaveLength(2);
  });
});

describe('silence', () => {
  const settings = { maxUnanswered: 10, unansweredMs: 5000 };
  it('many requests without any response for long enough, and the node counts as dead', () => {
    const plane = fixture(settings);
    ask(plane, 11);
    expect(plane.keeps()).toBe(true);
    plane.clock.advance(5001);
    ask(plane, 1);
    expect(plane.keeps()).toBe(false);
    plane.core.balancer.choose('default', 'x');
    plane.clock.advance(30_000);
    plane.core.balancer.choose('default', 'x');
    expect(plane.keeps()).toBe(true);
  });

  it('any response begins it anew, and few requests prove nothing', () => {
    const plane = fixture(settings);
    ask(plane, 10);
    plane.clock.advance(60_000);
    plane.health.responded(plane.node(), 486, plane.clock.now());
    ask(plane, 10);
    plane.clock.advance(5001);
    expect(plane.keeps()).toBe(true);
  });
});

describe('refusals', () => {
  it('three in a row and the node counts as dead; a response in between spares it', () => {
    const plane = fixture();
    const refuse = (times: number): void => {
      for (let i = 0; i < times; i += 1) plane.health.unreachable(plane.node());
    };
    refuse(2);
    plane.health.responded(plane.node(), 200, plane.clock.now());
    refuse(2);
    expect(plane.keeps()).toBe(true);
    refuse(1);
    expect(plane.keeps()).toBe(false);
  });
});

describe('OC-5: 503 with Retry-After', () => {
  it('no new calls for that time, at most for the cap; old ones go on', () => {
    const plane = fixture();
    plane.health.retryAfter(plane.node(), 20, plane.clock.now());
    expect(plane.isFresh()).toBe(false);
    expect(plane.keeps()).toBe(true);
    expect(plane.node().live.ejectedUntilMs - plane.clock.now()).toBe(20_000);
    plane.health.retryAfter(plane.node('app2'), 999_999, plane.clock.now());
    expect(plane.node('app2').live.ejectedUntilMs - plane.clock.now()).toBe(60_000);
  });

  it('a shorter one does not shorten it, and a cap of 0 switches it off', () => {
    const plane = fixture();
    plane.health.retryAfter(plane.node(), 20, plane.clock.now());
    plane.health.retryAfter(plane.node(), 5, plane.clock.now());
    expect(plane.node().live.ejectedUntilMs - plane.clock.now()).toBe(20_000);
    const off = fixture({ maxRetryAfterSeconds: 0 });
    off.health.retryAfter(off.node(), 20, off.clock.now());
    expect(off.isFresh()).toBe(true);
  });
});
