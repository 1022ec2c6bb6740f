import type { PlaneNode, SelectionContext } from '../../data-plane';

/** What algorithms ask, answered from lists that a test sets: `alive` keep their work and inherit, `known` were seen once. */
export class FakeSelection implements SelectionContext {
  nowMs = 0;
  alive: readonly PlaneNode[];
  known: readonly PlaneNode[];
  /** Shares of slow start by node id; 1 where there is none. */
  readonly shares = new Map<string, number>();

  constructor(nodes: readonly PlaneNode[] = []) {
    this.alive = nodes;
    this.known = nodes;
  }

  keeper(id: string): PlaneNode | undefined {
    return this.alive.find((node) => node.id === id);
  }

  lastKnown(id: string): PlaneNode | undefined {
    return this.known.find((node) => node.id === id);
  }

  heirs(id: string): readonly PlaneNode[] {
    return this.alive.filter((node) => node.id !== id);
  }

  weightOf(node: PlaneNode): number {
    return node.weight * (this.shares.get(node.id) ?? 1);
  }
}
