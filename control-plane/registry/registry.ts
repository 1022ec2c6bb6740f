import { Node, NodeState, type Load, type NodeRecord } from '../../proto';
import type { Clock } from '../../runtime/clock';
import type { Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import { NODES, recordOf, type Commit, type Store } from '../store';
import { admit, tooManyNodes } from './admission';
import { Drains, type PlaneProgress } from './drains';
import { GuardKeeper } from './guard-keeper';
import { LeaseTable, type Lease } from './lease-table';
import { LeaseTime } from './lease-time';
import { NodeRecords } from './node-records';
import { PlacedNodes } from './placed-nodes';
import { STATIC, drainingRecord, isPlaced, recordFor, required, withState, type PlacedSource } from './record-state';
import { validateNode } from './validate-node';

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly lease: { readonly ttlMs: number; readonly removalDelayMs: number };
  readonly guard: { readonly percent: number; readonly minNodes: number; readonly maxMs: number };
  /** Unguessable lease ids. */
  readonly newLeaseId: () => string;
  /** Random id of this process: the holder of the nodes that it hears. */
  readonly holderId: string;
  /** Whether the control plane of that id still lives; when in doubt it does. */
  readonly isHolderAlive: (holderId: string) => boolean;
  /** The planes that are connected now. */
  readonly planes: () => readonly PlaneProgress[];
}

/** Who wants to be which node. */
export interface Registration {
  readonly node: Node | undefined;
  /** IP address that the request came from. */
  readonly peerHost: string;
  /** "grpc", "sip" or "http". */
  readonly source: string;
  /** Of the change; '' for none. */
  readonly traceparent: string;
}

/** A node with what only this control plane knows of it. */
export interface NodeView {
  readonly record: NodeRecord;
  readonly node: Node;
  /** Undefined: it needs none, or gave it up. */
  readonly lease: Lease | undefined;
  /** Ms since its last heartbeat; undefined without a lease. */
  readonly silentMs: number | undefined;
}

const MAX_NODES = 10_000;
const SWEEPS_PER_TTL = 10;

