import type { Node, SipHeartbeat } from '../../proto';
import type { Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import type { Registry } from '../registry';
import { withDistinctId } from './distinct-id';
import { nodeFromProperties } from './node-from-properties';

export interface SipHeartbeatOptions {
  readonly registry: Registry;
  readonly counters: Counters;
  readonly logger: Logger;
  /** How long a node that says GRACEFUL_SHUTDOWN may finish its sessions, ms. */
  readonly drainTimeoutMs: number;
}

const SOURCE = 'sip';

/** Keeps nodes alive that send SIP heartbeats (guides, third-party servers): the first registers, later ones renew, a changed one updates. */
export class SipHeartbeats {
  readonly #options: SipHeartbeatOptions;

  constructor(options: SipHeartbeatOptions) {
    this.#options = options;
  }

  /** Never throws: what cannot be used is counted. */
  async take(heartbeat: SipHeartbeat, traceparent: string): Promise<void> {
    const { sourceHost, sourcePort, properties } = heartbeat;
    const described = nodeFromProperties({ sourceHost, sourcePort, properties });
    if (described === undefined) {
      this.#count('rejected');
      return;
    }
    const node = withDistinctId(described, this.#options.registry);
    try {
      if (isLeaving(properties)) await this.#leave(node.nodeId, traceparent);
      else await this.#register(node, traceparent);
    } catch (error) {
      this.#count('rejected');
      this.#options.logger.debug({ err: error, node: node.nodeId }, 'SIP heartbeat refused');
    }
  }

  async #register(node: Node, traceparent: string): Promise<void> {
    const { registry } = this.#options;
    const known = registry.get(node.nodeId);
    const living = known?.lease !== undefined && !known.lease.expired;
    // A node that registers by itself knows better than its SIP stack.
    if (known !== undefined && known.record.source !== SOURCE && living) {
      this.#count('ignored');
      return;
    }
    const peerHost = node.endpoints[0]?.host ?? '';
    await registry.register({ node, peerHost, source: SOURCE, traceparent });
    this.#count('taken');
  }

  /** Said again and again while the node finishes; the first time counts. */
  async #leave(nodeId: string, traceparent: string): Promise<void> {
    const { registry, drainTimeoutMs } = this.#options;
    const known = registry.get(nodeId);
    if (known?.record.source !== SOURCE || known.lease === undefined) return;
    await registry.deregister(known.lease.id, drainTimeoutMs, traceparent);
    this.#count('leaving');
  }

  #count(what: string): void {
    this.#options.counters.counter(`control.heartbeats.sip.${what}`).value += 1;
  }
}

function isLeaving(properties: ReadonlyMap<string, string>): boolean {
  return properties.get('GRACEFUL_SHUTDOWN')?.trim().toLowerCase() === 'true';
}
