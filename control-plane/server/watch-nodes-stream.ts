import { WatchNodesResponse } from '../../proto';
import { NODES } from '../store';
import { nodeStatus } from './node-status';
import type { OpenStream, StreamHandlers } from './open-streams';
import type { ServiceContext } from './service-context';

const PAGE_SIZE = 500;

/** One WatchNodes stream: all nodes, then what changes; a slow reader gets the newest state of what changed meanwhile. */
export class WatchNodesStream implements StreamHandlers<never> {
  readonly #context: ServiceContext;
  readonly #stream: OpenStream<WatchNodesResponse>;
  readonly #dirty = new Set<string>();
  readonly #unwatch: () => void;
  #writable = true;

  constructor(context: ServiceContext, stream: OpenStream<WatchNodesResponse>) {
    this.#context = context;
    this.#stream = stream;
    for (const { node } of context.registry.list()) this.#dirty.add(node.nodeId);
    this.#unwatch = context.store.watch((commits) => {
      for (const { key } of commits) if (key.startsWith(NODES)) this.#dirty.add(key.slice(NODES.length));
      this.#flush();
    });
    if (this.#dirty.size === 0) this.#send([]);
    this.#flush();
  }

  onDrain(): void {
    this.#writable = true;
    this.#flush();
  }

  onClose(): void {
    this.#unwatch();
  }

  #flush(): void {
    while (this.#writable && this.#dirty.size > 0) {
      const ids = [...this.#dirty].slice(0, PAGE_SIZE);
      for (const id of ids) this.#dirty.delete(id);
      this.#send(ids);
    }
  }

  #send(ids: readonly string[]): void {
    const { registry, overview, hub } = this.#context;
    const figuresOf = overview.nodeFigures();
    const found = ids.map((id) => ({ id, view: registry.get(id) }));
    const views = found.flatMap(({ view }) => view ?? []);
    this.#writable = this.#stream.send(
      WatchNodesResponse.create({
        revision: hub.revision,
        upserts: views.map((view) => nodeStatus(view, figuresOf)),
        removals: found.filter(({ view }) => view === undefined).map(({ id }) => id),
      }),
    );
  }
}
