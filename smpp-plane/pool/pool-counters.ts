import type { Counter, Counters } from '../../runtime/counters';

/** What pool mode does beyond carrying PDUs. */
export interface PoolCounters {
  /** Parts of a long message that followed the first one. */
  readonly partsKept: Counter;
  /** Receipts that went to the bind that submitted the message; to another bind of the same account. */
  readonly receiptsMatched: Counter;
  readonly receiptsUnmatched: Counter;
  /** Requests of SMSCs for which no ESME was bound to receive. */
  readonly noReceiver: Counter;
  /** SMSCs taken out for failing too often. */
  readonly ejections: Counter;
}

export function poolCounters(counters: Counters): PoolCounters {
  return {
    partsKept: counters.counter('smpp.pool.partsKept'),
    receiptsMatched: counters.counter('smpp.pool.receipts.matched'),
    receiptsUnmatched: counters.counter('smpp.pool.receipts.unmatched'),
    noReceiver: counters.counter('smpp.pool.noReceiver'),
    ejections: counters.counter('smpp.pool.ejections'),
  };
}
