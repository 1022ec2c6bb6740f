import { StoredValue, type NodeRecord } from '../../proto';
import { NODES, nodeKey, nodeOf, recordOf, type Entry, type Store } from '../store';
import { Refusal } from './refusal';

/** What to do with a record: write this one, delete it, or leave it as it is. */
export type Change = NodeRecord | 'delete' | undefined;

const MAX_TRIES = 10;

/** The node records of the store, changed by read, decide, compare-and-set. */
export class NodeRecords {
  readonly #store: Store;
  readonly #keys = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
    for (const { key } of store.list(NODES)) this.#keys.add(key);
    store.watch((commits) => {
      for (const { key, value } of commits) {
        if (!key.startsWith(NODES)) continue;
        if (value === undefined) this.#keys.delete(key);
        else this.#keys.add(key);
      }
    });
  }

  /** How many there are. */
  get size(): number {
    return this.#keys.size;
  }

  get(nodeId: string): NodeRecord | undefined {
    const entry = this.#store.get(nodeKey(nodeId));
    const record = recordOf(entry?.value);
    if (entry === undefined || record === undefined) return undefined;
    return { ...record, node: nodeOf(entry.value, entry.index) };
  }

  /** All of them, in no order. */
  *list(): Iterable<NodeRecord> {
    for (const { value, index } of this.#store.list(NODES)) {
      const record = recordOf(value);
      if (record !== undefined) yield { ...record, node: nodeOf(value, index) };
    }
  }

  /** Asks `decide` and writes its answer; asks again when somebody else was faster. Resolves to the record as it then is. Throws Refusal CONTENDED. */
  async change(
    nodeId: string,
    traceparent: string,
    decide: (record: NodeRecord | undefined) => Change,
  ): Promise<NodeRecord | undefined> {
    const key = nodeKey(nodeId);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const entry = this.#store.get(key);
      const change = decide(recordOf(entry?.value));
      if (change === undefined) return this.get(nodeId);
      if (change === 'delete') {
        if (entry === undefined || (await this.#store.delete(key, entry.index, traceparent))) return undefined;
        continue;
      }
      const content = { $case: 'node' as const, value: withRegisteredIndex(change, entry) };
      const value = StoredValue.create({ traceparent, content });
      if ((await this.#store.compareAndSet(key, value, entry?.index ?? 0)) !== undefined) return this.get(nodeId);
    }
    throw new Refusal('CONTENDED', `${nodeId} changes faster than it can be written; try again`, { node_id: nodeId });
  }
}

/** A new record's index is that of its first commit, which is not known yet: 0 stands for it. */
function withRegisteredIndex(record: NodeRecord, entry: Entry | undefined): NodeRecord {
  if (record.node === undefined) return record;
  const registeredIndex = entry === undefined ? 0 : (nodeOf(entry.value, entry.index)?.registeredIndex ?? 0);
  return { ...record, node: { ...record.node, registeredIndex } };
}
