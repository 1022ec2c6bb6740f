import type { EjectionScope, PlaneCore, PlaneNode } from '../../data-plane';
import type { Counter } from '../../runtime/counters';

/** The configuration's `sip.health`. */
export interface HealthSettings {
  /** Status codes of a node that count as its failures. */
  readonly failureCodes: readonly number[];
  /** More failures than this within `failureWindowMs` eject a node; null: none do. */
  readonly maxFailures: number | null;
  readonly failureWindowMs: number;
  /** More requests than this without any response, the last one longer ago than `unansweredMs`, eject a node; null: never. */
  readonly maxUnanswered: number | null;
  readonly unansweredMs: number;
  /** So many connections refused or timed out in a row eject a node; null: never. */
  readonly maxUnreachable: number | null;
  /** Time of the first ejection, ms; each further one soon after is longer by as much. */
  readonly ejectMs: number;
  /** The longest Retry-After that is kept to, s; 0: none is. */
  readonly maxRetryAfterSeconds: number;
  /** Most nodes that may be ejected at a time, in percent. */
  readonly maxEjectedPercent: number;
}

/** What is known of one node. */
interface Record {
  readonly incarnation: string;
  failures: number;
  windowStartMs: number;
  unanswered: number;
  firstUnansweredMs: number;
  unreachable: number;
  ejections: number;
  untilMs: number;
}

const MAX_RECORDS = 20_000;
const MAX_TIMES = 10;
const MAX_STATUS = 700;

/**
 * Ejects nodes whose traffic shows that they are not well (guides: responsesStatusCodeNodeRemoval, maxRequestNumberWithoutResponse): from new
 * calls when they answer errors, from all work when they are not there. They come back by themselves, with a slow start.
 */
export class NodeHealth {
  readonly #core: PlaneCore;
  readonly #settings: HealthSettings;
  readonly #isFailure = new Uint8Array(MAX_STATUS);
  readonly #records = new Map<string, Record>();
  readonly #ejections: Counter;

  constructor(core: PlaneCore, settings: HealthSettings) {
    this.#core = core;
    this.#settings = settings;
    for (const code of settings.failureCodes) this.#isFailure[code] = 1;
    this.#ejections = core.counters.counter('sip.ejections');
    core.counters.gauge('sip.ejected', () => core.balancer.ejected);
  }

  /** A request that wants an answer went to a node. */
  requested(node: PlaneNode, nowMs: number): void {
    const { maxUnanswered, unansweredMs } = this.#settings;
    if (maxUnanswered === null) return;
    const record = this.#recordOf(node);
    if (record.unanswered === 0) record.firstUnansweredMs = nowMs;
    record.unanswered += 1;
    if (record.unanswered <= maxUnanswered || nowMs - record.firstUnansweredMs <= unansweredMs) return;
    record.unanswered = 0;
    this.#eject(record, node, 'all', 'it answers nothing');
  }

  /** A response came from a node. */
  responded(node: PlaneNode, status: number, nowMs: number): void {
    const { maxFailures, maxUnanswered, maxUnreachable } = this.#settings;
    const failed = maxFailures !== null && this.#isFailure[status] === 1;
    if (!failed && maxUnanswered === null && maxUnreachable === null) return;
    const record = failed ? this.#recordOf(node) : this.#records.get(node.id);
    if (record === undefined) return;
    record.unanswered = 0;
    record.unreachable = 0;
    if (failed) this.#failed(record, node, nowMs);
  }

  /** A connection to the node was refused or timed out. */
  unreachable(node: PlaneNode): void {
    const { maxUnreachable } = this.#settings;
    if (maxUnreachable === null) return;
    const record = this.#recordOf(node);
    record.unreachable += 1;
    if (record.unreachable < maxUnreachable) return;
    record.unreachable = 0;
    this.#eject(record, node, 'all', 'its address refuses');
  }

  /** The node answered 503 and asked for some time without new calls (RFC 3261 20.33), s. */
  retryAfter(node: PlaneNode, seconds: number, nowMs: number): void {
    const ms = Math.min(seconds, this.#settings.maxRetryAfterSeconds) * 1000;
    const record = this.#recordOf(node);
    if (ms <= 0 || nowMs + ms <= record.untilMs || !this.#mayEject(record, nowMs)) return;
    if (!this.#core.balancer.eject(node.id, nowMs + ms, 'new')) return;
    record.untilMs = nowMs + ms;
    this.#ejections.value += 1;
    this.#core.logger.info({ node: node.id, ms }, 'no new calls for a node: it answered 503 with Retry-After');
  }

  /** The window begins with its first failure. */
  #failed(record: Record, node: PlaneNode, nowMs: number): void {
    const { maxFailures, failureWindowMs } = this.#settings;
    if (record.failures === 0 || nowMs - record.windowStartMs > failureWindowMs) {
      record.failures = 0;
      record.windowStartMs = nowMs;
    }
    record.failures += 1;
    if (record.failures <= (maxFailures ?? 0)) return;
    record.failures = 0;
    this.#eject(record, node, 'new', 'its answers fail');
  }

  #eject(record: Record, node: PlaneNode, scope: EjectionScope, why: string): void {
    const { balancer, clock, logger } = this.#core;
    const nowMs = clock.now();
    if (nowMs < record.untilMs && scope === 'new') return;
    if (!this.#mayEject(record, nowMs)) return;
    const { ejectMs } = this.#settings;
    // A node that was well for as long as it was away last time starts anew.
    const wellMs = nowMs - record.untilMs;
    const times = wellMs > ejectMs * Math.max(1, record.ejections) ? 1 : record.ejections + 1;
    const ms = ejectMs * Math.min(times, MAX_TIMES);
    if (!balancer.eject(node.id, nowMs + ms, scope)) return;
    record.ejections = times;
    record.untilMs = nowMs + ms;
    this.#ejections.value += 1;
    logger.warn({ node: node.id, ms, scope }, `node ejected: ${why}`);
  }

  /** One that is out already makes no further hole. */
  #mayEject(record: Record, nowMs: number): boolean {
    if (nowMs < record.untilMs) return true;
    const { balancer, table } = this.#core;
    const allowed = Math.max(1, Math.floor((table.nodes.length * this.#settings.maxEjectedPercent) / 100));
    return balancer.ejected < allowed;
  }

  #recordOf(node: PlaneNode): Record {
    const known = this.#records.get(node.id);
    if (known?.incarnation === node.incarnation) return known;
    if (this.#records.size >= MAX_RECORDS) this.#records.clear();
    const record = {
      incarnation: node.incarnation,
      failures: 0,
      windowStartMs: 0,
      unanswered: 0,
      firstUnansweredMs: 0,
      unreachable: 0,
      ejections: 0,
      untilMs: Number.NEGATIVE_INFINITY,
    };
    this.#records.set(node.id, record);
    return record;
  }
}
