import type { PlaneNode } from '../../data-plane';
import type { Transport } from '../../proto';
import { wire } from '../message';
import type { NodeExits } from './node-exits';

const NOTHING = Buffer.alloc(0);

/**
 * The predecessor's node hint, `;node_host=…;node_port=…;version=…`, for servers that read it from Record-Route (guides 1.10). Beside our
 * signed one: outside it is never believed.
 */
export class RestcommHint {
  readonly #exits: NodeExits;
  /** Node objects are replaced when anything about them changes. */
  readonly #known = new WeakMap<PlaneNode, Map<Transport, Buffer>>();

  constructor(exits: NodeExits) {
    this.#exits = exits;
  }

  /** The parameters for a node at its endpoint of that transport, or of the next best. */
  params(node: PlaneNode, transport: Transport): Buffer {
    const known = this.#known.get(node) ?? new Map<Transport, Buffer>();
    const params = known.get(transport) ?? this.#write(node, transport);
    known.set(transport, params);
    this.#known.set(node, known);
    return params;
  }

  #write(node: PlaneNode, transport: Transport): Buffer {
    const peer = this.#exits.choose(node, transport)?.peer;
    if (peer === undefined) return NOTHING;
    const host = peer.family === 6 ? `[${peer.host}]` : peer.host;
    const version = /^[\w.+!~-]+$/.test(node.version) ? `;version=${node.version}` : '';
    return wire(`;node_host=${host};node_port=${peer.port}${version}`);
  }
}
