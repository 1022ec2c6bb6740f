import type { NodeTable } from './node-table';
import type { PlaneNode } from './plane-node';

const MAX_REMEMBERED = 10_000;

/** Nodes that left, as they were: whoever takes over from them must know their version and group. The longest gone leave first. */
export class DepartedNodes {
  readonly #nodes = new Map<string, PlaneNode>();

  get(id: string): PlaneNode | undefined {
    return this.#nodes.get(id);
  }

  /** Goes over from one table to the next. */
  follow(table: NodeTable, previous: NodeTable): void {
    for (const node of previous.nodes) if (table.get(node.id) === undefined) this.#nodes.set(node.id, node);
    if (this.#nodes.size === 0) return;
    for (const { id } of table.nodes) this.#nodes.delete(id);
    for (const id of this.#nodes.keys()) {
      if (this.#nodes.size <= MAX_REMEMBERED) return;
      this.#nodes.delete(id);
    }
  }
}
