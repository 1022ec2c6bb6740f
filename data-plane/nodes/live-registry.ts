import { newNodeLive, type NodeLive } from './plane-node';

/** Node ids whose figures are kept after they left, so that what planes report never goes back. */
const MAX_REMEMBERED = 20_000;

/** The live figures of every node that this process has seen, by id; the longest known leave first when there are too many. */
export class LiveRegistry {
  readonly #lives = new Map<string, NodeLive>();

  of(id: string): NodeLive {
    let live = this.#lives.get(id);
    if (live === undefined) {
      if (this.#lives.size >= MAX_REMEMBERED) this.#lives.delete(this.#lives.keys().next().value ?? id);
      live = newNodeLive();
      this.#lives.set(id, live);
    }
    return live;
  }

  entries(): IterableIterator<[string, NodeLive]> {
    return this.#lives.entries();
  }
}
