import type { PlaneNode } from '../nodes';

/** Does an operator's word name the node: its id, the IP address of one of its endpoints, or `address:port` (`[v6]:port`)? */
function namesNode(name: string, node: PlaneNode): boolean {
  if (name === node.id) return true;
  for (let i = 0; i < node.endpoints.length; i += 1) {
    const { host, port } = node.endpoints[i] as PlaneNode['endpoints'][number];
    if (name === host || name === `${host}:${port}` || name === `[${host}]:${port}`) return true;
  }
  return false;
}

/** Nodes by what operators call them. Remembers its last answer, for node lists stay the same from push to push. */
export class NamedNodes {
  readonly #names: readonly string[];
  #nodes: readonly PlaneNode[] | undefined;
  #members: readonly PlaneNode[] = [];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  has(node: PlaneNode): boolean {
    return this.#names.some((name) => namesNode(name, node));
  }

  /** Those of the nodes that are named, in the same order. */
  among(nodes: readonly PlaneNode[]): readonly PlaneNode[] {
    if (nodes === this.#nodes) return this.#members;
    this.#nodes = nodes;
    this.#members = nodes.filter((node) => this.has(node));
    return this.#members;
  }
}
