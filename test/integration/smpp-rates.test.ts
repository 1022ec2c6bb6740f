import type { SmppConfig } from '../../runtime/config';
import { smBody } from '../support/awkward-pdus';
import { RawSmsc, boundEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

let smscs: RawSmsc[];
let plane: TestSmppPlane;
const esmes: RawSmppPeer[] = [];

async function start(mode: SmppConfig['mode'], rate: Partial<SmppConfig['rate']>): Promise<void> {
  plane = await startTestPlane(
    smscs.map((smsc, i) => smscNode(`smsc${i}`, smsc)),
    { mode, rate: { policy: 'delay', ...rate }, enquireLinkMs: 500, pool: { ...testSmppConfig().pool } },
  );
}

async function flood(systemId: string, count: number): Promise<RawSmppPeer> {
  const esme = await boundEsme(plane.address, systemId);
  esmes.push(esme);
  esme.send(...Array.from({ length: count }, (_, i) => rawPdu(0x04, i + 2, { body: smBody() })));
  return esme;
}

function answersOf(esme: RawSmppPeer, status = 0): number {
  return esme.got.filter((pdu) => pdu.command === 0x8000_0004 && pdu.status === status).length;
}

beforeEach(async () => {
  smscs = [await RawSmsc.start(), await RawSmsc.start()];
});

afterEach(async () => {
  for (const esme of esmes.splice(0)) esme.destroy();
  await plane.close();
  for (const smsc of smscs) await smsc.close();
});

describe.each(['session', 'pool'] as const)('in %s mode', (mode) => {
  test('what is above the rate of a system_id is answered ESME_RTHROTTLED, over all its sessions, others are free', async () => {
    await start(mode, { perSystemId: 100, policy: 'throttle' });
    const binds = [await flood('fast', 100), await flood('fast', 100), await flood('other', 40)];
    await until('all is answered', () => binds.every(({ got }, i) => got.length === (i === 2 ? 41 : 101)));
    const [a, b, other] = binds as [RawSmppPeer, RawSmppPeer, RawSmppPeer];
    expect(answersOf(other)).toBe(40);
    const refused = answersOf(a, 0x58) + answersOf(b, 0x58);
    expect(answersOf(a) + answersOf(b) + refused).toBe(200);
    expect(refused).toBeGreaterThan(100);
    expect(plane.counter('smpp.rejects.rate')).toBe(refused);
  });

  test('or waits, and nothing is lost', async () => {
    await start(mode, { perSystemId: 200 });
    const from = performance.now();
    const esme = await flood('fast', 250);
    await until('all is answered', () => answersOf(esme) === 250);
    expect(performance.now() - from).toBeGreaterThan(600);
    expect(plane.counter('smpp.delayed.rate')).toBeGreaterThan(0);
  });

  test('an SMSC gets no more than its rate', async () => {
    await start(mode, { perSmsc: 100, policy: 'throttle' });
    const esme = await flood('fast', 500);
    await until('all is answered', () => esme.got.length === 501);
    for (const smsc of smscs) {
      expect(smsc.requests.filter(({ command }) => command === 0x04).length).toBeLessThan(100);
    }
    expect(answersOf(esme)).toBeGreaterThan(mode === 'pool' ? 80 : 40);
  });
});
