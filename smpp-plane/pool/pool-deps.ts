import type { Balancer } from '../../data-plane';
import type { SessionDeps } from '../session';
import type { PoolCounters } from './pool-counters';

/** Times in ms. */
export interface PoolLimits {
  /** Binds to each SMSC. */
  readonly bindsPerSmsc: number;
  /** What of a message the algorithms hash. */
  readonly affinityKey: 'systemId' | 'source' | 'destination';
  /** Who gets what an SMSC sends by itself. */
  readonly toEsme: 'round-robin' | 'broadcast';
  /** An SMSC that (re)joins gets its full share after this time; 0: at once. */
  readonly slowStartMs: number;
  /** Failures in a row after which an SMSC gets no new messages for a while; 0: never. */
  readonly ejectAfter: number;
  readonly ejectMs: number;
  /** How long the parts of one message are kept together. */
  readonly partsMs: number;
  /** How long message ids are remembered for receipts and queries. */
  readonly receiptsMs: number;
  /** Most message ids, and most unfinished long messages, remembered per account. */
  readonly maxRemembered: number;
}

/** What every pool of a plane shares. */
export interface PoolDeps {
  readonly session: SessionDeps;
  readonly limits: PoolLimits;
  readonly balancer: Balancer;
  readonly counters: PoolCounters;
}
