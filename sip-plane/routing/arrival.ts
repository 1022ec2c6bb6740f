import type { Connection, Listener, Peer } from '../transport';

/** Where a message came in, and from whom. */
export interface Arrival {
  readonly listener: Listener;
  readonly peer: Peer;
  /** Of a stream; undefined over UDP. */
  readonly connection: Connection | undefined;
}
