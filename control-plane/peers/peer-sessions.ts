import type { ClientReadableStream } from '@grpc/grpc-js';
import { PeerServiceClient, type WatchSessionsResponse } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import type { Counters } from '../../runtime/counters';
import { messageOf } from '../../runtime/errors';
import type { Dialer } from '../../runtime/grpc';
import type { Logger } from '../../runtime/logger';
import type { Peer } from '../consul';
import type { SessionTable } from '../sessions';
import { addressOf } from './address';

export interface PeerSessionsOptions {
  readonly dialer: Dialer;
  readonly table: SessionTable;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** The other control planes that live. */
  readonly others: () => readonly Peer[];
}

interface Watched {
  readonly client: PeerServiceClient;
  readonly stream: ClientReadableStream<WatchSessionsResponse>;
}

const LOOK_EVERY_MS = 1000;

/** Hears from every other control plane which keys and sessions its nodes and planes gave away, as long as it lives. */
export class PeerSessions {
  readonly #options: PeerSessionsOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #timer: Timer;

  constructor(options: PeerSessionsOptions) {
    this.#options = options;
    this.#timer = options.clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  close(): void {
    this.#timer.cancel();
    for (const id of this.#watched.keys()) this.#forget(id);
  }

  /** A stream that ended is asked for again at the next look: it then begins with everything. */
  #look(): void {
    const others = this.#options.others();
    for (const id of this.#watched.keys()) if (!others.some((other) => other.id === id)) this.#forget(id);
    for (const other of others) if (!this.#watched.has(other.id)) this.#watch(other);
  }

  #watch(peer: Peer): void {
    const { dialer, table, counters, logger } = this.#options;
    const taken = counters.counter('control.sessions.fromPeers');
    try {
      const client = dialer.client(PeerServiceClient, addressOf(peer));
      const stream = client.watchSessions({});
      this.#watched.set(peer.id, { client, stream });
      stream.on('data', ({ assignments, moves }: WatchSessionsResponse) => {
        taken.value += assignments.length;
        for (const assignment of assignments) table.take(assignment);
        for (const move of moves) table.takeMove(move);
      });
      stream.on('error', (error) => this.#ended(peer.id, stream, error.message));
      stream.on('end', () => this.#ended(peer.id, stream, 'it ended the stream'));
    } catch (error) {
      logger.debug({ controlPlane: peer.id, reason: messageOf(error) }, 'a control plane cannot be asked for sessions');
    }
  }

  #ended(id: string, stream: Watched['stream'], reason: string): void {
    if (this.#watched.get(id)?.stream !== stream) return;
    this.#options.logger.debug({ controlPlane: id, reason }, 'a control plane tells no sessions');
    this.#forget(id);
  }

  #forget(id: string): void {
    const watched = this.#watched.get(id);
    this.#watched.delete(id);
    watched?.stream.cancel();
    watched?.client.close();
  }
}
