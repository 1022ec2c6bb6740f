import type { Balancer, PlaneNode } from '../../data-plane';
import type { HttpConfig } from '../../runtime/config';
import type { Clock } from '../../runtime/clock';
import type { Counter, Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';

export interface NodeHealthDeps {
  readonly balancer: Pick<Balancer, 'eject' | 'ejected'>;
  /** How many nodes there are. */
  readonly nodeCount: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
}

interface Record {
  incarnation: string;
  failures: number;
  ejections: number;
  /** When the last ejection ends or ended. */
  untilMs: number;
}

/** Longest ejection, in times of the base. */
const MAX_TIMES = 10;
/** Nodes that failed once; beyond this many all is forgotten. */
const MAX_RECORDS = 10_000;

/**
 * Watches what nodes answer and ejects those that fail in a row (Envoy's outlier detection by consecutive 5xx). They come back by
 * themselves; each time that they fail again soon after, they stay away longer. Ejected, a node counts as dead for its sessions too.
 */
export class NodeHealth {
  readonly #config: HttpConfig['ejection'];
  readonly #pattern: RegExp | undefined;
  readonly #deps: NodeHealthDeps;
  readonly #records = new Map<string, Record>();
  readonly #ejections: Counter;

  constructor(config: HttpConfig, deps: NodeHealthDeps) {
    this.#config = config.ejection;
    this.#pattern = config.requestCheckPattern === undefined ? undefined : new RegExp(config.requestCheckPattern);
    this.#deps = deps;
    this.#ejections = deps.counters.counter('http.ejections');
    deps.counters.gauge('http.ejected', () => deps.balancer.ejected);
  }

  /** A node answered. */
  answered(node: PlaneNode, status: number, target: string): void {
    if (status >= 400 && this.#pattern?.test(target) === true) this.#eject(this.#recordOf(node), node);
    else if (status >= 500) this.failed(node);
    else {
      const record = this.#records.get(node.id);
      if (record !== undefined) record.failures = 0;
    }
  }

  /** A node took no connection, gave no answer, or a broken one. */
  failed(node: PlaneNode): void {
    if (this.#config.after === 0) return;
    const record = this.#recordOf(node);
    record.failures += 1;
    if (record.failures >= this.#config.after) this.#eject(record, node);
  }

  /** How many are ejected at that time. */
  #away(nowMs: number): number {
    let away = 0;
    for (const { untilMs } of this.#records.values()) if (untilMs > nowMs) away += 1;
    return away;
  }

  #recordOf(node: PlaneNode): Record {
    const known = this.#records.get(node.id);
    if (known?.incarnation === node.incarnation) return known;
    if (this.#records.size >= MAX_RECORDS) this.#records.clear();
    const record = { incarnation: node.incarnation, failures: 0, ejections: 0, untilMs: 0 };
    this.#records.set(node.id, record);
    return record;
  }

  #eject(record: Record, node: PlaneNode): void {
    const { balancer, nodeCount, clock, logger } = this.#deps;
    const nowMs = clock.now();
    const allowed = Math.max(1, Math.floor((nodeCount() * this.#config.maxPercent) / 100));
    if (nowMs < record.untilMs || this.#away(nowMs) >= allowed) return;
    // A node that was well for as long as it was away last time starts anew.
    const wellMs = nowMs - record.untilMs;
    const times = wellMs > this.#config.baseMs * Math.max(1, record.ejections) ? 1 : record.ejections + 1;
    const ms = this.#config.baseMs * Math.min(times, MAX_TIMES);
    if (!balancer.eject(node.id, nowMs + ms, 'all')) return;
    record.ejections = times;
    record.untilMs = nowMs + ms;
    record.failures = 0;
    this.#ejections.value += 1;
    logger.warn({ node: node.id, ms }, 'node ejected: its answers fail');
  }
}
