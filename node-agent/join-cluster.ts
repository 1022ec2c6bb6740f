import { randomUUID } from 'node:crypto';
import { Node } from '../proto';
import { systemClock } from '../runtime/clock';
import { silentLogger } from '../runtime/logger';
import { systemRandom } from '../runtime/random';
import { noTelemetry } from '../runtime/telemetry';
import { startNodeAgent, type NodeAgent, type NodeAgentOptions } from './node-agent';

/** What an application says of itself; everything else of NodeAgentOptions has a default: no TLS, no log, no spans, the machine's clock. */
export interface JoinOptions extends Partial<Omit<NodeAgentOptions, 'node' | 'controlPlanes'>> {
  /** At least `nodeId` and `endpoints`; the incarnation is made up. */
  readonly node: Pick<Node, 'nodeId' | 'endpoints'> & Partial<Node>;
  /** As of NodeAgentOptions. */
  readonly controlPlanes: NodeAgentOptions['controlPlanes'];
}

/** The short way into a cluster for an application: registers it and keeps it alive until closed. Throws as startNodeAgent does. */
export function joinCluster({ node, ...options }: JoinOptions): NodeAgent {
  return startNodeAgent({
    insecure: false,
    logger: silentLogger(),
    telemetry: noTelemetry,
    clock: systemClock,
    random: systemRandom,
    ...options,
    node: { ...Node.create({ incarnation: randomUUID() }), ...node },
  });
}
