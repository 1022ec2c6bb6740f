import { interfaceVersionOf, withInterfaceVersion } from '../wire';

/**
 * The bind_resp that the ESMEs of a pool get: that of the SMSC which was first, with the oldest version of SMPP that any of the
 * SMSCs speaks. When one says no version, the ESMEs are told none, and must assume that TLVs are not understood (SMPP 5.0, 2.11).
 */
export class PoolAnswer {
  readonly #first: Buffer;
  readonly #versions = new Map<string, number | undefined>();

  /** `first`: a whole bind_resp, kept. */
  constructor(first: Buffer) {
    this.#first = first;
  }

  /** An SMSC accepted the bind with this answer. */
  accepted(smscId: string, answer: Buffer): void {
    this.#versions.set(smscId, interfaceVersionOf(answer));
  }

  /** An SMSC is no member any more. */
  forget(smscId: string): void {
    this.#versions.delete(smscId);
  }

  /** A copy for one ESME. */
  copy(): Buffer {
    const versions = [...this.#versions.values()];
    const spoken = versions.flatMap((version) => version ?? []);
    return withInterfaceVersion(this.#first, spoken.length < versions.length ? undefined : Math.min(...spoken));
  }
}
