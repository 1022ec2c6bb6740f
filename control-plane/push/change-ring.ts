import type { Commit } from '../store';

interface Change {
  readonly index: number;
  readonly key: string;
}

/** Which keys the last revisions changed, so that a plane that was away for a while gets a delta. */
export class ChangeRing {
  readonly #capacity: number;
  readonly #changes: Change[] = [];
  #next = 0;
  /** Everything after this index is known. */
  #floor: number;

  /** `floor`: the index at which recording begins. */
  constructor(floor: number, capacity = 1000) {
    this.#floor = floor;
    this.#capacity = capacity;
  }

  add({ index, key }: Commit): void {
    const forgotten = this.#changes[this.#next];
    if (forgotten !== undefined) this.#floor = forgotten.index;
    this.#changes[this.#next] = { index, key };
    this.#next = (this.#next + 1) % this.#capacity;
  }

  /** The keys that changed after `index`, or undefined when that is too long ago. */
  since(index: number): Set<string> | undefined {
    if (index < this.#floor) return undefined;
    return new Set(this.#changes.filter((change) => change.index > index).map((change) => change.key));
  }
}
