import type { Node } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { StaticNodeConfig } from '../../runtime/config';
import type { Logger } from '../../runtime/logger';
import { startProber, type ProberOptions } from '../../runtime/probe';
import type { Registry } from '../registry';
import { nodeFromConfig } from './node-from-config';

export interface StaticNodesOptions {
  readonly nodes: readonly StaticNodeConfig[];
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests; default the probes of the protocols. */
  readonly probes?: ProberOptions['probes'];
}

/** Again and again: an operator may have removed or resumed it meanwhile, or the control plane that spoke for it died. */
const PLACE_EVERY_MS = 2000;

/** Keeps the nodes of the configuration in the registry: ACTIVE while their ports answer, else SUSPECT. Returns what ends that. */
export function startStaticNodes(options: StaticNodesOptions): () => void {
  const stops = options.nodes.map((config) => follow(config, options));
  return () => {
    for (const stop of stops) stop();
  };
}

function follow(config: StaticNodeConfig, { registry, clock, logger, probes }: StaticNodesOptions): () => void {
  const node: Node = nodeFromConfig(config);
  const { enabled, ...settings } = config.probe;
  // Nothing is sent to a server that has not answered yet.
  let well = !enabled;
  const place = (): void => {
    registry.place(node, well).catch((error: unknown) => {
      logger.error({ err: error, node: node.nodeId }, 'cannot place a node of the configuration');
    });
  };
  place();
  const timer = clock.every(PLACE_EVERY_MS, place);
  if (!enabled) return () => timer.cancel();
  const prober = startProber({
    ...settings,
    endpoints: node.endpoints,
    clock,
    ...(probes && { probes }),
    onChange: (answers, reason) => {
      if (!answers) logger.warn({ node: node.nodeId, reason }, 'node of the configuration does not answer');
      well = answers;
      place();
    },
  });
  return () => {
    timer.cancel();
    prober.close();
  };
}
