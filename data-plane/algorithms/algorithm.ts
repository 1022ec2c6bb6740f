import type { Random } from '../../runtime/random';
import type { PlaneNode } from '../nodes';
import type { PoolAssignments } from '../pool-assignments';

/** What an algorithm may ask while it chooses. Valid during the call only. */
export interface SelectionContext {
  /** Monotonic ms. */
  readonly nowMs: number;
  /** The node of that id as it is now, if it may still get more of its old work. */
  keeper(id: string): PlaneNode | undefined;
  /** The node of that id as it was last seen, also when it is gone; undefined: not seen by this process. */
  lastKnown(id: string): PlaneNode | undefined;
  /** The nodes that may take over what belonged to that node: the usable ones of its version, else those that get new work. Sorted by id. */
  heirs(id: string): readonly PlaneNode[];
  /** The node's weight of this moment: less than `node.weight` while slow start lasts, never 0 for a usable node. */
  weightOf(node: PlaneNode): number;
}

/** Chooses nodes for one protocol and pool. Called on packet paths: no I/O, no exceptions. */
export interface Algorithm {
  /**
   * The node for an affinity key, or undefined when `nodes` is empty and nothing is remembered.
   * `nodes`: those that may get new work, sorted by id, never changed in place.
   */
  select(key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined;
  /** Who goes on with a key whose node is gone, equal at every plane. Absent: rendezvous of the key over the heirs. */
  standIn?(key: string, gone: PlaneNode, context: SelectionContext): PlaneNode | undefined;
  /** The traffic itself showed that the key belongs to the node (a Route hint, a jvmRoute). */
  assigned?(key: string, node: PlaneNode, context: SelectionContext): void;
  nodeAdded?(node: PlaneNode): void;
  nodeRemoved?(node: PlaneNode): void;
  /** How many keys are remembered, for statistics. */
  readonly remembered?: number;
}

/** What an algorithm is made with. */
export interface AlgorithmDeps {
  readonly random: Random;
  /** What the planes of the cluster agreed on for the pool; absent: this plane is alone. */
  readonly assignments?: PoolAssignments;
}

/** An algorithm by name, as planes announce it to the control plane. */
export interface AlgorithmFactory {
  readonly name: string;
  /** Names of the parameters that it takes. */
  readonly parameters: readonly string[];
  /** Throws TriplaneError ALGORITHM_PARAMETER when a value is bad. */
  create(parameters: ReadonlyMap<string, string>, deps: AlgorithmDeps): Algorithm;
}
