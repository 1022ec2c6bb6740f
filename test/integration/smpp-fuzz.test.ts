import { mutatedPdu, type Below } from '../support/smpp-fuzz';
import { RawSmsc, boundEsme, rawEsme, type RawSmppPeer } from '../support/smpp-peer';
import { seededRandom } from '../support/seeded-random';
import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

/** `npm run soak smpp-fuzz` looks longer. */
const FRAMES = 10_000;

/** Connects (bound or not), lets it and its SMSC send mutated frames, and leaves. Returns how many there were. */
async function misbehave(plane: TestSmppPlane, wild: RawSmsc, below: Below): Promise<number> {
  const esme = below(4) === 0 ? await rawEsme(plane.address) : await boundEsme(plane.address, 'fuzz');
  esme.keep = false;
  let frames = 0;
  for (let burst = 0; burst < 20 && !esme.ended; burst += 1) {
    const peer: RawSmppPeer = below(2) === 0 ? esme : (wild.bound.at(-1) ?? esme);
    peer.send(...Array.from({ length: 10 }, () => mutatedPdu(below)));
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
