import { NodeState, type Node, type NodeRecord } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { Logger } from '../../runtime/logger';
import type { GuardKeeper } from './guard-keeper';
import type { LeaseTime } from './lease-time';
import type { NodeRecords } from './node-records';
import { IMPORTED, isPlaced, recordFor, sameRecord, withState, type PlacedSource } from './record-state';
import { validateNode } from './validate-node';

export interface PlacedNodesOptions {
  readonly records: NodeRecords;
  readonly guard: GuardKeeper;
  readonly time: LeaseTime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly holderId: string;
  readonly isHolderAlive: (holderId: string) => boolean;
  /** SUSPECT nodes that are removed in time, to when they became it, in lease time. */
  readonly suspects: Map<string, number>;
}

/** Longer than any living control plane takes to speak for its nodes again. */
const UNSPOKEN_MS = 10_000;

/**
 * Nodes that do not come by themselves: those of the configuration and imported services. They have no lease; one of the control planes that
 * know of them speaks for each. A node that nobody speaks for any more goes as a silent one does, the mass-removal guard included.
 */
export class PlacedNodes {
  readonly #options: PlacedNodesOptions;
  /** Since when nobody speaks for them, in lease time. */
  readonly #unspoken = new Map<string, number>();

  constructor(options: PlacedNodesOptions) {
    this.#options = options;
  }

  /** Says whether a node is well; the first time makes it known. Throws Refusal INVALID. */
  async place(node: Node, well: boolean, source: PlacedSource): Promise<void> {
    const { records, suspects, guard, time, logger } = this.#options;
    const valid = validateNode(node);
    const { nodeId } = node;
    const before = records.get(nodeId)?.node?.state;
    const record = await records.change(nodeId, '', (held) => this.#placed(valid, well, source, held));
    const after = record?.node?.state;
    if (well && record?.source === source) suspects.delete(nodeId);
    if (before === NodeState.ACTIVE && after === NodeState.SUSPECT) guard.note(valid.pool, time.now());
    if (before !== after) logger.info({ node: nodeId, source, well }, 'node without a lease');
  }

  /** Nobody speaks for the node: no new work from now on, removed in time. Nothing happens to one that a living control plane speaks for. */
  async fade(nodeId: string): Promise<void> {
    const { records, suspects, guard, time, logger } = this.#options;
    const record = records.get(nodeId);
    if (record === undefined || !this.#mayFade(record)) return;
    if (!suspects.has(nodeId)) {
      suspects.set(nodeId, time.now());
      guard.note(record.node?.pool ?? '', time.now());
      logger.warn({ node: nodeId, source: record.source }, 'nobody speaks for the node any more: no new work for it');
    }
    await records.change(nodeId, '', (held) =>
      held !== undefined && this.#mayFade(held) && held.node?.state !== NodeState.SUSPECT
        ? withState(held, held.wantedState, NodeState.SUSPECT)
        : undefined,
    );
  }

  /** Of a node whose control plane is gone: another one has a while to speak for it. Call now and then. */
  async fadeUnspoken(nodeId: string): Promise<void> {
    const now = this.#options.time.now();
    const since = this.#unspoken.get(nodeId) ?? now;
    this.#unspoken.set(nodeId, since);
    if (now - since >= UNSPOKEN_MS) await this.fade(nodeId);
  }

  /** Somebody speaks for it again, or it is gone. */
  spoken(nodeId: string): void {
    this.#unspoken.delete(nodeId);
  }

  #placed(node: Node, well: boolean, source: PlacedSource, held: NodeRecord | undefined): NodeRecord | undefined {
    // Several control planes may know it; one of them speaks for it. An imported service takes no id of another node.
    if (held !== undefined && (this.#isSpokenElsewhere(held) || (source === IMPORTED && held.source !== source)))
      return undefined;
    const { clock, holderId } = this.#options;
    const placed = recordFor(node, held, { source, holderId, now: clock.date() }) ?? held;
    if (placed === undefined) return undefined;
    const suspect = !well && placed.wantedState !== NodeState.MAINTENANCE;
    const next = withState(placed, placed.wantedState, suspect ? NodeState.SUSPECT : placed.wantedState);
    return held !== undefined && sameRecord(held, next) ? undefined : next;
  }

  #mayFade(record: NodeRecord): boolean {
    return isPlaced(record) && !this.#isSpokenElsewhere(record) && record.wantedState !== NodeState.MAINTENANCE;
  }

  #isSpokenElsewhere(record: NodeRecord): boolean {
    const { holderId, isHolderAlive } = this.#options;
    return isPlaced(record) && record.holder !== holderId && isHolderAlive(record.holder);
  }
}
