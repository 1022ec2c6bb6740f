import { NodeState, toMs, type Assignment, type BindSessionRequest, type Node } from '../../proto';
import { Refusal, type Registry } from '../registry';
import type { SessionTable } from './session-table';

const MAX_KEYS = 1000;
const MAX_KEY_LENGTH = 256;
const DEFAULT_TTL_MS = 3_600_000;
const MIN_TTL_MS = 1000;
const MAX_TTL_MS = 86_400_000;

/** What nodes and planes ask of the session table, checked. */
export class SessionRequests {
  readonly #table: SessionTable;
  readonly #registry: Registry;

  constructor(table: SessionTable, registry: Registry) {
    this.#table = table;
    this.#registry = registry;
  }

  /** Throws Refusal LEASE_UNKNOWN, NODE_UNKNOWN, INVALID. */
  bind({ leaseId, nodeId, keys, ttl }: BindSessionRequest): void {
    const owner = this.#registry.ofLease(leaseId);
    if (owner === undefined) throw leaseUnknown();
    const target = nodeId === '' ? owner : this.#registry.get(nodeId)?.node;
    if (target === undefined) {
      throw new Refusal('NODE_UNKNOWN', `no node ${JSON.stringify(nodeId)}`, { node_id: nodeId });
    }
    checkKeys(keys);
    const ttlMs = ttlOf(ttl);
    for (const key of keys) this.#table.pin(target.pool, key, target.nodeId, ttlMs);
  }

  /** Throws Refusal LEASE_UNKNOWN, NODE_UNKNOWN. */
  switchover(leaseId: string, fromRoute: string, toRoute: string): void {
    if (this.#registry.ofLease(leaseId) === undefined) throw leaseUnknown();
    this.move(fromRoute, toRoute);
  }

  /** The same for those who hold no lease. Throws Refusal NODE_UNKNOWN, INVALID. */
  move(fromRoute: string, toRoute: string): void {
    const from = this.#ofRoute(fromRoute);
    const to = this.#ofRoute(toRoute);
    if (from.nodeId === to.nodeId) {
      throw new Refusal('INVALID', 'to_jvm_route: expected another node', { field: 'to_jvm_route' });
    }
    this.#table.move(from.nodeId, from.incarnation, to.nodeId);
  }

  /** Assignments that a plane made. What cannot be is left out. */
  report(assignments: readonly Assignment[]): void {
    for (const { pool, key, nodeId, ttl } of assignments.slice(0, MAX_KEYS)) {
      if (key === '' || key.length > MAX_KEY_LENGTH || this.#registry.get(nodeId) === undefined) continue;
      const ttlMs = ttl === undefined ? DEFAULT_TTL_MS : clamp(toMs(ttl));
      this.#table.suggest({ pool, key, nodeId, ttlMs }, (id) => this.#isLive(id));
    }
  }

  #isLive(nodeId: string): boolean {
    const state = this.#registry.get(nodeId)?.node.state;
    return state === NodeState.ACTIVE || state === NodeState.DRAINING;
  }

  #ofRoute(route: string): Node {
    const found = this.#registry.list().find(({ node }) => (node.jvmRoute || node.nodeId) === route)?.node;
    if (found !== undefined) return found;
    throw new Refusal('NODE_UNKNOWN', `no node has the jvmRoute ${JSON.stringify(route)}`, { jvm_route: route });
  }
}

function checkKeys(keys: readonly string[]): void {
  const bad = keys.length < 1 || keys.length > MAX_KEYS;
  if (bad) throw new Refusal('INVALID', `keys: expected 1-${MAX_KEYS} of them, got ${keys.length}`, { field: 'keys' });
  if (keys.every((key) => key !== '' && key.length <= MAX_KEY_LENGTH)) return;
  throw new Refusal('INVALID', `keys: expected 1-${MAX_KEY_LENGTH} characters each`, { field: 'keys' });
}

function ttlOf(ttl: BindSessionRequest['ttl']): number {
  if (ttl === undefined) return DEFAULT_TTL_MS;
  const ms = toMs(ttl);
  if (ms >= MIN_TTL_MS && ms <= MAX_TTL_MS) return ms;
  throw new Refusal('INVALID', `ttl: expected 1-86400 s, got ${ms / 1000} s`, { field: 'ttl' });
}

function clamp(ms: number): number {
  return Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ms));
}

function leaseUnknown(): Refusal {
  return new Refusal('LEASE_UNKNOWN', 'the lease is not known; register again');
}
