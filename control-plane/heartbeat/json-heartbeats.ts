import type { Node } from '../../proto';
import type { Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import { Refusal, type Registry } from '../registry';
import { withDistinctId } from './distinct-id';
import { nodeFromProperties } from './node-from-properties';
import type { StopTarget } from './stop-packets';

export interface JsonHeartbeatOptions {
  readonly registry: Registry;
  /** Moves the sessions of one jvmRoute to another. Throws Refusal NODE_UNKNOWN. */
  readonly moveSessions: (fromJvmRoute: string, toJvmRoute: string) => void;
  readonly counters: Counters;
  readonly logger: Logger;
  /** How long a node that shuts down may finish its sessions, ms. */
  readonly drainTimeoutMs: number;
}

/** What a packet is answered with. */
export interface JsonReply {
  /** HTTP status. */
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

interface Session {
  readonly nodeId: string;
  readonly leaseId: string;
  /** Said shutdown: it drains, and its heartbeats are answered until it is gone. */
  leaving: boolean;
}

type Facts = Readonly<Record<string, unknown>>;

const SOURCE = 'http';
const MAX_SESSIONS = 20_000;

/**
 * The predecessor's HTTP/JSON heartbeat: one-key objects `start`, `heartbeat`, `shutdown`, `stop`, `switchover`. `start` is Register,
 * `heartbeat` renews, `shutdown` is Deregister with a drain, `stop` Deregister. An unknown session is told NOK (404): start again.
 */
export class JsonHeartbeats {
  readonly #options: JsonHeartbeatOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: JsonHeartbeatOptions) {
    this.#options = options;
  }

  /** `packet`: what was parsed; `peerHost`: the sender's IP address. Never rejects for what the sender did. */
  async take(packet: unknown, peerHost: string): Promise<JsonReply> {
    const [kind, facts] = soleEntry(packet);
    if (facts === undefined)
      return this.#bad('error', 'expected an object with one of start, heartbeat, shutdown, stop');
    switch (kind) {
      case 'start':
        return await this.#start(facts, peerHost);
      case 'heartbeat':
        return this.#heartbeat(sessionId(facts, peerHost));
      case 'shutdown':
        return await this.#leave(kind, sessionId(facts, peerHost), this.#options.drainTimeoutMs);
      case 'stop':
        return await this.#leave(kind, sessionId(facts, peerHost), 0);
      case 'switchover':
        return this.#switchover(facts);
      default:
        return this.#bad('error', `expected start, heartbeat, shutdown, stop or switchover`);
    }
  }

  /** Nodes with a session here that named a `heartbeatPort`. */
  stopTargets(): StopTarget[] {
    const ids = new Set([...this.#sessions.values()].map(({ nodeId }) => nodeId));
    return [...ids].flatMap((nodeId) => {
      const node = this.#options.registry.get(nodeId)?.node;
      const port = Number(node?.labels.get('heartbeatPort'));
      const host = node?.endpoints[0]?.host;
      return host !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? [{ nodeId, host, port }] : [];
    });
  }

  async #start(facts: Facts, peerHost: string): Promise<JsonReply> {
    const id = sessionId(facts, peerHost);
    const described = nodeFromProperties({ sourceHost: peerHost, sourcePort: 0, properties: textsOf(facts) });
    if (id === '' || described === undefined) {
      return this.#bad('start', 'expected sessionId, ip, and at least one port');
    }
    const { registry } = this.#options;
    const node: Node = withDistinctId(described, registry);
    if (this.#isTaken(id, node.nodeId)) return this.#bad('start', 'sessionId: another node at this address has it');
    try {
      const { lease } = await registry.register({ node, peerHost, source: SOURCE, traceparent: '' });
      this.#sessions.delete(id);
      this.#sessions.set(id, { nodeId: node.nodeId, leaseId: lease.id, leaving: false });
      this.#forgetOldest();
      return this.#ok('start');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return this.#bad('start', error.message);
    }
  }

  /** Two nodes under one session would keep each other alive. */
  #isTaken(id: string, nodeId: string): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined || session.nodeId === nodeId) return false;
    const lease = this.#options.registry.get(session.nodeId)?.lease;
    return lease?.id === session.leaseId && !lease.expired;
  }

  #heartbeat(id: string): JsonReply {
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#unknown('heartbeat');
    const { registry } = this.#options;
    const known = session.leaving
      ? registry.get(session.nodeId)?.record.leaving === true
      : registry.renew(session.leaseId) !== undefined;
    if (known) return this.#ok('heartbeat');
    this.#sessions.delete(id);
    return this.#unknown('heartbeat');
  }

  /** `shutdown` and `stop`; what is gone already is answered OK, as the predecessor did. */
  async #leave(kind: 'shutdown' | 'stop', id: string, drainMs: number): Promise<JsonReply> {
    const session = this.#sessions.get(id);
    if (session === undefined) return this.#unknown(kind);
    const { registry } = this.#options;
    if (!session.leaving) await registry.deregister(session.leaseId, drainMs, '');
    else if (kind === 'stop' && registry.get(session.nodeId)?.record.leaving === true) {
      await registry.remove(session.nodeId, '');
    }
    session.leaving = true;
    if (kind === 'stop') this.#sessions.delete(id);
    return this.#ok(kind);
  }

  #switchover({ fromJvmRoute, toJvmRoute }: Facts): JsonReply {
    if (typeof fromJvmRoute !== 'string' || typeof toJvmRoute !== 'string') {
      return this.#bad('switchover', 'expected fromJvmRoute and toJvmRoute');
    }
    try {
      this.#options.moveSessions(fromJvmRoute, toJvmRoute);
      return this.#ok('switchover');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return this.#bad('switchover', error.message);
    }
  }

  #forgetOldest(): void {
    for (const id of this.#sessions.keys()) {
      if (this.#sessions.size <= MAX_SESSIONS) return;
      this.#sessions.delete(id);
    }
  }

  #ok(kind: string): JsonReply {
    this.#count(kind);
    return { status: 200, body: { [kind]: 'OK' } };
  }

  #unknown(kind: string): JsonReply {
    this.#count('unknown');
    return { status: 404, body: { [kind]: 'NOK', reason: 'the session is not known: send start' } };
  }

  #bad(kind: string, reason: string): JsonReply {
    this.#count('rejected');
    this.#options.logger.debug({ kind, reason }, 'JSON heartbeat refused');
    return { status: 400, body: { [kind]: 'NOK', reason } };
  }

  #count(what: string): void {
    this.#options.counters.counter(`control.heartbeats.http.${what}`).value += 1;
  }
}

function soleEntry(packet: unknown): readonly [string, Facts | undefined] {
  if (typeof packet !== 'object' || packet === null) return ['', undefined];
  const entries = Object.entries(packet);
  const [kind, facts] = entries[0] ?? ['', undefined];
  if (entries.length !== 1 || typeof facts !== 'object' || facts === null) return [kind, undefined];
  return [kind, facts as Facts];
}

/** A number in most packets, a text in some; often a clock's reading, so that only with the host it names one process. '' when there is none. */
function sessionId({ sessionId: id }: Facts, peerHost: string): string {
  return typeof id === 'string' || typeof id === 'number' ? `${peerHost} ${id}` : '';
}

function textsOf(facts: Facts): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(facts)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
    texts.set(name === 'restcommInstanceId' ? 'Restcomm-Instance-Id' : name, String(value));
  }
  return texts;
}
