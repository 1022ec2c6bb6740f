import { randomUUID } from 'node:crypto';
import { startNodeAgent, startProbedNode, type NodeAgentOptions, type ProbedNode } from '../../node-agent';
import { systemClock } from '../../runtime/clock';
import { openControlPlanes } from '../../runtime/discovery';
import { TriplaneError } from '../../runtime/errors';
import { exitWithLine } from '../../runtime/lifecycle';
import { createLogger } from '../../runtime/logger';
import { systemRandom } from '../../runtime/random';
import { startTelemetry } from '../../runtime/telemetry';
import { contractWord } from '../contract-word';
import { configOf, type Globals } from '../globals';
import { printJsonLine, printText } from '../output';
import { onStopSignal } from '../stop-signal';
import { nodeOf, type NodeOptions } from './node-options';

export interface RunNodeOptions extends NodeOptions {
  /** Seconds that the node is kept DRAINING after a signal; undefined: it is removed at once. */
  readonly drainTimeout?: number;
  readonly probe?: boolean;
  readonly probePath?: string;
  /** Ms. */
  readonly probeInterval?: number;
  /** Ms. */
  readonly probeTimeout?: number;
}

/** `triplane node`: registers and stays until a signal, then gives the lease up. Ends with REQUEST_REFUSED if the node is never acceptable. */
export async function runNode(globals: Globals, options: RunNodeOptions): Promise<void> {
  const { cluster, log, telemetry: settings } = await configOf(globals);
  const node = nodeOf(options, randomUUID());
  const telemetry = await startTelemetry({
    serviceName: 'triplane-node',
    instanceId: node.incarnation,
    traceRatio: settings.traceRatio,
    env: process.env,
  });
  const logger = createLogger({ name: 'node', ...log });
  const shared = { logger, clock: systemClock, random: systemRandom };
  const controlPlanes = await openControlPlanes(cluster, shared);
  const agent = start(options, {
    ...shared,
    node,
    controlPlanes,
    insecure: cluster.insecure,
    tls: cluster.tls,
    serverName: cluster.serverName,
    tokenFile: cluster.tokenFile,
    telemetry,
    onState: (state) => printState(globals, node.nodeId, contractWord(state)),
    onRefused: (reason) => {
      const where = controlPlanes.addresses.join(', ');
      exitWithLine(new TriplaneError('REQUEST_REFUSED', `${where} does not take node ${node.nodeId}: ${reason}`));
    },
  });
  stayUntilSignal(async () => {
    await agent.close((options.drainTimeout ?? 0) * 1000);
    await Promise.all([controlPlanes.close(), telemetry.close()]);
  });
}

function start(options: RunNodeOptions, agent: NodeAgentOptions): Pick<ProbedNode, 'close'> {
  if (options.probe !== true) return startNodeAgent(agent);
  const { probePath: path = '/', probeInterval: intervalMs = 2000, probeTimeout: timeoutMs = 1000 } = options;
  return startProbedNode({ ...agent, probe: { path, intervalMs, timeoutMs }, newIncarnation: randomUUID });
}

function printState({ json }: Globals, nodeId: string, state: string): void {
  if (json) printJsonLine({ nodeId, state });
  else printText(`${nodeId}: ${state}`);
}

function stayUntilSignal(leave: () => Promise<void>): void {
  // Between two tries nothing else keeps the process alive.
  const hold = setInterval(() => {}, 60_000);
  onStopSignal(
    async () => {
      await leave();
      clearInterval(hold);
      process.exit(0);
    },
    () => process.exit(1),
  );
}
