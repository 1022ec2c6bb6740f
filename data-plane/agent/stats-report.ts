import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  NodeStats,
  ReportStatsRequest,
  toMs,
  type PlaneServiceClient,
  type Protocol,
  type ReportStatsResponse,
} from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import type { Counters } from '../../runtime/counters';
import type { LiveRegistry, NodeLive } from '../nodes';

export interface StatsSource {
  readonly planeId: string;
  readonly incarnation: string;
  readonly protocol: Protocol;
  readonly startTime: Date;
  readonly counters: Counters;
  readonly lives: LiveRegistry;
  readonly clock: Clock;
  /** The control plane wants this process to log more or less. */
  readonly onLogLevel: (level: string) => void;
}

const FIRST_INTERVAL_MS = 1000;
const MIN_INTERVAL_MS = 100;
const FINISH_MS = 500;

/** One ReportStats stream: a report at once, then one each interval that the server sets. Figures are cumulative: a lost report costs nothing. */
export class StatsReport {
  readonly #source: StatsSource;
  readonly #stream: ClientDuplexStream<ReportStatsRequest, ReportStatsResponse>;
  #intervalMs = FIRST_INTERVAL_MS;
  #timer: Timer | undefined;
  #open = true;

  constructor(client: PlaneServiceClient, source: StatsSource) {
    this.#source = source;
    this.#stream = client.reportStats();
    this.#stream.on('data', (response: ReportStatsResponse) => {
      this.#intervalMs = Math.max(MIN_INTERVAL_MS, toMs(response.interval));
      if (response.logLevel !== '') this.#source.onLogLevel(response.logLevel);
    });
    // The subscription beside it notices a lost control plane and opens a new pair of streams.
    this.#stream.on('error', () => this.close());
    this.#stream.on('end', () => this.close());
    this.#report();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.cancel();
    this.#stream.cancel();
  }

  /** The last figures of a process that ends, then the end of the stream. Resolves when the server has them, or after a while. */
  async finish(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.cancel();
    await new Promise<void>((resolve) => {
      this.#stream.once('end', resolve);
      this.#stream.once('error', () => resolve());
      this.#source.clock.after(FINISH_MS, resolve);
      this.#stream.end(statsOf(this.#source));
    });
    this.#stream.cancel();
  }

  #report(): void {
    if (!this.#open) return;
    this.#stream.write(statsOf(this.#source));
    this.#timer = this.#source.clock.after(this.#intervalMs, () => this.#report());
  }
}

/** The plane's figures of this moment; nodes without any are left out. */
export function statsOf(source: StatsSource): ReportStatsRequest {
  return ReportStatsRequest.create({
    planeId: source.planeId,
    incarnation: source.incarnation,
    protocol: source.protocol,
    startTime: source.startTime,
    observedAt: source.clock.date(),
    nodes: [...source.lives.entries()].filter(([, live]) => isUsed(live)).map(([id, live]) => toStats(id, live)),
    counters: withoutOwn(source.counters.snapshotCounters()),
    gauges: withoutOwn(source.counters.snapshotGauges()),
  });
}

/** How this process stands to the control plane is for its own `/metrics`: summed over planes it would mean nothing. */
function withoutOwn(figures: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...figures].filter(([name]) => !name.startsWith('control.') && !name.startsWith('nodes.')));
}

function isUsed(live: NodeLive): boolean {
  return live.requests > 0 || live.activeSessions > 0 || live.bytesIn > 0 || live.bytesOut > 0;
}

function toStats(nodeId: string, live: NodeLive): NodeStats {
  const { requests, failures, bytesIn, bytesOut } = live;
  return NodeStats.create({
    nodeId,
    requests,
    failures,
    bytesIn,
    bytesOut,
    activeSessions: Math.max(0, live.activeSessions),
  });
}
