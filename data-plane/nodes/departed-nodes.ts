import { NodeState } from '../../proto';
import type { NodeTable } from './node-table';
import type { PlaneNode } from './plane-node';

const MAX_REMEMBERED = 10_000;

/** A node that is gone, as it was, and the revision index at which it was lost; Infinity: of a lineage that is over. */
interface Departed {
  readonly node: PlaneNode;
  lostIndex: number;
}

/** Nodes that left: whoever takes over from them must know their version and group, and when it was. The longest gone leave first. */
export class DepartedNodes {
  readonly #departed = new Map<string, Departed>();

  get(id: string): PlaneNode | undefined {
    return this.#departed.get(id)?.node;
  }

  /** The revision index at which the node was lost, equal in every plane if it had fallen silent first; Infinity when it is not known. */
  lostIndexOf(id: string): number {
    return this.#departed.get(id)?.lostIndex ?? Number.POSITIVE_INFINITY;
  }

  /** Goes over from one table to the next. */
  follow(table: NodeTable, previous: NodeTable): void {
    for (const node of previous.nodes) {
      if (table.get(node.id) !== undefined) continue;
      const lostIndex = lostIndexOf(node) ?? table.revision?.index ?? Number.POSITIVE_INFINITY;
      this.#departed.set(node.id, { node, lostIndex });
    }
    if (this.#departed.size === 0) return;
    // Indexes of another lineage cannot be compared with ours.
    if (table.revision?.lineage !== previous.revision?.lineage) {
      for (const departed of this.#departed.values()) departed.lostIndex = Number.POSITIVE_INFINITY;
    }
    for (const { id } of table.nodes) this.#departed.delete(id);
    for (const id of this.#departed.keys()) {
      if (this.#departed.size <= MAX_REMEMBERED) return;
      this.#departed.delete(id);
    }
  }
}

/** Of a node that is still in the table: when it fell silent, or undefined. */
export function lostIndexOf(node: PlaneNode): number | undefined {
  return node.state === NodeState.SUSPECT ? node.changedIndex : undefined;
}
