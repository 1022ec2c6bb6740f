import type { Clock } from '../../runtime/clock';
import type { Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import { statusName, type Denial } from './denial';
import { RateLimiter } from './rate-limiter';

export interface DenialLogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
}

export interface DeniedCall {
  /** `triplane.v1.AdminService/DrainNode`. */
  readonly method: string;
  readonly peer: string;
  /** Undefined: not known. */
  readonly who: string | undefined;
}

const LINES_PER_SECOND = 5;
const LINES_AT_ONCE = 50;

/** An audit line for each caller that is turned away, so many per second at most; all are counted. */
export class DenialLog {
  readonly #options: DenialLogOptions;
  readonly #limiter: RateLimiter;
  #unlogged = 0;

  constructor(options: DenialLogOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter({ perSecond: LINES_PER_SECOND, burst: LINES_AT_ONCE, clock: options.clock });
  }

  note({ method, peer, who }: DeniedCall, denial: Denial): void {
    const { counters, logger } = this.#options;
    counters.counter(`control.denied.${denial.reason}`).value += 1;
    if (!this.#limiter.take('lines')) {
      this.#unlogged += 1;
      return;
    }
    const { reason, message } = denial;
    const unlogged = this.#unlogged > 0 ? { unlogged: this.#unlogged } : {};
    this.#unlogged = 0;
    const facts = {
      audit: 'denied',
      who: who ?? 'unknown',
      peer,
      method,
      status: statusName(denial),
      reason,
      ...unlogged,
    };
    logger.warn(facts, `denied: ${message}`);
  }
}
