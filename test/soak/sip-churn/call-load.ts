import { setTimeout as pause } from 'node:timers/promises';
import { SipClient, type SipDialog } from '../../support/sip-endpoints';

/** What became of one call. */
export interface CallRecord {
  readonly callId: string;
  readonly startedAtMs: number;
  /** False: no 2xx to the INVITE. */
  up: boolean;
  /** Requests inside the call that got no 2xx. */
  readonly lost: string[];
}

export interface LoadOptions {
  /** `host:port` of the external UDP listeners of all planes. */
  readonly planes: readonly string[];
  readonly callsPerSecond: number;
  readonly callMs: number;
}

/**
 * Places calls at a steady rate over all planes in turn. Half-way each call sends an INFO through the next plane, and at its end a BYE
 * through the one after, as if all planes stood behind one address: the host in Route is exchanged, the hint is not.
 */
export class CallLoad {
  readonly calls: CallRecord[] = [];
  readonly #options: LoadOptions;
  readonly #clients: SipClient[] = [];
  readonly #open = new Set<Promise<void>>();
  #serial = 0;
  readonly #stopping = new AbortController();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    for (const plane of this.#options.planes) this.#clients.push(await SipClient.start(plane));
    void this.#place();
  }

  /** Places no more calls and waits for those that are up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#open);
    for (const client of this.#clients) client.close();
  }

  async #place(): Promise<void> {
    const startedAtMs = performance.now();
    for (let placed = 0; !this.#stopping.signal.aborted; placed += 1) {
      const call = this.#call((this.#serial += 1)).finally(() => this.#open.delete(call));
      this.#open.add(call);
      await pause(startedAtMs + ((placed + 1) * 1000) / this.#options.callsPerSecond - performance.now());
    }
  }

  async #call(serial: number): Promise<void> {
    const { callMs } = this.#options;
    const first = this.#via(serial);
    const startedAtMs = performance.now();
    const dialog = await first.call({ limitMs: 12_000 });
    const record: CallRecord = { callId: dialog?.callId ?? '', startedAtMs, up: dialog !== undefined, lost: [] };
    this.calls.push(record);
    if (dialog === undefined) return;
    await pause(callMs / 2);
    await this.#within(record, 'INFO', serial + 1, dialog);
    await pause(callMs / 2);
    await this.#within(record, 'BYE', serial + 2, dialog);
  }

  async #within(record: CallRecord, method: string, plane: number, dialog: SipDialog): Promise<void> {
    const client = this.#via(plane);
    const status = await client.request(method, this.#asSeenBy(plane, dialog), 15_000);
    if (status !== 200) record.lost.push(`${method} ${status ?? 'unanswered'}`);
  }

  #via(serial: number): SipClient {
    return this.#clients[serial % this.#clients.length] as SipClient;
  }

  #asSeenBy(serial: number, dialog: SipDialog): SipDialog {
    const { planes } = this.#options;
    const here = planes[serial % planes.length] ?? '';
    const routes = dialog.routes.map((route) => planes.reduce((text, plane) => text.replace(plane, here), route));
    return { ...dialog, routes };
  }
}
