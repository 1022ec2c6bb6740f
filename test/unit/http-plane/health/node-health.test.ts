import { NodeHealth } from '../../../../http-plane/health';
import { Protocol } from '../../../../proto';
import { loadConfig, type HttpConfig } from '../../../../runtime/config';
import type { PlaneNode } from '../../../../data-plane';
import { FakeClock } from '../../../support/fake-clock';
import { fakeCore, type FakeCore } from '../../../support/fake-core';
import { httpNode } from '../../../support/http-plane-fixture';

let clock: FakeClock;
let core: FakeCore;
let health: NodeHealth;

function start(count: number, overrides: Partial<HttpConfig> = {}): void {
  clock = new FakeClock();
  const nodes = Array.from({ length: count }, (_, i) => httpNode(`app${i}`, 80));
  core = fakeCore(Protocol.HTTP, nodes, clock);
  const { balancer, logger, counters } = core;
  const deps = { balancer, logger, counters, clock, nodeCount: () => core.table.nodes.length };
  health = new NodeHealth({ ...loadConfig().http, ...overrides }, deps);
}

const node = (i: number): PlaneNode => core.table.get(`app${i}`) as PlaneNode;
const fail = (i: number, times = 5): void => {
  for (let n = 0; n < times; n += 1) health.answered(node(i), 500, '/');
};
/** Ids that still get new work. */
const chosen = (): string[] =>
  [...new Set(Array.from({ length: 40 }, (_, i) => core.balancer.choose('default', `k${i}`)?.id ?? ''))].toSorted();

test('five failures in a row eject a node, which comes back after 30 s', () => {
  start(3);
  fail(1, 4);
  expect(chosen()).toEqual(['app0', 'app1', 'app2']);
  fail(1, 1);
  expect(chosen()).toEqual(['app0', 'app2']);
  clock.advance(30_001);
  expect(chosen()).toContain('app1');
});

test('a good answer between failures starts the count anew', () => {
  start(3);
  fail(1, 4);
  health.answered(node(1), 404, '/');
  fail(1, 4);
  expect(chosen()).toContain('app1');
});

test('a node that fails again soon is away longer', () => {
  start(3);
  fail(1);
  clock.advance(31_000);
  fail(1);
  clock.advance(31_000);
  expect(chosen()).not.toContain('app1');
  clock.advance(30_000);
  expect(chosen()).toContain('app1');
});

test('connections refused and broken answers count as 5xx do', () => {
  start(3);
  for (let n = 0; n < 5; n += 1) health.failed(node(2));
  expect(chosen()).toEqual(['app0', 'app1']);
});

test('one node in ten is ejected at most, and never the last usable one', () => {
  start(3);
  for (const i of [0, 1, 2]) fail(i);
  expect(chosen()).toHaveLength(2);
  start(1);
  fail(0, 50);
  expect(chosen()).toEqual(['app0']);
});

test('ejection can be switched off', () => {
  start(3, { ejection: { after: 0, baseMs: 1000, maxPercent: 10 } });
  fail(1, 50);
  expect(chosen()).toHaveLength(3);
});

test('the request check pattern ejects at the first answer of 400 or more', () => {
  start(3, { requestCheckPattern: '/Accounts/' });
  health.answered(node(0), 404, '/other');
  expect(chosen()).toHaveLength(3);
  health.answered(node(0), 400, '/restcomm/2012-04-24/Accounts/AC1');
  expect(chosen()).toEqual(['app1', 'app2']);
});
