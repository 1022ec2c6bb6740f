const FIRST_SIZE = 16_384;
const FULL_SIZE = 65_536;

/**
 * The memory that one connection reads into, again and again: what was read is used up before the next read, or its user says that it
 * is still needed, and the next read gets a new block. One connection each, never shared: node:net holds the block of the next read
 * from the end of the last one on.
 */
export class ReadBlock {
  #block = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #renew = false;

  /** For `onread`, which asks after each read: the block of the next one. */
  readonly next = (): Buffer => {
    if (this.#renew) this.#block = Buffer.allocUnsafeSlow(this.#block.length);
    this.#renew = false;
    return this.#block;
  };

  /** Somebody still needs what was just read. */
  keep(): void {
    this.#renew = true;
  }

  /** So much was read at once: a block that was filled is too small. */
  filled(length: number): void {
    if (length < this.#block.length || length >= FULL_SIZE) return;
    this.#block = Buffer.allocUnsafeSlow(FULL_SIZE);
    this.#renew = false;
  }
}
