import { isIP } from 'node:net';
import type { Clock, Timer } from '../../runtime/clock';
import type { ConsulClient, ServiceInstance, ServiceRegistration } from '../../runtime/consul';
import { messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import { ADMIN_META, CONTROL_PLANE_SERVICE } from '../../runtime/discovery';
import { productVersion } from '../../runtime/version';

export interface PeersOptions {
  /** Closed with this one. */
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Random id of this process. */
  readonly id: string;
  /** Where it listens for nodes, planes and other control planes; 0.0.0.0 and :: stand for the address of the agent's machine. */
  readonly host: string;
  readonly port: number;
  /** `host:port` of its service for operators. */
  readonly admin: string;
  /** Where it is reached, if not there. */
  readonly advertise?: string | undefined;
  /** True: there over TLS. */
  readonly secure: boolean;
}

/** A control plane that is listed in Consul. */
export interface Peer {
  /** Random id of its process: the holder in node records. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

const POLL_MS = 1000;
/** How old the last trustworthy list may be. */
const TRUST_MS = 6000;
/** A control plane that was not listed for so long is gone; its nodes had time to go elsewhere. */
const GONE_AFTER_MS = 15_000;

/**
 * The control planes of the cluster, by Consul's catalog. A list is trusted only if this control plane sees itself in it:
 * a token without rights reads an empty one. When in doubt everybody lives.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #seenAtMs = new Map<string, number>();
  readonly #instances = new Map<string, Peer>();
  readonly #registration: ServiceRegistration;
  #trustedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  /** When the first question was asked that has no answer yet. */
  #unansweredSinceMs: number | undefined;
  #busy = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#registration = registrationOf(options);
  }

  /** Registers this control plane and begins to look at the others. */
  async start(): Promise<void> {
    await this.#options.client.register(this.#registration);
    this.#timer = this.#options.clock.every(POLL_MS, () => void this.poll());
  }

  /** One look; runs by itself every second. Never rejects. */
  async poll(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#unansweredSinceMs ??= this.#options.clock.now();
    try {
      const { instances } = await this.#options.client.instances(CONTROL_PLANE_SERVICE, 0, 0);
      this.#unansweredSinceMs = undefined;
      const found = instances.filter(({ well }) => well).map(peerOf);
      if (found.some(({ id }) => id === this.#options.id)) this.#note(found);
      // The agent may have forgotten it, or its check has not passed yet.
      else await this.#options.client.register(this.#registration);
    } catch (error) {
      this.#options.logger.debug({ reason: messageOf(error) }, 'no list of control planes');
    } finally {
      this.#busy = false;
    }
  }

  isAlive(id: string): boolean {
    const now = this.#options.clock.now();
    if (id === this.#options.id || now - this.#trustedAtMs > TRUST_MS) return true;
    // One that has just started holds nodes before its check passes: unknown ones get the same time, from when they are first asked for.
    const seenAtMs = this.#seenAtMs.get(id) ?? now;
    this.#seenAtMs.set(id, seenAtMs);
    return now - seenAtMs < GONE_AFTER_MS;
  }

  /** For how long Consul has not answered, ms. */
  get silentMs(): number {
    return this.#unansweredSinceMs === undefined ? 0 : this.#options.clock.now() - this.#unansweredSinceMs;
  }

  /** The other control planes that live. */
  get others(): readonly Peer[] {
    return [...this.#instances.values()].filter(({ id }) => id !== this.#options.id && this.isAlive(id));
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#options.client.deregister(this.#registration.id).catch(() => undefined);
    this.#options.client.close();
  }

  #note(instances: readonly Peer[]): void {
    const now = this.#options.clock.now();
    const blindMs = now - this.#trustedAtMs;
    this.#trustedAtMs = now;
    // Where Consul itself was away it is back for some before it is for others.
    if (blindMs > TRUST_MS) for (const [id, seenAtMs] of this.#seenAtMs) this.#seenAtMs.set(id, seenAtMs + blindMs);
    for (const instance of instances) {
      this.#instances.set(instance.id, instance);
      this.#seenAtMs.set(instance.id, now);
    }
    for (const [id, seenAtMs] of this.#seenAtMs) {
      if (now - seenAtMs <= 10 * GONE_AFTER_MS) continue;
      this.#seenAtMs.delete(id);
      this.#instances.delete(id);
    }
  }
}

/** By its address: a process that was killed is replaced by the next one there. */
function registrationOf({ id, host, port, admin, advertise, secure }: PeersOptions): ServiceRegistration {
  const anywhere = host === '0.0.0.0' || host === '::';
  const local = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const reached = advertise ?? (anywhere ? '' : host);
  return {
    name: CONTROL_PLANE_SERVICE,
    id: `${CONTROL_PLANE_SERVICE}-${reached === '' ? 'here' : reached}-${port}`,
    host: reached,
    port,
    meta: { incarnation: id, version: productVersion(), ...adminAt(admin, reached) },
    check: { grpc: `${bracketed(local)}:${port}/triplane.v1.PlaneService`, secure },
  };
}

/** Where operators reach it; nothing when that is not known. */
function adminAt(admin: string, reached: string): Record<string, string> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(admin) ?? [];
  if (host !== '0.0.0.0' && host !== '[::]') return { [ADMIN_META]: admin };
  return reached === '' ? {} : { [ADMIN_META]: `${bracketed(reached)}:${port}` };
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function peerOf({ id, host, port, meta }: ServiceInstance): Peer {
  return { id: meta['incarnation'] ?? id, host, port };
}
