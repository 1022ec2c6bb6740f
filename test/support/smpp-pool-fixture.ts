import type { SmppConfig } from '../../runtime/config';
import { smBody, type ShortMessage } from './awkward-pdus';
import { RawSmsc, boundEsme, rawPdu, type RawPdu, type RawSmppPeer } from './smpp-peer';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from './smpp-plane';
import { until } from './until';

export interface PoolSetup {
  /** SMSCs; they are the nodes smsc0, smsc1, ... */
  readonly count: number;
  readonly overrides?: Partial<SmppConfig>;
  readonly pool?: Partial<SmppConfig['pool']>;
}

/** SMSCs that give ids of their own, a plane in pool mode over them, and its ESMEs. */
export class SmppPoolFixture {
  readonly smscs: RawSmsc[] = [];
  readonly esmes: RawSmppPeer[] = [];
  #plane: TestSmppPlane | undefined;

  get plane(): TestSmppPlane {
    if (this.#plane === undefined) throw new Error('not started');
    return this.#plane;
  }

  async start({ count, overrides = {}, pool = {} }: PoolSetup): Promise<void> {
    for (let i = 0; i < count; i += 1) this.smscs.push(await issuingSmsc(i));
    const config = testSmppConfig();
    this.#plane = await startTestPlane(
      this.smscs.map((smsc, i) => smscNode(`smsc${i}`, smsc)),
      { mode: 'pool', ...overrides, pool: { ...config.pool, ...pool } },
    );
  }

  async bind(systemId = 'acme', command = 0x09): Promise<RawSmppPeer> {
    const esme = await boundEsme(this.plane.address, systemId, command);
    this.esmes.push(esme);
    return esme;
  }

  async allBound(perSmsc = 1): Promise<void> {
    await until('every SMSC is bound', () => this.smscs.every((smsc) => smsc.bound.length === perSmsc));
  }

  async close(): Promise<void> {
    for (const esme of this.esmes.splice(0)) esme.destroy();
    await this.#plane?.close();
    this.#plane = undefined;
    for (const smsc of this.smscs.splice(0)) await smsc.close();
  }
}

async function issuingSmsc(place: number): Promise<RawSmsc> {
  const smsc = await RawSmsc.start();
  let issued = 0;
  smsc.onRequest = ({ command, sequence }, from) => {
    const body = command === 0x04 ? Buffer.from(`${(issued += 1)}-of-${place}\0`) : Buffer.alloc(0);
    from.send(rawPdu((command | 0x8000_0000) >>> 0, sequence, { body }));
  };
  return smsc;
}

export function submitSm(sequence: number, message: ShortMessage = {}): Buffer {
  return rawPdu(0x04, sequence, { body: smBody(message) });
}

export function submitsAt(smsc: RawSmsc): RawPdu[] {
  return smsc.requests.filter(({ command }) => command === 0x04);
}

export function answersOf(esme: RawSmppPeer): RawPdu[] {
  return esme.got.filter(({ command }) => command >= 0x8000_0000);
}

/** The first bind at an SMSC. */
export function connectionAt(smsc: RawSmsc | undefined): RawSmppPeer {
  const [connection] = smsc?.bound ?? [];
  if (connection === undefined) throw new Error('nobody is bound at the SMSC');
  return connection;
}

/** The ESME answers what it is sent. */
export function answering(esme: RawSmppPeer): RawSmppPeer {
  esme.onPdu = ({ command, sequence }) => {
    if (command < 0x8000_0000) esme.send(rawPdu((command | 0x8000_0000) >>> 0, sequence));
  };
  return esme;
}
