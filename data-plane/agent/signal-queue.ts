import { ReportNodeSignalsRequest, type PlaneServiceClient, type SipHeartbeat } from '../../proto';
import type { Clock, Timer } from '../../runtime/clock';
import { callUnary } from '../../runtime/grpc';

const FLUSH_INTERVAL_MS = 200;
const MAX_QUEUED = 10_000;

/** Heartbeats that arrived by SIP, gathered and sent to the control plane five times a second; the newest of each source wins. */
export class SignalQueue {
  readonly #planeId: string;
  readonly #clock: Clock;
  readonly #client: () => PlaneServiceClient | undefined;
  readonly #queued = new Map<string, SipHeartbeat>();
  #timer: Timer | undefined;

  /** `client`: the connection of the moment, if any; without one what is queued waits. */
  constructor(planeId: string, clock: Clock, client: () => PlaneServiceClient | undefined) {
    this.#planeId = planeId;
    this.#clock = clock;
    this.#client = client;
  }

  add(heartbeat: SipHeartbeat): void {
    const source = `${heartbeat.sourceHost}:${heartbeat.sourcePort}`;
    if (this.#queued.size >= MAX_QUEUED && !this.#queued.has(source)) return;
    this.#queued.set(source, heartbeat);
    this.#timer ??= this.#clock.after(FLUSH_INTERVAL_MS, () => this.#flush());
  }

  close(): void {
    this.#timer?.cancel();
    this.#queued.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    const client = this.#client();
    if (client === undefined || this.#queued.size === 0) return;
    const request = ReportNodeSignalsRequest.create({
      planeId: this.#planeId,
      sipHeartbeats: [...this.#queued.values()],
    });
    this.#queued.clear();
    // A lost batch is no loss: nodes repeat their heartbeats.
    callUnary(client, client.reportNodeSignals, request).catch(() => undefined);
  }
}
