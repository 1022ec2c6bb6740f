import { Protocol, Transport, type Node } from '../../../../proto';
import { testNode } from '../../../support/fake-core';
import { DeciderFixture } from '../../../support/sip-decider';
import { headers, request } from '../../../support/sip-messages';

const CALLS = 60;
const at = (n: number, rest: Partial<Node> = {}): Node =>
  testNode(`app${n}`, [{ protocol: Protocol.SIP, transport: Transport.UDP, host: `10.0.0.1${n}`, port: 5060 }], rest);
const via = (branch: string): string => `UDP 192.0.2.1:5060;branch=z9hG4bK${branch}`;

const invite = (n: number): string => request({ callId: `c${n}`, via: via(`i${n}`) });
const info = (n: number, extra: readonly string[] = []): string =>
  request({ method: 'INFO', callId: `c${n}`, via: via(`f${n}`), to: '<sip:b@x>;tag=1', extra });

/** Sets calls up at one plane, lets app1 die at two, and asks both where its calls go on: the answers, one for each call. */
function afterLoss(
  nodes: readonly Node[],
  algorithm: string,
  parameters: Readonly<Record<string, string>> = {},
  remaining: readonly Node[] = nodes.slice(1),
): (string | undefined)[] {
  const [here, there] = [new DeciderFixture(nodes), new DeciderFixture(nodes)];
  for (const plane of [here, there]) plane.core.setAlgorithm(algorithm, parameters);
  const routes = Array.from({ length: CALLS }, (_, n) => {
    if (here.nodeOf(invite(n)) !== 'app1') return undefined;
    return headers(here.forward(invite(n)), 'Record-Route')
      .toReversed()
      .map((value) => `Route: ${value}`);
  });
  for (const plane of [here, there]) plane.core.setNodes(remaining);
  const answers = routes.flatMap((extra, n) => {
    if (extra === undefined) return [];
    const answer = here.nodeOf(info(n, extra));
    expect(there.nodeOf(info(n, extra))).toBe(answer);
    return [answer];
  });
  expect(answers.length).toBeGreaterThan(5);
  return answers;
}

const distinct = (answers: readonly (string | undefined)[]): string => [...new Set(answers)].toSorted().join();

describe('the calls of a lost node, the same at two planes without a shared store', () => {
  const four = [at(1), at(2), at(3), at(4)];

  it('spread over all others under call-id-affinity', () => {
    expect(distinct(afterLoss(four, 'call-id-affinity'))).toBe('app2,app3,app4');
  });

  it('go to one node with callIdAffinityGroupFailover', () => {
    const answers = afterLoss(four, 'call-id-affinity', { callIdAffinityGroupFailover: 'true' });
    expect(new Set(answers).size).toBe(1);
  });

  it('stay in the group under subcluster-affinity', () => {
    const subclusterMap = '(10.0.0.11, 10.0.0.13, 10.0.0.14)';
    expect(distinct(afterLoss(four, 'subcluster-affinity', { subclusterMap }))).toBe('app3,app4');
  });

  it.each(['call-id-affinity', 'header-hash', 'round-robin'])('stay in the version under %s', (algorithm) => {
    const old = [1, 2, 4].map((n) => at(n, { softwareVersion: '1' }));
    const upgraded = [...old.slice(1), at(3, { softwareVersion: '2' })];
    expect(distinct(afterLoss(old, algorithm, {}, upgraded))).toBe('app2,app4');
    expect(distinct(afterLoss(old, algorithm, { versionPools: 'false' }, upgraded))).toBe('app2,app3,app4');
  });
});

describe('a rolling upgrade', () => {
  it('leaves calls at the old version, takes new ones to the new, and moves lost old calls inside the old', () => {
    const old = [1, 2, 3].map((n) => at(n, { softwareVersion: '1.9' }));
    const all = [...old, at(4, { softwareVersion: '1.10' }), at(5, { softwareVersion: '1.10' })];
    const plane = new DeciderFixture(old);
    plane.core.setAlgorithm('call-id-affinity');
    const first = Array.from({ length: 30 }, (_, n) => plane.nodeOf(invite(n)));
    plane.core.setNodes(all);
    expect(first.map((_, n) => plane.nodeOf(info(n)))).toEqual(first);
    const fresh = Array.from({ length: 30 }, (_, n) => plane.nodeOf(invite(100 + n)));
    expect(distinct(fresh)).toBe('app4,app5');
    plane.core.setNodes(all.slice(1));
    const lost = first.flatMap((id, n) => (id === 'app1' ? [plane.nodeOf(info(n))] : []));
    expect(distinct(lost)).toBe('app2,app3');
  });
});
