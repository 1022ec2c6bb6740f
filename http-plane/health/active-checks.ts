import { endpointOf, type Balancer, type NodeTable, type PlaneNode } from '../../data-plane';
import { Transport } from '../../proto';
import type { HttpConfig } from '../../runtime/config';
import type { Clock, Timer } from '../../runtime/clock';
import type { Counter, Counters } from '../../runtime/counters';
import type { Logger } from '../../runtime/logger';
import { probeHttp, probeTcp } from '../../runtime/probe';

export type CheckSettings = NonNullable<HttpConfig['check']>;

export interface ActiveChecksDeps {
  readonly balancer: Pick<Balancer, 'eject' | 'readmit'>;
  readonly table: () => NodeTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  /** For tests; default what the settings say. Undefined when well, else the reason. */
  readonly probe?: (node: PlaneNode) => Promise<string | undefined>;
}

interface Record {
  readonly incarnation: string;
  /** Answers of the same kind in a row. */
  streak: number;
  good: boolean;
  down: boolean;
  /** Is being asked now. */
  asked: boolean;
}

/**
 * Asks every node in rounds whether it works. One that fails `fall` rounds in a row is ejected, from its sessions too, until it has
 * answered well `rise` rounds in a row; the last usable node of a pool never is. Beside the ejection by traffic (`NodeHealth`).
 */
export class ActiveChecks {
  readonly #settings: CheckSettings;
  readonly #deps: ActiveChecksDeps;
  readonly #records = new Map<string, Record>();
  readonly #failed: Counter;
  readonly #timer: Timer;

  constructor(settings: CheckSettings, deps: ActiveChecksDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#failed = deps.counters.counter('http.checks.failed');
    deps.counters.gauge('http.checks.down', () => [...this.#records.values()].filter(({ down }) => down).length);
    this.#timer = deps.clock.every(settings.intervalMs, () => this.#round());
  }

  close(): void {
    this.#timer.cancel();
  }

  #round(): void {
    const { nodes } = this.#deps.table();
    const present = new Set(nodes.map(({ id }) => id));
    for (const id of this.#records.keys()) if (!present.has(id)) this.#records.delete(id);
    for (const node of nodes) {
      const record = this.#recordOf(node);
      if (!record.asked) void this.#ask(node, record);
    }
  }

  #recordOf({ id, incarnation }: PlaneNode): Record {
    const known = this.#records.get(id);
    if (known?.incarnation === incarnation) return known;
    const fresh: Record = { incarnation, streak: 0, good: true, down: false, asked: false };
    this.#records.set(id, fresh);
    return fresh;
  }

  async #ask(node: PlaneNode, record: Record): Promise<void> {
    record.asked = true;
    const reason = await (this.#deps.probe ?? probeOf(this.#settings))(node);
    record.asked = false;
    // The node may have gone, or come anew, meanwhile.
    if (this.#records.get(node.id) === record) this.#judge(node, record, reason);
  }

  #judge(node: PlaneNode, record: Record, reason: string | undefined): void {
    const { rise, fall } = this.#settings;
    const good = reason === undefined;
    if (!good) this.#failed.value += 1;
    record.streak = good === record.good ? record.streak + 1 : 1;
    record.good = good;
    if (good && record.down && record.streak >= rise) this.#up(node, record);
    else if (!good && (record.down || record.streak >= fall)) this.#keepOut(node, record, reason);
    else if (record.down) this.#hold(node);
  }

  #up(node: PlaneNode, record: Record): void {
    record.down = false;
    this.#deps.balancer.readmit(node.id);
    this.#deps.logger.info({ node: node.id }, 'node answers its checks again');
  }

  #keepOut(node: PlaneNode, record: Record, reason: string): void {
    if (!record.down) this.#deps.logger.warn({ node: node.id, reason }, 'node fails its checks');
    record.down = true;
    this.#hold(node);
  }

  /** Until the round after the next: each round decides anew, so a pool that lost its other nodes gets this one back. */
  #hold(node: PlaneNode): void {
    const { intervalMs, timeoutMs } = this.#settings;
    this.#deps.balancer.eject(node.id, this.#deps.clock.now() + 2 * intervalMs + timeoutMs, 'all');
  }
}

function probeOf({ kind, path, timeoutMs, status }: CheckSettings): (node: PlaneNode) => Promise<string | undefined> {
  const [from = 200, to = from] = status.split('-').map(Number);
  return async (node) => {
    const plain = endpointOf(node, Transport.TCP);
    const endpoint = plain ?? endpointOf(node, Transport.TLS);
    if (endpoint === undefined) return undefined;
    return kind === 'tcp' || plain === undefined
      ? await probeTcp(endpoint, timeoutMs)
      : await probeHttp(endpoint, { path, timeoutMs, well: { from, to } });
  };
}
