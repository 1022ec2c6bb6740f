import { boundEsme, rawPdu, type RawPdu, type RawSmppPeer } from '../../support/smpp-peer';
import { Pace, type Failure, type Load } from './load';

const SUBMIT_SM = 0x04;
const SUBMIT_SM_RESP = 0x8000_0004;
const ENQUIRE_LINK = 0x15;
const ENQUIRE_LINK_RESP = 0x8000_0015;
const LIMIT_MS = 5000;
const BODY = Buffer.alloc(40);

/** submit_sm through one SMPP plane, over one bind that is made again when it breaks. */
export class SubmitLoad implements Load {
  readonly plane: string;
  readonly failures: Failure[] = [];
  readonly #address: string;
  readonly #perSecond: number;
  /** Sequence number to what waits for its answer. */
  readonly #waiting = new Map<number, (status: number | undefined) => void>();
  #esme: RawSmppPeer | undefined;
  #binding = false;
  #sequence = 100;
  #pace: Pace | undefined;
  sent = 0;

  constructor(plane: string, address: string, perSecond: number) {
    this.plane = plane;
    this.#address = address;
    this.#perSecond = perSecond;
  }

  async start(): Promise<void> {
    await this.#bind();
    this.#pace = new Pace(this.#perSecond, () => this.#submit());
  }

  async stop(): Promise<void> {
    await this.#pace?.stop();
    this.#esme?.destroy();
  }

  async #bind(): Promise<void> {
    this.#binding = true;
    try {
      const esme = await boundEsme(this.#address);
      esme.keep = false;
      esme.onPdu = (pdu) => this.#take(esme, pdu);
      esme.socket.on('close', () => {
        for (const settle of this.#waiting.values()) settle(undefined);
      });
      this.#esme = esme;
    } catch {
      this.#esme = undefined;
    } finally {
      this.#binding = false;
    }
  }

  #take(esme: RawSmppPeer, { command, sequence, status }: RawPdu): void {
    if (command === ENQUIRE_LINK) esme.send(rawPdu(ENQUIRE_LINK_RESP, sequence));
    if (command === SUBMIT_SM_RESP) this.#waiting.get(sequence)?.(status);
  }

  async #submit(): Promise<void> {
    const atMs = performance.now();
    this.sent += 1;
    const esme = this.#esme;
    if (esme === undefined || esme.ended) {
      this.failures.push({ atMs, what: 'no bind' });
      if (!this.#binding) await this.#bind();
      return;
    }
    const sequence = (this.#sequence += 1);
    const status = await new Promise<number | undefined>((resolve) => {
      const late = setTimeout(resolve, LIMIT_MS, undefined);
      this.#waiting.set(sequence, (answered) => {
        clearTimeout(late);
        resolve(answered);
      });
      esme.send(rawPdu(SUBMIT_SM, sequence, { body: BODY }));
    });
    this.#waiting.delete(sequence);
    if (status !== 0) this.failures.push({ atMs, what: status === undefined ? 'unanswered' : `status ${status}` });
  }
}
