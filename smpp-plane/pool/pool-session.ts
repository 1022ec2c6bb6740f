import type { Receiver } from './account';

/** An ESME session as its pool sees it. */
export interface PoolSession extends Receiver {
  /** The pool is bound: this is the bind_resp, a buffer of its own. */
  accepted(answer: Buffer): void;
  /** An SMSC refused the bind; a bind_resp of its own. */
  refused(answer: Buffer): void;
  /** No SMSC could be reached. */
  unreachable(): void;
  /** The last SMSC is lost; others are being bound. */
  interrupted(): void;
  resumed(): void;
  /** No SMSC came back in time. */
  ended(): void;
}
