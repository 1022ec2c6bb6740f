import type { Load } from '../../proto';
import { DeadlineHeap } from './deadline-heap';
import type { LeaseTime } from './lease-time';

/** What keeps a node alive at this control plane. */
export interface Lease {
  readonly id: string;
  readonly nodeId: string;
  readonly incarnation: string;
  /** IP address that it was granted to. */
  readonly peerHost: string;
  /** Incarnations of the node that this lease replaced, newest first, at most eight. */
  readonly replaced: readonly string[];
  /** In lease time, ms. */
  heardAtMs: number;
  deadlineMs: number;
  /** The TTL has passed; the next heartbeat still revives it. */
  expired: boolean;
  /** What the node last said of its load. */
  load: Load | undefined;
}

export interface LeaseTableOptions {
  readonly time: LeaseTime;
  readonly ttlMs: number;
  /** Unguessable. */
  readonly newId: () => string;
}

const MAX_REPLACED = 8;

/** The leases of this control plane. A heartbeat costs two look-ups and no heap operation: the heap is corrected when it comes due. */
export class LeaseTable {
  readonly #options: LeaseTableOptions;
  readonly #byId = new Map<string, Lease>();
  readonly #byNode = new Map<string, Lease>();
  readonly #heap = new DeadlineHeap<Lease>();

  constructor(options: LeaseTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Lease | undefined {
    return this.#byId.get(id);
  }

  ofNode(nodeId: string): Lease | undefined {
    return this.#byNode.get(nodeId);
  }

  /** A new lease; the node's old one, if any, ends. */
  grant(nodeId: string, incarnation: string, peerHost: string): Lease {
    const old = this.#byNode.get(nodeId);
    const now = this.#options.time.now();
    const lease: Lease = {
      id: this.#options.newId(),
      nodeId,
      incarnation,
      peerHost,
      replaced: replacedBy(incarnation, old),
      heardAtMs: now,
      deadlineMs: now + this.#options.ttlMs,
      expired: false,
      load: undefined,
    };
    if (old !== undefined) this.#byId.delete(old.id);
    this.#byId.set(lease.id, lease);
    this.#byNode.set(nodeId, lease);
    this.#heap.push(lease.deadlineMs, lease);
    return lease;
  }

  /** Something was heard. */
  renew(lease: Lease): void {
    const now = this.#options.time.now();
    lease.heardAtMs = now;
    lease.deadlineMs = now + this.#options.ttlMs;
    if (!lease.expired) return;
    lease.expired = false;
    this.#heap.push(lease.deadlineMs, lease);
  }

  end(nodeId: string): void {
    const lease = this.#byNode.get(nodeId);
    if (lease === undefined) return;
    this.#byNode.delete(nodeId);
    this.#byId.delete(lease.id);
  }

  /** Marks and returns those whose TTL has passed since the last call. */
  expire(nowMs: number): Lease[] {
    const expired: Lease[] = [];
    for (let lease = this.#heap.popDue(nowMs); lease !== undefined; lease = this.#heap.popDue(nowMs)) {
      if (this.#byId.get(lease.id) !== lease) continue;
      if (lease.deadlineMs > nowMs) {
        this.#heap.push(lease.deadlineMs, lease);
        continue;
      }
      lease.expired = true;
      expired.push(lease);
    }
    return expired;
  }

  /** Ms since the lease was heard of. */
  silentMs(lease: Lease): number {
    return Math.max(0, this.#options.time.now() - lease.heardAtMs);
  }
}

function replacedBy(incarnation: string, old: Lease | undefined): readonly string[] {
  if (old === undefined || old.incarnation === incarnation) return old?.replaced ?? [];
  return [old.incarnation, ...old.replaced].slice(0, MAX_REPLACED);
}
