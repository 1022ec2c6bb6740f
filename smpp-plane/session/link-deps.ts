import type { Clock } from '../../runtime/clock';
import type { FlushQueue } from './flush-queue';
import type { PeerLink } from './peer-link';
import type { TroubleCounters } from './side-counters';

/** Times in ms, sizes in bytes. */
export interface LinkLimits {
  readonly maxPduBytes: number;
  readonly maxInFlight: number;
  readonly responseTimeoutMs: number;
  readonly enquireLinkMs: number;
  readonly enquireLinkTimeoutMs: number;
  /** The number before the first that is given to a request; tests set it near the wrap. Default 0. */
  readonly lastSequence?: number;
}

/** What every connection of a plane shares. */
export interface LinkDeps {
  readonly clock: Clock;
  readonly flushQueue: FlushQueue;
  readonly limits: LinkLimits;
  readonly trouble: TroubleCounters;
  /** Every connection that is not gone yet. */
  readonly links: Set<PeerLink>;
}
