import { randomUUID } from 'node:crypto';
import { startNodeAgent } from '../../node-agent';
import { systemClock } from '../../runtime/clock';
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
}

/** `triplane node`: registers and stays until a signal, then gives the lease up. Ends with REQUEST_REFUSED if the node is never acceptable. */
export async function runNode(globals: Globals, options: RunNodeOptions): Promise<void> {
  const { cluster, log, telemetry: settings } = await configOf(globals);
  const incarnation = randomUUID();
  const node = nodeOf(options, incarnation);
  const logger = createLogger({ name: 'node', ...log });
  const telemetry = await startTelemetry({
    serviceName: 'triplane-node',
    instanceId: incarnation,
    traceRatio: settings.traceRatio,
    env: process.env,
  });
  const agent = startNodeAgent({
    node,
    controlPlanes: cluster.controlPlanes,
    insecure: cluster.insecure,
    logger,
    telemetry,
    clock: systemClock,
    random: systemRandom,
    onState: (value) => {
      const state = contractWord(value);
      if (globals.json) printJsonLine({ node: node.nodeId, state });
      else printText(`${node.nodeId}: ${state}`);
    },
    onRefused: (reason) => {
      const where = cluster.controlPlanes.join(', ');
      exitWithLine(new TriplaneError('REQUEST_REFUSED', `${where} does not take node ${node.nodeId}: ${reason}`));
    },
  });
  // Between two tries nothing else keeps the process alive.
  const hold = setInterval(() => {}, 60_000);
  onStopSignal(
    async () => {
      await agent.close((options.drainTimeout ?? 0) * 1000);
      await telemetry.close();
      clearInterval(hold);
      process.exit(0);
    },
    () => process.exit(1),
  );
}
