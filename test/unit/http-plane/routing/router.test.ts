import { Router } from '../../../../http-plane/routing';
import { AlgorithmCatalog, Assignments, Balancer } from '../../../../data-plane';
import { NodeState, Protocol, SessionMove, type Node } from '../../../../proto';
import { FakeClock } from '../../../support/fake-clock';
import { fakeCore, type FakeCore } from '../../../support/fake-core';
import { httpNode } from '../../../support/http-plane-fixture';

const IDS = ['app1', 'app2', 'app3'];
const clock = new FakeClock();
let core: FakeCore;
let router: Router;

function useNodes(nodes: readonly Node[]): void {
  core = fakeCore(Protocol.HTTP, nodes, clock);
  router = new Router(core, { affinityKey: 'appsession', stickyCookie: 'LB' });
}

const nodes = (states: Readonly<Record<string, NodeState>> = {}): readonly Node[] =>
  IDS.map((id) => httpNode(id, 8080, { state: states[id] ?? NodeState.ACTIVE }));

const choose = (target: string, ...cookies: string[]): string | undefined => router.choose({ target, cookies })?.id;

beforeEach(() => useNodes(nodes()));

test('the jvmRoute of the session id names the node', () => {
  for (const id of IDS) {
    expect(choose('/', `JSESSIONID=x.${id}`)).toBe(id);
    expect(choose(`/;jsessionid=a.b.${id}`)).toBe(id);
    expect(choose(`/?jsessionid=x.${id}`)).toBe(id);
  }
});

test('a jvmRoute that the node chose itself is found', () => {
  useNodes([httpNode('app1', 8080, { jvmRoute: 'worker-a' }), httpNode('app2', 8080, { jvmRoute: 'worker-b' })]);
  expect(choose('/', 'JSESSIONID=x.worker-b')).toBe('app2');
});

test('the first session id whose owner lives counts', () => {
  expect(choose('/', 'JSESSIONID=x.gone; JSESSIONID=y.app3')).toBe('app3');
});

test('a draining node keeps its sessions and gets no new ones', () => {
  core.setNodes(nodes({ app1: NodeState.DRAINING }));
  expect(choose('/', 'JSESSIONID=x.app1')).toBe('app1');
  for (let i = 0; i < 50; i += 1) expect(choose('/')).not.toBe('app1');
});

test('the sessions of a dead node go to one stand-in each, spread over the others', () => {
  core.setNodes(nodes().slice(1));
  const standIns = new Set<string | undefined>();
  for (let i = 0; i < 100; i += 1) {
    const standIn = choose('/', `JSESSIONID=s${i}.app1`);
    expect(choose('/', `JSESSIONID=s${i}.app1`)).toBe(standIn);
    standIns.add(standIn);
  }
  expect([...standIns].toSorted()).toEqual(['app2', 'app3']);
});

test('a session id without jvmRoute sticks by its hash, whatever the algorithm', () => {
  const seen = new Set<string | undefined>();
  for (let i = 0; i < 100; i += 1) {
    const node = choose('/', `JSESSIONID=s${i}`);
    for (let again = 0; again < 3; again += 1) expect(choose('/', `JSESSIONID=s${i}`)).toBe(node);
    seen.add(node);
  }
  expect(seen.size).toBe(3);
});

test('a SUSPECT owner is used only while something was heard from it within the lease', () => {
  core.setNodes(nodes({ app1: NodeState.SUSPECT }));
  const before = choose('/', 'JSESSIONID=x.app1');
  expect(before).not.toBe('app1');
  (core.table.get('app1') as { live: { heardAtMs: number } }).live.heardAtMs = clock.now();
  expect(choose('/', 'JSESSIONID=x.app1')).toBe('app1');
  clock.advance(6001);
  expect(choose('/', 'JSESSIONID=x.app1')).toBe(before);
});

test('the affinity key decides by header-hash as it does for SIP', () => {
  core.setAlgorithm('header-hash');
  const sip = fakeCore(Protocol.HTTP, nodes());
  sip.setAlgorithm('header-hash');
  for (let i = 0; i < 200; i += 1) {
    const wanted = sip.balancer.choose('default', `user${i}@example.com`)?.id;
    expect(choose(`/page?appsession=user${i}%40example.com`)).toBe(wanted);
  }
});

test('an assigned session beats the affinity key', () => {
  core.setAlgorithm('header-hash');
  for (const id of IDS) expect(choose('/?appsession=one', `JSESSIONID=x.${id}`)).toBe(id);
});

test('a Restcomm instance id in the path names the node that registered it', () => {
  const instance = `ID${'0123456789abcdef'.repeat(2)}`;
  useNodes([httpNode('app1', 1), httpNode('app2', 1, { labels: new Map([['Restcomm-Instance-Id', instance]]) })]);
  for (let i = 0; i < 5; i += 1) {
    expect(choose(`/restcomm/2012-04-24/Accounts/AC1/Calls/${instance}-CA1`)).toBe('app2');
  }
});

test('without any key the algorithm goes round', () => {
  expect(new Set([choose('/'), choose('/'), choose('/')]).size).toBe(3);
});

test('no node, no choice', () => {
  core.setNodes([]);
  expect(choose('/')).toBeUndefined();
  expect(choose('/', 'JSESSIONID=x.app1')).toBeUndefined();
});

test('instead of a node that failed another one is named, or none', () => {
  const failed = core.table.get('app2');
  expect(failed && router.instead(failed)?.id).not.toBe('app2');
  core.setNodes(nodes().slice(1, 2));
  expect(failed && router.instead(failed)).toBeUndefined();
});

test('the cookie of our own holds a client, and is set when it is missing or names another node', () => {
  const node = core.table.get('app2');
  if (node === undefined) throw new Error('no such node');
  for (let i = 0; i < 5; i += 1) expect(choose('/', 'a=1; LB=app2; b=2')).toBe('app2');
  expect(router.cookieFor({ target: '/', cookies: ['LB=app2'] }, node)).toBe('');
  const line = 'Set-Cookie: LB=app2; Path=/; HttpOnly\r\n';
  expect(router.cookieFor({ target: '/', cookies: [] }, node)).toBe(line);
  expect(router.cookieFor({ target: '/', cookies: ['LB=gone'] }, node)).toBe(line);
});

test('a jvmRoute beats our own cookie, and a cookie of a node that is gone is nothing', () => {
  expect(choose('/', 'LB=app1; JSESSIONID=x.app3')).toBe('app3');
  expect(new Set([1, 2, 3].map(() => choose('/', 'LB=gone'))).size).toBe(3);
});

describe('sessions that were handed over', () => {
  const assignments = new Assignments(clock);

  beforeEach(() => {
    const catalog = new AlgorithmCatalog();
    const balancer = new Balancer(core.table, { catalog, clock, random: () => 0.5, assignments });
    router = new Router({ table: core.table, balancer }, { affinityKey: 'appsession' });
  });

  test('go where their node handed them, also when it is gone', () => {
    assignments.takeMove(SessionMove.create({ fromNodeId: 'app1', toNodeId: 'app3' }));
    assignments.takeMove(SessionMove.create({ fromNodeId: 'gone', toNodeId: 'app2' }));
    for (let i = 0; i < 20; i += 1) {
      expect(choose('/', `JSESSIONID=s${i}.app1`)).toBe('app3');
      expect(choose('/', `JSESSIONID=s${i}.gone`)).toBe('app2');
      expect(choose('/', `JSESSIONID=s${i}.app2`)).toBe('app2');
    }
  });
});
