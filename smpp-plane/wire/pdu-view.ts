import { statusAt } from './header';

/** One PDU where it lies: a scratch object that each link refills for each PDU, so nobody keeps it beyond the call. */
export class PduView {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  command = 0;
  sequence = 0;

  get status(): number {
    return statusAt(this.bytes, this.start);
  }

  /** Its bytes in a buffer of their own. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(this.start, this.end));
  }
}