/** The nodes of the cluster and their lives: ACTIVE, SUSPECT when silent, removed; DRAINING and MAINTENANCE when somebody says so. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #records: NodeRecords;
  readonly #time: LeaseTime;
  readonly #leases: LeaseTable;
  readonly #guard: GuardKeeper;
  readonly #placed: PlacedNodes;
  readonly #drains = new Drains();
  /** SUSPECT nodes to when they became it, in lease time. */
  readonly #suspects = new Map<string, number>();

  constructor(options: RegistryOptions) {
    const { clock, lease, guard, store, logger, newLeaseId } = options;
    this.#options = options;
    this.#records = new NodeRecords(store);
    this.#time = new LeaseTime(clock, this.sweepIntervalMs);
    this.#leases = new LeaseTable({ time: this.#time, ttlMs: lease.ttlMs, newId: newLeaseId });
    this.#guard = new GuardKeeper({
      store,
      logger,
      records: this.#records,
      guard: { ...guard, windowMs: lease.ttlMs },
    });
    this.#placed = new PlacedNodes({
      ...options,
      records: this.#records,
      guard: this.#guard,
      time: this.#time,
      suspects: this.#suspects,
    });
    store.watch((commits) => this.#follow(commits));
  }

  /** How often `sweep` is to be called. */
  get sweepIntervalMs(): number {
    return this.#options.lease.ttlMs / SWEEPS_PER_TTL;
  }

  get guardActive(): boolean {
    return this.#guard.active;
  }

  get size(): number {
    return this.#records.size;
  }

  get(nodeId: string): NodeView | undefined {
    const record = this.#records.get(nodeId);
    return record === undefined ? undefined : this.#view(record);
  }

  /** All nodes, sorted by id. */
  list(): NodeView[] {
    const views = [...this.#records.list()].map((record) => this.#view(record));
    return views.sort((a, b) => (a.node.nodeId < b.node.nodeId ? -1 : 1));
  }

  /** The node that holds the lease, unless it has expired. */
  ofLease(leaseId: string): Node | undefined {
    const lease = this.#leases.get(leaseId);
    return lease === undefined || lease.expired ? undefined : this.#records.get(lease.nodeId)?.node;
  }

  /** The id of the node that holds the lease, also when it has expired. */
  holderOf(leaseId: string): string | undefined {
    return this.#leases.get(leaseId)?.nodeId;
  }

  /** Grants a lease. Throws Refusal INVALID, NODE_ID_TAKEN, INCARNATION_REPLACED, TOO_MANY_NODES. */
  async register(registration: Registration): Promise<{ lease: Lease; state: NodeState }> {
    const { clock, holderId } = this.#options;
    const node = validateNode(registration.node);
    const old = this.#leases.ofNode(node.nodeId);
    const record = this.#records.get(node.nodeId);
    if (record === undefined && this.#records.size >= MAX_NODES) throw tooManyNodes(MAX_NODES);
    const elsewhere = record !== undefined && this.#isHeardElsewhere(record) ? record.node : undefined;
    admit(node, registration, { lease: old, source: record?.source, elsewhere });
    const kept = await this.#records.change(node.nodeId, registration.traceparent, (held) =>
      recordFor(node, held, { source: registration.source, holderId, now: clock.date() }),
    );
    const same = old?.incarnation === node.incarnation ? old : undefined;
    const lease = same ?? this.#leases.grant(node.nodeId, node.incarnation, registration.peerHost);
    if (same !== undefined) this.#leases.renew(same);
    this.#suspects.delete(node.nodeId);
    if (kept?.wantedState !== NodeState.DRAINING) this.#drains.end(node.nodeId);
    if (same === undefined) this.#note('registered', node, registration);
    return { lease, state: kept?.node?.state ?? NodeState.ACTIVE };
  }

  /** Says whether a node of the configuration, or an imported one, is well; the first time makes it known. It needs no lease. Throws Refusal INVALID. */
  place(node: Node, well: boolean, source: PlacedSource = STATIC): Promise<void> {
    return this.#placed.place(node, well, source);
  }

  /** Such a node is not there any more: SUSPECT now, removed in time. Nothing happens to one that another control plane speaks for. */
  fade(nodeId: string): Promise<void> {
    return this.#placed.fade(nodeId);
  }

  /** A heartbeat. Undefined: the lease is not known (any more). */
  renew(leaseId: string, load?: Load): NodeState | undefined {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return undefined;
    const wasExpired = lease.expired;
    this.#leases.renew(lease);
    lease.load = load ?? lease.load;
    if (wasExpired) this.#revive(lease);
    return this.#records.get(lease.nodeId)?.node?.state ?? NodeState.ACTIVE;
  }

  /** The node leaves: now, or (with `drainMs` > 0) when its sessions are over. An unknown lease is no fault. */
  async deregister(leaseId: string, drainMs: number, traceparent: string): Promise<void> {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return;
    const { nodeId } = lease;
    this.#leases.end(nodeId);
    this.#suspects.delete(nodeId);
    const record = await this.#records.change(nodeId, traceparent, (held) => {
      if (held?.held === true) return withState(held, NodeState.MAINTENANCE);
      return held === undefined || drainMs <= 0
        ? 'delete'
        : { ...this.#draining(held, drainMs, NodeState.DRAINING), leaving: true };
    });
    this.#followDrain(nodeId, record, drainMs);
    this.#options.logger.info({ node: nodeId, drainMs }, 'node deregistered');
  }

  /** An operator's drain; `timeoutMs` 0: MAINTENANCE at once. Throws Refusal NODE_UNKNOWN. */
  async drain(nodeId: string, timeoutMs: number, traceparent: string): Promise<NodeView> {
    const record = await this.#records.change(nodeId, traceparent, (found) => {
      const held = required(found, nodeId);
      if (held.wantedState === NodeState.MAINTENANCE) return held.held ? undefined : { ...held, held: true };
      if (timeoutMs <= 0) return { ...withState(held, NodeState.MAINTENANCE), held: true };
      const suspect = held.node?.state === NodeState.SUSPECT;
      return { ...this.#draining(held, timeoutMs, suspect ? NodeState.SUSPECT : NodeState.DRAINING), held: true };
    });
    this.#followDrain(nodeId, record, timeoutMs);
    return this.#view(required(record, nodeId));
  }

  /** Back to ACTIVE (or SUSPECT while it is silent). Throws Refusal NODE_UNKNOWN. */
  async resume(nodeId: string, traceparent: string): Promise<NodeView> {
    const lease = this.#leases.ofNode(nodeId);
    const silent = lease === undefined || lease.expired;
    const record = await this.#records.change(nodeId, traceparent, (found) => {
      const held = required(found, nodeId);
      if (held.wantedState === NodeState.ACTIVE && !held.held) return undefined;
      const needsLease = !isPlaced(held);
      const state = needsLease && silent ? NodeState.SUSPECT : NodeState.ACTIVE;
      return { ...withState(held, NodeState.ACTIVE, state), held: false, leaving: false };
    });
    this.#drains.end(nodeId);
    const found = required(record, nodeId);
    if (found.node?.state === NodeState.SUSPECT && !isPlaced(found) && !this.#suspects.has(nodeId)) {
      this.#suspects.set(nodeId, this.#time.now());
    }
    return this.#view(found);
  }

  /** Forgets the node; a live one registers again by itself. Throws Refusal NODE_UNKNOWN. */
  async remove(nodeId: string, traceparent: string): Promise<void> {
    await this.#records.change(nodeId, traceparent, (found) => (required(found, nodeId), 'delete'));
    this.#forget(nodeId);
  }

  /** Expires leases, ends drains, removes what was silent for too long, raises and ends the guard. */
  sweep(): void {
    const now = this.#time.tick();
    if (this.#options.store.frozen) {
      // Nothing can be written, and nodes may have gone to another control plane: no lease runs out meanwhile.
      this.#time.hold();
      return;
    }
    for (const lease of this.#leases.expire(now)) this.#suspect(lease, now);
    this.#guard.update(now);
    if (!this.guardActive) this.#removeSilent(now);
    if (this.#drains.size > 0) this.#endDrains(now);
  }

  /** Takes over the nodes whose control plane is gone and that nobody else took: they are silent from now on. */
  adoptOrphans(): void {
    const { holderId, isHolderAlive, store } = this.#options;
    if (store.frozen) return;
    for (const record of this.#records.list()) {
      const { node, holder, wantedState, leaving } = record;
      if (node === undefined || holder === holderId || isHolderAlive(holder)) continue;
      const { nodeId } = node;
      if (isPlaced(record)) {
        this.#placed.fadeUnspoken(nodeId).catch((error: unknown) => this.#notWritten(nodeId, error));
        continue;
      }
      const silent = wantedState !== NodeState.MAINTENANCE && !leaving;
      if (silent) {
        this.#suspects.set(nodeId, this.#time.now());
        this.#guard.note(node.pool, this.#time.now());
      }
      this.#options.logger.warn({ node: nodeId, holder }, 'the control plane of a node is gone: no new work for it');
      this.#later(nodeId, (found) => {
        if (found?.holder !== holder) return undefined;
        const next = silent ? withState(found, found.wantedState, NodeState.SUSPECT) : found;
        return { ...next, holder: holderId };
      });
    }
  }

  /** Other control planes change nodes too: what they hold is no longer ours, what they drain we drain. */
  #follow(commits: readonly Commit[]): void {
    for (const { key, value, index } of commits) {
      if (!key.startsWith(NODES)) continue;
      const nodeId = key.slice(NODES.length);
      const record = recordOf(value);
      const { holderId, isHolderAlive } = this.#options;
      if (record === undefined || record.holder === holderId || isHolderAlive(record.holder))
        this.#placed.spoken(nodeId);
      if (record === undefined) this.#forget(nodeId);
      else if (record.holder !== holderId && (!isPlaced(record) || isHolderAlive(record.holder))) {
        this.#leases.end(nodeId);
        this.#suspects.delete(nodeId);
      }
      if (record?.wantedState !== NodeState.DRAINING) this.#drains.end(nodeId);
      else if (!this.#drains.has(nodeId)) this.#beginDrain(nodeId, record, index);
    }
  }

  #beginDrain(nodeId: string, { node }: NodeRecord, index: number): void {
    const untilMs = (node?.drainDeadline?.getTime() ?? 0) - this.#options.clock.date().getTime();
    this.#drains.begin(nodeId, this.#time.now() + Math.max(0, untilMs), index);
  }

  #isHeardElsewhere({ holder }: NodeRecord): boolean {
    return holder !== this.#options.holderId && this.#options.isHolderAlive(holder);
  }

  #draining(record: NodeRecord, drainMs: number, state: NodeState): NodeRecord {
    return drainingRecord(record, state, new Date(this.#options.clock.date().getTime() + drainMs));
  }

  #followDrain(nodeId: string, record: NodeRecord | undefined, drainMs: number): void {
    if (record?.wantedState !== NodeState.DRAINING) this.#drains.end(nodeId);
    else this.#drains.begin(nodeId, this.#time.now() + drainMs, record.node?.changedIndex ?? 0);
  }

  #revive({ nodeId }: Lease): void {
    this.#suspects.delete(nodeId);
    this.#later(nodeId, (record) =>
      record?.node?.state === NodeState.SUSPECT ? withState(record, record.wantedState) : undefined,
    );
    this.#options.logger.info({ node: nodeId }, 'node is heard again');
  }

  #suspect({ nodeId }: Lease, now: number): void {
    const record = this.#records.get(nodeId);
    if (record === undefined || record.wantedState === NodeState.MAINTENANCE) return;
    this.#suspects.set(nodeId, now);
    this.#guard.note(record.node?.pool ?? '', now);
    this.#options.counters.counter('control.nodes.expired').value += 1;
    this.#options.logger.warn({ node: nodeId }, 'node is silent: no new work for it');
    this.#later(nodeId, (found) => found && withState(found, found.wantedState, NodeState.SUSPECT));
  }

  #removeSilent(now: number): void {
    for (const [nodeId, since] of this.#suspects) {
      if (now - since < this.#options.lease.removalDelayMs) continue;
      this.#forget(nodeId);
      this.#options.counters.counter('control.nodes.removed').value += 1;
      this.#options.logger.warn({ node: nodeId }, 'node stayed silent: removed');
      this.#later(nodeId, (found) => (found?.held === true ? withState(found, NodeState.MAINTENANCE) : 'delete'));
    }
  }

  #endDrains(now: number): void {
    for (const nodeId of this.#drains.finished(this.#options.planes(), now, this.#options.clock.now())) {
      this.#drains.end(nodeId);
      this.#suspects.delete(nodeId);
      this.#options.logger.info({ node: nodeId }, 'drain is over');
      this.#later(nodeId, (found) => {
        if (found === undefined || found.leaving) return 'delete';
        return withState(found, NodeState.MAINTENANCE);
      });
    }
  }

  #forget(nodeId: string): void {
    this.#leases.end(nodeId);
    this.#suspects.delete(nodeId);
    this.#drains.end(nodeId);
  }

  /** A change that nobody waits for. */
  #later(nodeId: string, decide: (record: NodeRecord | undefined) => NodeRecord | 'delete' | undefined): void {
    this.#records.change(nodeId, '', decide).catch((error: unknown) => this.#notWritten(nodeId, error));
  }

  #notWritten(nodeId: string, error: unknown): void {
    this.#options.logger.error({ err: error, node: nodeId }, 'cannot write a node');
  }

  #view(record: NodeRecord): NodeView {
    const node = record.node ?? Node.create({});
    const lease = this.#leases.ofNode(node.nodeId);
    return { record, node, lease, silentMs: lease === undefined ? undefined : this.#leases.silentMs(lease) };
  }

  #note(event: string, node: Node, { source, peerHost }: Registration): void {
    this.#options.counters.counter(`control.nodes.${event}`).value += 1;
    this.#options.logger.info({ node: node.nodeId, pool: node.pool, source, peer: peerHost }, `node ${event}`);
  }
}
