interface Item<T> {
  readonly atMs: number;
  readonly value: T;
}

/** A binary heap by deadline: the earliest comes out first. */
export class DeadlineHeap<T> {
  readonly #items: Item<T>[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(atMs: number, value: T): void {
    const items = this.#items;
    let hole = items.length;
    items.push({ atMs, value });
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#at(parent) <= atMs) break;
      this.#swap(hole, parent);
      hole = parent;
    }
  }

  /** Takes the earliest out if it is due at `nowMs`. */
  popDue(nowMs: number): T | undefined {
    const [first] = this.#items;
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) {
      this.#items[0] = last;
      this.#sink();
    }
    return first.value;
  }

  #sink(): void {
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const right = left + 1;
      let least = hole;
      if (left < this.#items.length && this.#at(left) < this.#at(least)) least = left;
      if (right < this.#items.length && this.#at(right) < this.#at(least)) least = right;
      if (least === hole) return;
      this.#swap(hole, least);
      hole = least;
    }
  }

  #at(index: number): number {
    return this.#items[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const items = this.#items;
    [items[a], items[b]] = [items[b] as Item<T>, items[a] as Item<T>];
  }
}
