import { setTimeout as sleep } from 'node:timers/promises';
import { ToyBrowser } from './toy-browser';
import { ToyEsme } from './toy-esme';
import { ToyUac } from './toy-uac';

/** What was sent of one kind, and how it went. */
export interface Tally {
  readonly kind: string;
  sent: number;
  answered: number;
  failed: number;
}

export interface Entrances {
  readonly sip: string;
  readonly http: string;
  readonly smpp: string;
}

const ESMES = 4;
const PAGES_AFTER_FIRST = 3;

/** Toy clients of all three planes and what they have sent. */
export class Traffic {
  readonly calls: Tally = { kind: 'SIP calls', sent: 0, answered: 0, failed: 0 };
  readonly sessions: Tally = { kind: 'web sessions', sent: 0, answered: 0, failed: 0 };
  readonly echoes: Tally = { kind: 'WebSocket echoes', sent: 0, answered: 0, failed: 0 };
  readonly messages: Tally = { kind: 'SMPP messages', sent: 0, answered: 0, failed: 0 };
  readonly #uac: ToyUac;
  readonly #browser: ToyBrowser;
  readonly #esmes: readonly ToyEsme[];
  #stopped = false;

  private constructor(uac: ToyUac, browser: ToyBrowser, esmes: readonly ToyEsme[]) {
    this.#uac = uac;
    this.#browser = browser;
    this.#esmes = esmes;
  }

  static async start(entrances: Entrances): Promise<Traffic> {
    const uac = await ToyUac.start(entrances.sip);
    const binds = Array.from({ length: ESMES }, (_, i) => ToyEsme.bind(entrances.smpp, `esme${i + 1}`));
    const esmes = (await Promise.all(binds)).filter((esme) => esme !== undefined);
    const traffic = new Traffic(uac, new ToyBrowser(entrances.http), esmes);
    traffic.messages.failed += ESMES - esmes.length;
    return traffic;
  }

  get tallies(): readonly Tally[] {
    return [this.calls, this.sessions, this.echoes, this.messages];
  }

  get failed(): number {
    return this.tallies.reduce((sum, { failed }) => sum + failed, 0);
  }

  /** A fixed amount: 40 calls, 20 web sessions of 4 pages, 10 echoes, 100 messages. */
  async once(): Promise<void> {
    await Promise.all([
      ...times(40, () => this.#call(50)),
      ...times(20, () => this.#session()),
      ...times(10, () => this.#echo()),
      ...this.#esmes.flatMap((esme) => times(25, () => this.#submit(esme))),
    ]);
  }

  /** A modest stream of everything until `stop()`; resolves when the last answer is there. */
  async run(): Promise<void> {
    const loop = async (waitMs: number, work: () => Promise<void>): Promise<void> => {
      const open = new Set<Promise<void>>();
      while (!this.#stopped) {
        const one = work().finally(() => open.delete(one));
        open.add(one);
        // A pace, not a batch.
        // eslint-disable-next-line no-await-in-loop
        await sleep(waitMs);
      }
      await Promise.all(open);
    };
    await Promise.all([
      loop(50, () => this.#call(2000)),
      loop(100, () => this.#session()),
      loop(500, () => this.#echo()),
      ...this.#esmes.map((esme) => loop(200, () => this.#submit(esme))),
    ]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async close(): Promise<void> {
    this.#uac.close();
    this.#browser.close();
    await Promise.all(this.#esmes.map((esme) => esme.close()));
  }

  #call(holdMs: number): Promise<void> {
    return counted(this.calls, this.#uac.call(holdMs));
  }

  #session(): Promise<void> {
    return counted(this.sessions, this.#browser.session(PAGES_AFTER_FIRST));
  }

  #echo(): Promise<void> {
    return counted(this.echoes, this.#browser.echo());
  }

  #submit(esme: ToyEsme): Promise<void> {
    return counted(this.messages, esme.submit(`message ${this.messages.sent + 1}`));
  }
}

function times(count: number, work: () => Promise<void>): Promise<void>[] {
  return Array.from({ length: count }, work);
}

async function counted(tally: Tally, work: Promise<boolean>): Promise<void> {
  tally.sent += 1;
  if (await work) tally.answered += 1;
  else tally.failed += 1;
}
