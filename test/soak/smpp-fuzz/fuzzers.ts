import { mutatedPdu, type Below } from '../../support/smpp-fuzz';
import { boundEsme, rawEsme, rawPdu, type RawPdu, type RawSmppPeer, type RawSmsc } from '../../support/smpp-peer';

const BURSTS = 20;
const BURST_FRAMES = 10;

/** Peers of one kind misbehave over and over, ESMEs and the SMSC that serves them. */
export class Fuzzers {
  /** Frames sent. */
  frames = 0;
  /** Connections that the plane ended. */
  ended = 0;
  readonly #address: string;
  readonly #wild: RawSmsc;
  readonly #below: Below;

  constructor(address: string, wild: RawSmsc, below: Below) {
    this.#address = address;
    this.#wild = wild;
    this.#below = below;
    wild.keep = false;
    wild.onRequest = (pdu, from) => this.#answer(pdu, from);
  }

  /** One ESME connects, bound or not, sends mutated frames with its SMSC, and leaves without a word. */
  async once(): Promise<void> {
    const below = this.#below;
    const esme =
      below(4) === 0 ? await rawEsme(this.#address) : await boundEsme(this.#address, 'fuzz').catch(() => undefined);
    if (esme === undefined) return;
    esme.keep = false;
    for (let burst = 0; burst < BURSTS && !esme.ended; burst += 1) {
      const peer = below(2) === 0 ? esme : (this.#fuzzedBind() ?? esme);
      peer.send(...Array.from({ length: BURST_FRAMES }, () => mutatedPdu(below)));
      this.frames += BURST_FRAMES;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    if (esme.ended) this.ended += 1;
    esme.destroy();
  }

  /** A bind of the account that misbehaves: those of others are left in peace. */
  #fuzzedBind(): RawSmppPeer | undefined {
    return this.#wild.bound.findLast(({ got }) => got[0]?.body.toString('latin1', 0, 4) === 'fuzz');
  }

  #answer({ command, sequence }: RawPdu, from: RawSmppPeer): void {
    const fuzzed = from.got[0]?.body.toString('latin1', 0, 4) === 'fuzz';
    const response = (command | 0x8000_0000) >>> 0;
    const luck = this.#below(4);
    if (!fuzzed || luck < 2) from.send(rawPdu(response, sequence));
    else if (luck === 2) from.send(mutatedPdu(this.#below));
  }
}
