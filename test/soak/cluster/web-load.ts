import { Pace, type Failure, type Load } from './load';

const LIMIT_MS = 5000;

/** GET requests through one HTTP plane. */
export class WebLoad implements Load {
  readonly plane: string;
  readonly failures: Failure[] = [];
  readonly #url: string;
  readonly #perSecond: number;
  #pace: Pace | undefined;
  sent = 0;

  constructor(plane: string, address: string, perSecond: number) {
    this.plane = plane;
    this.#url = `http://${address}/`;
    this.#perSecond = perSecond;
  }

  start(): Promise<void> {
    this.#pace = new Pace(this.#perSecond, () => this.#get());
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.#pace?.stop();
  }

  async #get(): Promise<void> {
    const atMs = performance.now();
    this.sent += 1;
    try {
      const answer = await fetch(this.#url, { signal: AbortSignal.timeout(LIMIT_MS) });
      await answer.arrayBuffer();
      if (answer.status !== 200) this.failures.push({ atMs, what: `status ${answer.status}` });
    } catch (error) {
      this.failures.push({ atMs, what: String((error as Error).cause ?? error) });
    }
  }
}
