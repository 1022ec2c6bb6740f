import type { Clock, Timer } from '../../runtime/clock';
import { messageOf } from '../../runtime/errors';
import type { Logger } from '../../runtime/logger';
import type { ConsulClient, ServiceInstance } from './consul-client';

export interface PeersOptions {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Random id of this process. */
  readonly id: string;
  /** Where nodes and planes reach this control plane. */
  readonly host: string;
  readonly port: number;
  /** True: there over TLS. */
  readonly secure: boolean;
}

export const SERVICE_NAME = 'triplane-control-plane';

const POLL_MS = 2000;
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
  readonly #instances = new Map<string, ServiceInstance>();
  #trustedAtMs = Number.NEGATIVE_INFINITY;
  #firstTrustedAtMs: number | undefined;
  #timer: Timer | undefined;
  #busy = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Registers this control plane and begins to look at the others. */
  async start(): Promise<void> {
    await this.#register();
    this.#timer = this.#options.clock.every(POLL_MS, () => void this.poll());
  }

  /** One look; runs by itself every two seconds. Never rejects. */
  async poll(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const found = await this.#options.client.passing(SERVICE_NAME);
      if (found.some(({ id }) => id === this.#options.id)) this.#note(found);
      // The agent may have forgotten it, or its check has not passed yet.
      else await this.#register();
    } catch (error) {
      this.#options.logger.debug({ reason: messageOf(error) }, 'no list of control planes');
    } finally {
      this.#busy = false;
    }
  }

  isAlive(id: string): boolean {
    const now = this.#options.clock.now();
    if (id === this.#options.id || now - this.#trustedAtMs > TRUST_MS) return true;
    const seenAtMs = this.#seenAtMs.get(id) ?? this.#firstTrustedAtMs ?? now;
    return now - seenAtMs < GONE_AFTER_MS;
  }

  /** The other control planes that live. */
  get others(): readonly ServiceInstance[] {
    return [...this.#instances.values()].filter(({ id }) => id !== this.#options.id && this.isAlive(id));
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#options.client.deregister(this.#options.id).catch(() => undefined);
  }

  #note(instances: readonly ServiceInstance[]): void {
    const now = this.#options.clock.now();
    this.#trustedAtMs = now;
    this.#firstTrustedAtMs ??= now;
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

  async #register(): Promise<void> {
    const { client, id, host, port, secure } = this.#options;
    const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const grpcCheck = `${at}/triplane.v1.PlaneService`;
    await client.register({ name: SERVICE_NAME, id, host, port, grpcCheck, secure });
  }
}
