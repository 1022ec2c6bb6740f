import { TriplaneError, messageOf } from '../../runtime/errors';
import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmDeps, AlgorithmFactory, SelectionContext } from './algorithm';
import { rendezvous } from './rendezvous';
import { RoundRobin } from './round-robin';

/** Told of each fault of a loaded algorithm: what it threw, or what was wrong with its answer. */
export type FaultListener = (fault: string) => void;

/**
 * An algorithm from a file, kept from doing harm: when it throws, or names something that is none of the nodes, the choice is made
 * by round robin, and a stand-in by rendezvous.
 */
class GuardedAlgorithm implements Algorithm {
  readonly #inner: Algorithm;
  readonly #onFault: FaultListener;
  readonly #fallback = new RoundRobin();

  constructor(inner: Algorithm, onFault: FaultListener) {
    this.#inner = inner;
    this.#onFault = onFault;
  }

  get remembered(): number {
    const remembered: unknown = this.#try('remembered', () => this.#inner.remembered);
    return typeof remembered === 'number' ? remembered : 0;
  }

  select(key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    try {
      const node = this.#inner.select(key, nodes, context);
      if (node === undefined || isNode(node, nodes, context)) return node;
      this.#onFault('select returned something that is none of the nodes');
    } catch (error) {
      this.#onFault(`select threw: ${messageOf(error)}`);
    }
    return this.#fallback.select(key, nodes, context);
  }

  standIn(key: string, gone: PlaneNode, context: SelectionContext): PlaneNode | undefined {
    const heirs = context.heirs(gone.id);
    if (this.#inner.standIn === undefined) return rendezvous(key, heirs);
    const node = this.#try('standIn', () => this.#inner.standIn?.(key, gone, context));
    if (node !== undefined && isNode(node, heirs, context)) return node;
    if (node !== undefined) this.#onFault('standIn returned something that is none of the nodes');
    return rendezvous(key, heirs);
  }

  assigned(key: string, node: PlaneNode, context: SelectionContext): void {
    this.#try('assigned', () => this.#inner.assigned?.(key, node, context));
  }

  nodeAdded(node: PlaneNode): void {
    this.#try('nodeAdded', () => this.#inner.nodeAdded?.(node));
  }

  nodeRemoved(node: PlaneNode): void {
    this.#fallback.nodeRemoved(node);
    this.#try('nodeRemoved', () => this.#inner.nodeRemoved?.(node));
  }

  #try<T>(what: string, call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#onFault(`${what} threw: ${messageOf(error)}`);
      return undefined;
    }
  }
}

/** The factory with every algorithm that it makes guarded; what goes wrong while making one is ALGORITHM_PARAMETER. */
export function guardFactory(factory: AlgorithmFactory, onFault: FaultListener): AlgorithmFactory {
  const { name, parameters } = factory;
  return {
    name,
    parameters,
    create: (given: ReadonlyMap<string, string>, deps: AlgorithmDeps) =>
      new GuardedAlgorithm(make(factory, given, deps), onFault),
  };
}

function make(factory: AlgorithmFactory, given: ReadonlyMap<string, string>, deps: AlgorithmDeps): Algorithm {
  let algorithm: unknown;
  try {
    algorithm = factory.create(given, deps);
  } catch (error) {
    throw new TriplaneError('ALGORITHM_PARAMETER', `${factory.name}: ${messageOf(error)}`, { cause: error });
  }
  if (typeof (algorithm as Partial<Algorithm> | undefined)?.select === 'function') return algorithm as Algorithm;
  throw new TriplaneError(
    'ALGORITHM_PARAMETER',
    `${factory.name}: expected create() to return an object with select()`,
  );
}

function isNode(node: PlaneNode, nodes: readonly PlaneNode[], context: SelectionContext): boolean {
  return nodes.includes(node) || (typeof node === 'object' && node !== null && context.keeper(node.id) === node);
}
