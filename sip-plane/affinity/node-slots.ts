import type { NodeTable, PlaneNode } from '../../data-plane';

/** Small numbers for nodes, so that tables of many entries hold numbers. A slot outlives its node: calls may still belong to it. */
export class NodeSlots {
  readonly #byId = new Map<string, number>();
  /** Each slot's node as last seen. */
  readonly #nodes: PlaneNode[] = [];

  /** The slot of a node, given out at first sight. */
  of(node: PlaneNode): number {
    const known = this.#byId.get(node.id);
    if (known !== undefined) {
      this.#nodes[known] = node;
      return known;
    }
    const slot = this.#nodes.length;
    this.#nodes.push(node);
    this.#byId.set(node.id, slot);
    return slot;
  }

  /** The node of a slot as it is now; gone ones as they last were. */
  node(slot: number): PlaneNode {
    return this.#nodes[slot] as PlaneNode;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** Takes over the nodes of a new table. */
  use(table: NodeTable): void {
    for (const node of table.nodes) this.of(node);
  }
}
