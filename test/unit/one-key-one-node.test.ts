import { Router } from '../../http-plane/routing';
import { Endpoint, Protocol, Transport, type Node } from '../../proto';
import { FakeClock } from '../support/fake-clock';
import { fakeCore, testNode } from '../support/fake-core';
import { DeciderFixture } from '../support/sip-decider';
import { request } from '../support/sip-messages';

/** The guides' headline: a call and the web session beside it, with one affinity key, meet on one node. Both planes' own code decides. */
const KEYS = Array.from({ length: 1000 }, (_, i) => `room-${i * 37}`);

/** Ten nodes that serve SIP and HTTP. */
const nodes = (): Node[] =>
  Array.from({ length: 10 }, (_, i) =>
    testNode(`app${i}`, [
      Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: `10.0.0.${10 + i}`, port: 5060 }),
      Endpoint.create({ protocol: Protocol.HTTP, transport: Transport.TCP, host: `10.0.0.${10 + i}`, port: 8080 }),
    ]),
  );

let calls = 0;

/** The first INVITE of a new call for the key. */
function callFor(key: string): string {
  calls += 1;
  const via = `UDP 192.0.2.1:5060;branch=z9hG4bK${calls};rport`;
  return request({ to: `<sip:${key}@example.com>`, callId: `call-${calls}`, via });
}

/** Which node each plane chooses for every key. */
function choices(alive: readonly Node[]): { sip: string[]; http: string[] } {
  const sip = new DeciderFixture(alive, { affinityHeader: 'To' });
  const web = fakeCore(Protocol.HTTP, alive, new FakeClock());
  const router = new Router(web, { affinityKey: 'appsession' });
  for (const core of [sip.core, web]) core.setAlgorithm('header-hash');
  return {
    sip: KEYS.map((key) => sip.nodeOf(callFor(key)) ?? ''),
    http: KEYS.map((key) => router.choose({ target: `/join?a=b&appsession=${key}`, cookies: [] })?.id ?? ''),
  };
}

test('1 000 keys meet on one node each, spread over all ten', () => {
  const { sip, http } = choices(nodes());
  expect(sip).toEqual(http);
  const shares = nodes().map(({ nodeId }) => sip.filter((id) => id === nodeId).length);
  expect(Math.min(...shares)).toBeGreaterThan(60);
});

test('removing one node of ten moves its keys alone, and both planes move them alike', () => {
  const before = choices(nodes());
  const after = choices(nodes().filter(({ nodeId }) => nodeId !== 'app3'));
  expect(after.sip).toEqual(after.http);
  const moved = KEYS.filter((_, i) => before.sip[i] !== after.sip[i]);
  expect(moved).toEqual(KEYS.filter((_, i) => before.sip[i] === 'app3'));
  expect(moved.length).toBeGreaterThan(60);
});
