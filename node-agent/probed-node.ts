import { startNodeAgent, type NodeAgent, type NodeAgentOptions } from './node-agent';
import { startProber, type Prober, type ProbeSettings } from '../runtime/probe';

export interface ProbedNodeOptions extends NodeAgentOptions {
  readonly probe: ProbeSettings & {
    /** Between two rounds, ms. */
    readonly intervalMs: number;
  };
  /** A new incarnation for each time that the server comes back. */
  readonly newIncarnation: () => string;
}

/** A node that is registered exactly while its server answers probes. */
export interface ProbedNode {
  /** Gives the lease up, if there is one; a drain time as of NodeAgent. Idempotent. */
  close(drainTimeoutMs?: number): Promise<void>;
}

/** Registers the node when its server answers, gives the lease up when it does not, until closed. */
export function startProbedNode(options: ProbedNodeOptions): ProbedNode {
  return new ServerWatch(options);
}

class ServerWatch implements ProbedNode {
  readonly #options: ProbedNodeOptions;
  readonly #prober: Prober;
  #agent: NodeAgent | undefined;
  /** Leases are given up one after the other, and before the next is asked for. */
  #last: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: ProbedNodeOptions) {
    this.#options = options;
    const { probe, node, clock } = options;
    this.#prober = startProber({
      ...probe,
      endpoints: node.endpoints,
      clock,
      onChange: (well, reason) => this.#changed(well, reason),
    });
  }

  close(drainTimeoutMs = 0): Promise<void> {
    this.#closing ??= this.#close(drainTimeoutMs);
    return this.#closing;
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    this.#prober.close();
    await this.#last;
    await this.#agent?.close(drainTimeoutMs);
  }

  #changed(well: boolean, reason: string): void {
    const { logger, node } = this.#options;
    if (well) logger.info({ node: node.nodeId }, 'server answers, registering');
    else logger.warn({ node: node.nodeId, reason }, 'server does not answer, giving the lease up');
    this.#last = this.#follow(well, this.#last);
  }

  async #follow(well: boolean, before: Promise<void>): Promise<void> {
    await before;
    if (!well) {
      await this.#agent?.close();
      this.#agent = undefined;
    } else if (this.#closing === undefined) {
      const node = { ...this.#options.node, incarnation: this.#options.newIncarnation() };
      this.#agent = startNodeAgent({ ...this.#options, node });
    }
  }
}
