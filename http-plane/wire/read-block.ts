const SIZE = 65_536;

/**
 * The memory that all connections to nodes read into. One block serves them in turn: what was read is used up before the next read,
 * or the reader says that it keeps the block, and the next read gets a new one.
 */
export class ReadBlock {
  #block = Buffer.allocUnsafeSlow(SIZE);

  /** For `onread`: the block to read into next. */
  readonly current = (): Buffer => this.#block;

  /** The bytes just read. */
  take(length: number): Buffer {
    return this.#block.subarray(0, length);
  }

  /** Somebody still needs the bytes. */
  renew(): void {
    this.#block = Buffer.allocUnsafeSlow(SIZE);
  }
}
