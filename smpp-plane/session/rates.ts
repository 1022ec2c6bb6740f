import type { Clock } from '../../runtime/clock';
import type { Counter } from '../../runtime/counters';
import { Command, Status, type PduView } from '../wire';
import { HeldLinks } from './held-links';
import { Hold } from './hold';
import type { PeerLink } from './peer-link';
import { TokenBucket } from './token-bucket';

/** Messages a second; undefined: as many as come. */
export interface RateLimits {
  readonly perSystemId?: number | undefined;
  readonly perSmsc?: number | undefined;
  /** What happens to more: read later, or answered ESME_RTHROTTLED. */
  readonly policy: 'delay' | 'throttle';
}

export interface RateOptions {
  readonly limits: RateLimits;
  readonly clock: Clock;
  /** Messages answered ESME_RTHROTTLED. */
  readonly throttled: Counter;
  /** Messages that had to wait. */
  readonly delayed: Counter;
}

/** System_ids beyond this many would only be an attacker's; they share one bucket. */
const MAX_BUCKETS = 100_000;

/** How fast ESMEs may submit, and SMSCs be sent to. Each PDU counts, so each part of a long message. */
export class Rates {
  readonly #options: RateOptions;
  readonly #bySystemId = new Map<string, TokenBucket>();
  readonly #bySmsc = new Map<string, TokenBucket>();
  readonly #waiting = new HeldLinks(Hold.RATE);

  constructor(options: RateOptions) {
    this.#options = options;
  }

  /**
   * On the packet path, right before a request of an ESME is sent on. Undefined: it may pass and is counted. True: it was refused.
   * False: it was not taken, the ESME is read again at the next `tick`.
   */
  check(from: PeerLink, pdu: PduView, { systemId, smscId }: { systemId: string; smscId: string }): boolean | undefined {
    const { limits, clock, throttled, delayed } = this.#options;
    if ((limits.perSystemId === undefined && limits.perSmsc === undefined) || !isMessage(pdu.command)) return undefined;
    const nowMs = clock.now();
    const own = bucketOf(this.#bySystemId, systemId, { perSecond: limits.perSystemId, nowMs });
    const smsc = bucketOf(this.#bySmsc, smscId, { perSecond: limits.perSmsc, nowMs });
    if (own?.hasToken(nowMs) !== false && smsc?.hasToken(nowMs) !== false) {
      own?.take(nowMs);
      smsc?.take(nowMs);
      return undefined;
    }
    if (limits.policy === 'throttle') {
      throttled.value += 1;
      from.refuse(pdu.command, Status.THROTTLED, pdu.sequence);
      return true;
    }
    delayed.value += 1;
    this.#waiting.hold(from);
    return false;
  }

  /** True when there is a rate per SMSC. */
  get limitsSmscs(): boolean {
    return this.#options.limits.perSmsc !== undefined;
  }

  /** May the SMSC be sent one more now? */
  hasRoom(smscId: string): boolean {
    const { limits, clock } = this.#options;
    if (limits.perSmsc === undefined) return true;
    const nowMs = clock.now();
    return bucketOf(this.#bySmsc, smscId, { perSecond: limits.perSmsc, nowMs })?.hasToken(nowMs) !== false;
  }

  /** Time has passed: who was held back may try again. */
  tick(): void {
    this.#waiting.release();
  }
}

function isMessage(command: number): boolean {
  return command === Command.SUBMIT_SM || command === Command.DATA_SM || command === Command.SUBMIT_MULTI;
}

function bucketOf(
  buckets: Map<string, TokenBucket>,
  name: string,
  { perSecond, nowMs }: { perSecond: number | undefined; nowMs: number },
): TokenBucket | undefined {
  if (perSecond === undefined) return undefined;
  let bucket = buckets.get(name);
  if (bucket !== undefined) return bucket;
  const key = buckets.size < MAX_BUCKETS ? name : '';
  bucket = buckets.get(key) ?? new TokenBucket(perSecond, nowMs);
  buckets.set(key, bucket);
  return bucket;
}
