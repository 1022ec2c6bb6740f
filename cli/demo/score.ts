import type { NodeStatus } from '../../proto';
import { contractWord } from '../contract-word';
import { count, table } from '../output';
import type { ToyNode } from './toy-node';
import type { Tally } from './traffic';

/** Who got what at one moment. */
export interface Score {
  readonly nodes: readonly {
    readonly nodeId: string;
    readonly protocol: string;
    readonly state: string;
    /** At the planes now. */
    readonly sessions: number;
    /** Forwarded by the planes, as they report it. */
    readonly requests: number;
    /** Calls, pages, echoes or messages that the node itself has answered. */
    readonly answered: number;
  }[];
  readonly traffic: readonly Readonly<Tally>[];
}

export function scoreOf(toys: readonly ToyNode[], statuses: readonly NodeStatus[], tallies: readonly Tally[]): Score {
  const nodes = toys.map((toy) => {
    const status = statuses.find(({ node }) => node?.nodeId === toy.id);
    return {
      nodeId: toy.id,
      protocol: toy.protocol,
      state: status === undefined ? 'GONE' : contractWord(status.node?.state),
      sessions: status?.activeSessions ?? 0,
      requests: status?.requests ?? 0,
      answered: toy.answered,
    };
  });
  return { nodes, traffic: tallies.map((tally) => ({ ...tally })) };
}

export function scoreText({ nodes, traffic }: Score): string {
  const perNode = table(
    ['NODE', 'PROTOCOL', 'STATE', 'SESSIONS', 'REQUESTS', 'ANSWERED'],
    nodes.map((node) => [
      node.nodeId,
      node.protocol,
      node.state,
      count(node.sessions),
      count(node.requests),
      count(node.answered),
    ]),
  );
  const perKind = table(
    ['TRAFFIC', 'SENT', 'ANSWERED', 'FAILED'],
    traffic.map(({ kind, sent, answered, failed }) => [kind, count(sent), count(answered), count(failed)]),
  );
  return `${perNode}\n\n${perKind}`;
}

/** What went wrong, one sentence each; empty when every request was answered and every node had its part. */
export function problemsOf({ nodes, traffic }: Score): string[] {
  return [
    ...traffic.filter(({ failed }) => failed > 0).map(({ kind, failed }) => `${failed} ${kind} failed`),
    ...traffic.filter(({ answered }) => answered === 0).map(({ kind }) => `no ${kind} were answered`),
    ...nodes.filter(({ answered }) => answered === 0).map(({ nodeId }) => `${nodeId} got nothing`),
  ];
}
