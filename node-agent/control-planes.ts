import { NodeServiceClient } from '../proto';
import type { Clock } from '../runtime/clock';
import { Dialer, type DialSettings } from '../runtime/grpc';
import type { Logger } from '../runtime/logger';
import type { Random } from '../runtime/random';

export interface ControlPlanesOptions {
  /** `host:port` of each; at least one. */
  readonly addresses: readonly string[];
  readonly dial: DialSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/**
 * The control planes of a node, in shuffled order so that many nodes spread over them; one is in use at a time.
 * A failure moves on to the next, with a new client: a channel waits by its own clock after a refusal, and can stay stuck
 * when its server was restarted, while a node has one lease TTL to come back.
 */
export class ControlPlanes {
  readonly #addresses: readonly string[];
  readonly #dialer: Dialer;
  #current = 0;
  #client: NodeServiceClient | undefined;

  /** Throws TLS_MATERIAL, TOKEN_FILE, and INSECURE_REFUSED when an address would need plain text outside this machine. */
  constructor(options: ControlPlanesOptions) {
    this.#addresses = shuffled(options.addresses, options.random);
    this.#dialer = new Dialer({ ...options, settings: options.dial });
    for (const address of this.#addresses) this.#dialer.check(address);
  }

  /** The one in use. */
  get address(): string {
    return this.#addresses[this.#current] ?? '';
  }

  get client(): NodeServiceClient {
    this.#client ??= this.#dialer.client(NodeServiceClient, this.address);
    return this.#client;
  }

  /** The one in use did not answer as it should. */
  failed(): void {
    this.#hangUp();
    this.#current = (this.#current + 1) % this.#addresses.length;
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

/** Fisher-Yates on a copy. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
