import { NodeState, Protocol, Transport, type Node } from '../../../../proto';
import { seededRandom } from '../../../support/seeded-random';
import { DeciderFixture } from '../../../support/sip-decider';
import { testNode } from '../../../support/fake-core';
import { header, request } from '../../../support/sip-messages';

const TRANSACTIONS = 100_000;
const STEP_MS = 2;
const RULE_MS = 32_000;
const CHANGE_EVERY = 400;
const FOLLOW_UPS = ['INVITE', 'CANCEL', 'ACK', 'INVITE'];

interface Transaction {
  readonly n: number;
  readonly bornMs: number;
  node: string;
}

/** Nodes that come, go, drain and change weight by chance; some always serve. */
class Cluster {
  readonly nodes = new Map<string, Node>();
  readonly #random: () => number;
  #born = 0;

  constructor(random: () => number) {
    this.#random = random;
    for (let i = 0; i < 6; i += 1) this.#join();
  }

  change(): void {
    const ids = [...this.nodes.keys()];
    const id = ids[Math.floor(this.#random() * ids.length)] ?? '';
    const node = this.nodes.get(id);
    const dice = this.#random();
    if (dice < 0.15 && ids.length > 4) this.nodes.delete(id);
    else if (dice < 0.3 && ids.length < 10) this.#join();
    else if (node !== undefined) {
      const draining = dice < 0.45 && node.state === NodeState.ACTIVE && this.#active() > 2;
      const state = draining ? NodeState.DRAINING : NodeState.ACTIVE;
      this.nodes.set(id, { ...node, state, weight: 1 + Math.floor(this.#random() * 300) });
    }
  }

  #active(): number {
    return [...this.nodes.values()].filter(({ state }) => state === NodeState.ACTIVE).length;
  }

  #join(): void {
    this.#born += 1;
    const host = `10.1.${Math.floor(this.#born / 250)}.${this.#born % 250}`;
    const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host, port: 5060 };
    this.nodes.set(`n${this.#born}`, testNode(`n${this.#born}`, [endpoint], { weight: 100 }));
  }
}

const message = (n: number, method: string): string =>
  request({ method, callId: `t${n}`, via: `UDP 192.0.2.1:5060;branch=z9hG4bKt${n}`, cseq: `1 ${method}` });

it('retransmissions, CANCEL and ACK stay with their INVITE for 32 s, over 100 000 transactions while weights and nodes change', () => {
  const random = seededRandom(11);
  const cluster = new Cluster(random);
  const plane = new DeciderFixture([...cluster.nodes.values()], { remembered: 60_000 });
  const young: Transaction[] = [];
  const strayed: string[] = [];
  let [oldest, checked, moved, changes] = [0, 0, 0, 0];

  const follow = (transaction: Transaction): void => {
    const method = FOLLOW_UPS[Math.floor(random() * FOLLOW_UPS.length)] ?? 'INVITE';
    const node = plane.nodeOf(message(transaction.n, method)) ?? 'none';
    checked += 1;
    if (node === transaction.node) return;
    // Only a node that is gone may lose it, and then to one stand-in that keeps it.
    if (cluster.nodes.has(transaction.node))
      strayed.push(`${method} of ${transaction.n}: ${transaction.node} -> ${node}`);
    moved += 1;
    if (method !== 'ACK') transaction.node = node;
  };

  for (let n = 0; n < TRANSACTIONS; n += 1) {
    const nowMs = plane.clock.now();
    young.push({ n, bornMs: nowMs, node: plane.nodeOf(message(n, 'INVITE')) ?? 'none' });
    while (nowMs - (young[oldest]?.bornMs ?? nowMs) >= RULE_MS - STEP_MS) oldest += 1;
    for (let i = 0; i < 2; i += 1) {
      const transaction = young[oldest + Math.floor(random() * (young.length - oldest))];
      if (transaction !== undefined) follow(transaction);
    }
    plane.clock.advance(STEP_MS);
    if (n % 500 === 0) plane.memory.expire(plane.clock.now());
    if (n % CHANGE_EVERY !== 0) continue;
    cluster.change();
    changes += 1;
    plane.core.setNodes([...cluster.nodes.values()]);
  }
  expect(strayed).toEqual([]);
  expect(checked).toBe(2 * TRANSACTIONS);
  expect(changes).toBe(TRANSACTIONS / CHANGE_EVERY);
  // Nodes did go, and most of what was followed up did not move.
  expect(moved).toBeGreaterThan(100);
  expect(moved).toBeLessThan(checked / 4);
}, 180_000);

it('the branch towards the node is the same for all of them', () => {
  const random = seededRandom(12);
  const cluster = new Cluster(random);
  const plane = new DeciderFixture([...cluster.nodes.values()]);
  const branch = (n: number, method: string): string =>
    /;branch=([^;]+)/.exec(header(plane.forward(message(n, method)), 'Via'))?.[1] ?? '';
  for (let n = 0; n < 300; n += 1) {
    const first = branch(n, 'INVITE');
    for (const [id, node] of cluster.nodes) cluster.nodes.set(id, { ...node, weight: 1 + Math.floor(random() * 300) });
    plane.core.setNodes([...cluster.nodes.values()]);
    expect(FOLLOW_UPS.map((method) => branch(n, method))).toEqual(FOLLOW_UPS.map(() => first));
  }
});
