import { awkwardDelivers, awkwardSubmits } from '../support/awkward-pdus';
import { RawSmsc, bindBody, boundEsme, rawEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { seededRandom } from '../support/seeded-random';
import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
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

/** SMPP_FUZZ_FRAMES=100000 looks longer. */
const FRAMES = Number(process.env['SMPP_FUZZ_FRAMES'] ?? 10_000);
const KINDS = [...awkwardSubmits(), ...awkwardDelivers()].map(({ pdu }) => pdu).filter((pdu) => pdu.length < 2000);
KINDS.push(rawPdu(0x09, 1, { body: bindBody('fuzz') }), rawPdu(0x06, 1), rawPdu(0x15, 1));

/** Connects (bound or not), lets it and its SMSC send mutated frames, and leaves. Returns how many there were. */
async function misbehave(plane: TestSmppPlane, wild: RawSmsc, below: Below): Promise<number> {
  const esme = below(4) === 0 ? await rawEsme(plane.address) : await boundEsme(plane.address, 'fuzz');
  esme.keep = false;
  let frames = 0;
  for (let burst = 0; burst < 20 && !esme.ended; burst += 1) {
    const peer: RawSmppPeer = below(2) === 0 ? esme : (wild.bound.at(-1) ?? esme);
    peer.send(...Array.from({ length: 10 }, () => randomPdu(below, KINDS)));
    frames += 10;
    await new Promise((resolve) => setImmediate(resolve));
  }
  esme.destroy();
  return frames;
}

async function leavesNothing(plane: TestSmppPlane): Promise<void> {
  await until('every session is gone', () => plane.gauge('smpp.connections') === 0, 15_000);
  expect(plane.gauge('smpp.inFlight')).toBe(0);
  for (const id of ['a', 'wild']) {
    expect(plane.core.table.get(id)?.live).toMatchObject({ activeSessions: 0, inFlight: 0 });
  }
  await plane.close();
}

describe('mutated frames from both sides end no process, deafen no session and disturb no other', () => {
  let smsc: RawSmsc;
  let wild: RawSmsc;

  beforeEach(async () => {
    smsc = await RawSmsc.start();
    wild = await RawSmsc.start();
  });
  afterEach(async () => {
    await smsc.close();
    await wild.close();
  });

  test(`in session mode, ${FRAMES} of them`, async () => {
    const random = seededRandom(20_261_121);
    const below: Below = (limit) => Math.floor(random() * limit);
    const plane = await startTestPlane([smscNode('a', smsc)], { maxInFlight: 50, responseTimeoutMs: 200 });
    const good = await boundEsme(plane.address, 'good');
    plane.core.setNodes([smscNode('a', smsc, { weight: 0 }), smscNode('wild', wild)]);
    for (let frames = 0, asked = 0; frames < FRAMES; asked += 1) {
      frames += await misbehave(plane, wild, below);
      expect((await good.ask(0x04, 100 + asked)).status).toBe(0);
    }
    good.destroy();
    await leavesNothing(plane);
  }, 120_000);

  test(`in pool mode, ${FRAMES} of them`, async () => {
    const random = seededRandom(20_261_122);
    const below: Below = (limit) => Math.floor(random() * limit);
    const plane = await startTestPlane([smscNode('a', smsc), smscNode('wild', wild)], {
      mode: 'pool',
      maxInFlight: 50,
      responseTimeoutMs: 200,
    });
    const good = await boundEsme(plane.address, 'good');
    for (let frames = 0, asked = 0; frames < FRAMES; asked += 1) {
      frames += await misbehave(plane, wild, below);
      // The SMSC that misbehaves is one of its own, so an answer may be a failure; but there is one.
      expect((await good.ask(0x04, 100 + asked)).command).toBe(0x8000_0004);
    }
    good.destroy();
    await leavesNothing(plane);
  }, 120_000);
});
