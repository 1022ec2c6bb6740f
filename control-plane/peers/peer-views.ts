import { PeerServiceClient, type GetViewResponse } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import { messageOf } from '../../runtime/errors';
import { callUnary, type Dialer } from '../../runtime/grpc';
import type { Logger } from '../../runtime/logger';
import type { Peer } from '../consul';
import { addressOf } from './address';

export interface PeerViewsOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The other control planes that live. */
  readonly others: () => readonly Peer[];
}

/** What another control plane said, and when it was asked, by the clock, ms. */
export interface PeerView {
  readonly view: GetViewResponse;
  readonly askedAtMs: number;
}

interface Asked {
  readonly client: PeerServiceClient;
  last: PeerView | undefined;
  asking: boolean;
}

const ASK_EVERY_MS = 1000;
const ANSWER_WITHIN_MS = 1000;
/** A view older than this is none. */
const FRESH_MS = 5000;

/** What the other control planes know of their planes, at most a second old. */
export class PeerViews {
  readonly #options: PeerViewsOptions;
  readonly #peers = new Map<string, Asked>();
  readonly #timer: Timer;

  constructor(options: PeerViewsOptions) {
    this.#options = options;
    this.#timer = options.clock.every(ASK_EVERY_MS, () => this.#askAll());
  }

  get views(): PeerView[] {
    return [...this.#peers.values()].flatMap(({ last }) => (this.#isFresh(last) ? last : []));
  }

  /** Ids of the control planes that live and did not answer. */
  get missing(): string[] {
    return this.#options.others().flatMap(({ id }) => (this.#isFresh(this.#peers.get(id)?.last) ? [] : id));
  }

  close(): void {
    this.#timer.cancel();
    for (const id of this.#peers.keys()) this.#forget(id);
  }

  #askAll(): void {
    const others = this.#options.others();
    for (const id of this.#peers.keys()) if (!others.some((other) => other.id === id)) this.#forget(id);
    for (const other of others) {
      const peer = this.#peer(other);
      if (peer !== undefined && !peer.asking) void this.#ask(other.id, peer);
    }
  }

  async #ask(id: string, peer: Asked): Promise<void> {
    const askedAtMs = this.#options.clock.now();
    peer.asking = true;
    try {
      const view = await callUnary(peer.client, peer.client.getView, {}, { timeoutMs: ANSWER_WITHIN_MS });
      peer.last = { view, askedAtMs };
    } catch (error) {
      this.#options.logger.debug({ controlPlane: id, reason: messageOf(error) }, 'a control plane does not answer');
    } finally {
      peer.asking = false;
    }
  }

  #peer(other: Peer): Asked | undefined {
    const known = this.#peers.get(other.id);
    if (known !== undefined) return known;
    try {
      const client = this.#options.dialer.client(PeerServiceClient, addressOf(other));
      const peer: Asked = { client, last: undefined, asking: false };
      this.#peers.set(other.id, peer);
      return peer;
    } catch (error) {
      this.#options.logger.debug(
        { controlPlane: other.id, reason: messageOf(error) },
        'a control plane cannot be asked',
      );
      return undefined;
    }
  }

  #isFresh(last: PeerView | undefined): last is PeerView {
    return last !== undefined && this.#options.clock.now() - last.askedAtMs <= FRESH_MS;
  }

  #forget(id: string): void {
    this.#peers.get(id)?.client.close();
    this.#peers.delete(id);
  }
}
