/** Who asked, and so who gets the answer. Undefined: the balancer itself. */
export interface Origin {
  /** Answers that come after this turned false are dropped. */
  readonly open: boolean;
}

const FIRST_SLOTS = 16;
/** SMPP 5.0, 4.7.24: sequence numbers run from 1 to this, then begin anew. */
const LAST_SEQUENCE = 0x7fff_ffff;

/**
 * The requests sent to one peer and not answered yet: our sequence number to what the answer needs.
 * A ring of plain arrays indexed by the low bits of the number; a number whose slot is still taken is skipped, so any order
 * of answers works. Grows by doubling up to twice `limit`. On the packet path: nothing is allocated per request.
 */
export class Window<O extends Origin> {
  /** Most requests outstanding; `full` beyond it. The balancer's own requests go on top. */
  readonly limit: number;
  #size = 0;
  #mask = FIRST_SLOTS - 1;
  /** 0 marks a free slot. */
  #sequences = new Uint32Array(FIRST_SLOTS);
  #originSequences = new Uint32Array(FIRST_SLOTS);
  #commands = new Uint32Array(FIRST_SLOTS);
  #deadlines = new Float64Array(FIRST_SLOTS);
  #origins: (O | undefined)[] = Array.from({ length: FIRST_SLOTS });
  #last: number;
  /** No number before this one is outstanding. */
  #oldest: number;

  constructor(limit: number, lastSequence = 0) {
    this.limit = limit;
    this.#last = lastSequence;
    this.#oldest = following(lastSequence);
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size >= this.limit;
  }

  /** Notes a request and returns the sequence number to send it with. Deadlines must not decrease from call to call. */
  add(command: number, origin: O | undefined, originSequence: number, deadlineMs: number): number {
    if (this.#size * 2 > this.#mask) this.#grow();
    let sequence = following(this.#last);
    while (this.#sequences[sequence & this.#mask] !== 0) sequence = following(sequence);
    if (this.#size === 0) this.#oldest = sequence;
    this.#last = sequence;
    this.#size += 1;
    const slot = sequence & this.#mask;
    this.#sequences[slot] = sequence;
    this.#originSequences[slot] = originSequence;
    this.#commands[slot] = command;
    this.#deadlines[slot] = deadlineMs;
    this.#origins[slot] = origin;
    return sequence;
  }

  /** A sequence number for a request that has no answer. */
  skip(): number {
    let sequence = following(this.#last);
    while (this.#sequences[sequence & this.#mask] === sequence) sequence = following(sequence);
    this.#last = sequence;
    return sequence;
  }

  /** The slot of an outstanding number, or -1. */
  find(sequence: number): number {
    const slot = sequence & this.#mask;
    return sequence !== 0 && this.#sequences[slot] === sequence ? slot : -1;
  }

  commandOf(slot: number): number {
    return this.#commands[slot] as number;
  }

  originOf(slot: number): O | undefined {
    return this.#origins[slot];
  }

  originSequenceOf(slot: number): number {
    return this.#originSequences[slot] as number;
  }

  sequenceOf(slot: number): number {
    return this.#sequences[slot] as number;
  }

  free(slot: number): void {
    if (this.#sequences[slot] === 0) return;
    this.#sequences[slot] = 0;
    this.#origins[slot] = undefined;
    this.#size -= 1;
  }

  /** The slot of the oldest request if its deadline has passed, or -1. Free it, then ask again. */
  expired(nowMs: number): number {
    const slot = this.oldest();
    return slot >= 0 && (this.#deadlines[slot] as number) <= nowMs ? slot : -1;
  }

  /** The slot of the oldest request, or -1 when there is none. */
  oldest(): number {
    if (this.#size === 0) return -1;
    while (this.#sequences[this.#oldest & this.#mask] !== this.#oldest) this.#oldest = following(this.#oldest);
    return this.#oldest & this.#mask;
  }

  #grow(): void {
    const before = {
      sequences: this.#sequences,
      originSequences: this.#originSequences,
      commands: this.#commands,
      deadlines: this.#deadlines,
      origins: this.#origins,
    };
    const slots = (this.#mask + 1) * 2;
    this.#mask = slots - 1;
    this.#sequences = new Uint32Array(slots);
    this.#originSequences = new Uint32Array(slots);
    this.#commands = new Uint32Array(slots);
    this.#deadlines = new Float64Array(slots);
    this.#origins = Array.from({ length: slots });
    for (const [from, sequence] of before.sequences.entries()) {
      if (sequence === 0) continue;
      const slot = sequence & this.#mask;
      this.#sequences[slot] = sequence;
      this.#originSequences[slot] = before.originSequences[from] as number;
      this.#commands[slot] = before.commands[from] as number;
      this.#deadlines[slot] = before.deadlines[from] as number;
      this.#origins[slot] = before.origins[from];
    }
  }
}

function following(sequence: number): number {
  return sequence >= LAST_SEQUENCE ? 1 : sequence + 1;
}
