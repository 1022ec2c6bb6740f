import { NodeServiceClient } from '../proto';
import type { Clock } from '../runtime/clock';
import { ControlPlaneRing, type ControlPlaneList } from '../runtime/discovery';
import { Dialer, type DialSettings } from '../runtime/grpc';
import type { Logger } from '../runtime/logger';
import type { Random } from '../runtime/random';

export interface ControlPlanesOptions {
  /** Closed by whoever opened it. */
  readonly list: ControlPlaneList;
  readonly dial: DialSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/**
 * The control planes of a node; one is in use at a time.
 * A failure moves on to the next, with a new client: a channel waits by its own clock after a refusal, and can stay stuck
 * when its server was restarted, while a node has one lease TTL to come back.
 */
export class ControlPlanes {
  readonly #ring: ControlPlaneRing;
  readonly #dialer: Dialer;
  #client: NodeServiceClient | undefined;

  /** Throws TLS_MATERIAL, TOKEN_FILE, and INSECURE_REFUSED when an address would need plain text outside this machine. */
  constructor(options: ControlPlanesOptions) {
    this.#dialer = new Dialer({ ...options, settings: options.dial });
    this.#ring = new ControlPlaneRing({ ...options, check: (address) => this.#dialer.check(address) });
  }

  /** The one in use. */
  get address(): string {
    return this.#ring.current;
  }

  get client(): NodeServiceClient {
    this.#client ??= this.#dialer.client(NodeServiceClient, this.address);
    return this.#client;
  }

  /** The one in use did not answer as it should. */
  failed(): void {
    this.#hangUp();
    this.#ring.next();
  }

  close(): void {
    this.#hangUp();
    this.#dialer.close();
  }

  #hangUp(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
