import { awkwardDelivers, awkwardSubmits } from '../support/awkward-pdus';
import { RawSmsc, bindBody, boundEsme, rawEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { seededRandom } from '../support/seeded-random';
import { smscNode, startTestPlane } from '../support/smpp-plane';
import { until } from '../support/until';

const LENGTHS = [0, 1, 4, 15, 16, 17, 1024, 1025, 131_072, 131_073, 0x7fff_ffff, 0xffff_ffff];
const COMMANDS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x15, 0x21, 0x102, 0x103, 0x111, 0x10200, 0x8000_0000, 0x8000_0004, 0x8000_0005,
  0x8000_0006, 0x8000_0009, 0x8000_0015, 0xffff_ffff,
];

type Below = (limit: number) => number;

function randomPdu(below: Below, kinds: readonly Buffer[]): Buffer {
  const kind = kinds[below(kinds.length)] as Buffer;
  const pdu = Buffer.from(kind);
  switch (below(6)) {
    case 0:
      pdu.writeUInt32BE(COMMANDS[below(COMMANDS.length)] as number, 4);
      break;
    case 1:
      for (let i = 0; i < 4; i += 1) pdu[below(pdu.length)] = below(256);
      break;
    case 2:
      if (below(20) === 0) pdu.writeUInt32BE(LENGTHS[below(LENGTHS.length)] as number, 0);
      break;
    case 3:
      return Buffer.from(Array.from({ length: 1 + below(40) }, () => below(256)));
    default:
      pdu.writeUInt32BE(below(0xffff_ffff), 12);
  }
  return pdu;
}

test('20 000 mutated frames from both sides end no process, deafen no session and disturb no other', async () => {
  const random = seededRandom(20_261_121);
  const below: Below = (limit) => Math.floor(random() * limit);
  const smsc = await RawSmsc.start();
  const wild = await RawSmsc.start();
  const plane = await startTestPlane([smscNode('a', smsc)], { maxInFlight: 50, responseTimeoutMs: 200 });
  const good = await boundEsme(plane.address, 'good');
  plane.core.setNodes([smscNode('wild', wild)]);
  await until('the good one moved', () => wild.bound.length === 1);
  plane.core.setNodes([smscNode('a', smsc)]);
  await until('and came back', async () => smsc.bound.length === 1 && (await good.ask(0x04, 5)).status === 0);
  plane.core.setNodes([smscNode('a', smsc, { weight: 0 }), smscNode('wild', wild)]);
  const kinds = [...awkwardSubmits(), ...awkwardDelivers()].map(({ pdu }) => pdu).filter((pdu) => pdu.length < 2000);
  kinds.push(rawPdu(0x09, 1, { body: bindBody('fuzz') }), rawPdu(0x06, 1), rawPdu(0x15, 1));
  let frames = 0;
  let asked = 0;
  while (frames < 20_000) {
    const esme = below(4) === 0 ? await rawEsme(plane.address) : await boundEsme(plane.address, 'fuzz');
    esme.keep = false;
    for (let burst = 0; burst < 20 && !esme.ended; burst += 1) {
      const peer: RawSmppPeer = below(2) === 0 ? esme : (wild.bound.at(-1) ?? esme);
      peer.send(...Array.from({ length: 10 }, () => randomPdu(below, kinds)));
      frames += 10;
      await new Promise((resolve) => setImmediate(resolve));
    }
    esme.destroy();
    expect((await good.ask(0x04, 100 + (asked += 1))).status).toBe(0);
  }
  const last = await boundEsme(plane.address, 'fuzz');
  last.destroy();
  good.destroy();
  await until('every session is gone', () => plane.gauge('smpp.connections') === 0, 15_000);
  expect(plane.gauge('smpp.inFlight')).toBe(0);
  for (const id of ['a', 'wild']) expect(plane.core.table.get(id)?.live.activeSessions).toBe(0);
  await plane.close();
  await smsc.close();
  await wild.close();
}, 60_000);
