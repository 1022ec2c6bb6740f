const COPY_LIMIT = 2048;
const BLOCK = 8192;

/**
 * Collects PDUs for one socket. Neighbours of one chunk stay one slice without a copy; small strays are gathered into blocks,
 * so that a turn costs few writes. On the packet path.
 */
export class OutBatch {
  #run: Buffer | undefined;
  #runStart = 0;
  #runEnd = 0;
  #pieces: Buffer[] = [];
  #block: Buffer | undefined;
  #blockStart = 0;
  #blockEnd = 0;

  /** Bytes `start` to `end` must not change until they are written. */
  add(bytes: Buffer, start: number, end: number): void {
    if (bytes === this.#run && start === this.#runEnd) {
      this.#runEnd = end;
      return;
    }
    if (this.#run !== undefined) this.#spill(this.#run);
    this.#run = bytes;
    this.#runStart = start;
    this.#runEnd = end;
  }

  /** Everything so far, in order; the batch is empty afterwards. */
  take(): Buffer[] {
    const run = this.#run;
    if (run === undefined) return [];
    this.#run = undefined;
    if (this.#pieces.length === 0 && this.#blockEnd === this.#blockStart) {
      return [run.subarray(this.#runStart, this.#runEnd)];
    }
    this.#spill(run);
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #spill(run: Buffer): void {
    const size = this.#runEnd - this.#runStart;
    if (size > COPY_LIMIT) {
      this.#closeBlock();
      this.#pieces.push(run.subarray(this.#runStart, this.#runEnd));
      return;
    }
    if (this.#block === undefined || this.#block.length - this.#blockEnd < size) {
      this.#closeBlock();
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#blockStart = 0;
      this.#blockEnd = 0;
    }
    run.copy(this.#block, this.#blockEnd, this.#runStart, this.#runEnd);
    this.#blockEnd += size;
  }

  #closeBlock(): void {
    if (this.#block === undefined || this.#blockEnd === this.#blockStart) return;
    this.#pieces.push(this.#block.subarray(this.#blockStart, this.#blockEnd));
    this.#blockStart = this.#blockEnd;
  }
}
