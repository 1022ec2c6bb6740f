import { fakeCore } from '../support/fake-core';
import { Protocol } from '../../proto';
import { Command, commandNames } from '../../smpp-plane/wire';
import { RawSmsc, bindBody, boundEsme, rawEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

/** Every request of SMPP 5.0, a vendor's and an unassigned one. */
const REQUESTS: readonly (readonly [name: string, id: number])[] = [
  ...Object.entries(Command)
    .filter(([, id]) => id < 0x8000_0000)
    .map(([name, id]) => [name.toLowerCase(), id] as const),
  ['a vendor command', 0x10200],
  ['an unassigned command', 0x0a],
];
const BINDS: readonly number[] = [0x01, 0x02, 0x09];
const NO_RESPONSE: readonly number[] = [0x0b, 0x102];
const OF_ESME: Readonly<Record<string, readonly number[]>> = {
  TX: [0x03, 0x04, 0x07, 0x08, 0x21, 0x103, 0x111, 0x112, 0x113],
  RX: [],
  TRX: [0x03, 0x04, 0x07, 0x08, 0x21, 0x103, 0x111, 0x112, 0x113],
};
const OF_SMSC: Readonly<Record<string, readonly number[]>> = {
  TX: [],
  RX: [0x05, 0x102, 0x103],
  TRX: [0x05, 0x102, 0x103],
};
const OTHERS: readonly number[] = [0x10200, 0x0a];
const BOUND: readonly (readonly [state: string, bind: number])[] = [
  ['TX', 0x02],
  ['RX', 0x01],
  ['TRX', 0x09],
];

/** What a peer hears: a command and its status; undefined: nothing from the plane itself, the request passes. */
type Answer = readonly [command: number, status: number] | undefined;

const inResponse = (id: number, status: number): Answer => [(id | 0x8000_0000) >>> 0, status];

/** T2 of table 2-1: in the request's own response; where there is none, in a generic_nack. */
function notInThisState(id: number): Answer {
  if (!NO_RESPONSE.includes(id)) return inResponse(id, 0x04);
  return [0x8000_0000, id === 0x0b ? 0x03 : 0x04];
}

function fromEsme(state: string, id: number): Answer {
  if (id === 0x15) return inResponse(id, 0);
  if (BINDS.includes(id)) return inResponse(id, 0x05);
  return OF_ESME[state]?.includes(id) === true || OTHERS.includes(id) ? undefined : notInThisState(id);
}

function fromSmsc(state: string, id: number): Answer {
  if (id === 0x15) return inResponse(id, 0);
  return OF_SMSC[state]?.includes(id) === true || OTHERS.includes(id) ? undefined : notInThisState(id);
}

/** unbind has stories of its own, and ends what the other cells need. */
const KEEPING = REQUESTS.filter(([, id]) => id !== 0x06);

test('the table has every command that the plane knows by name', () => {
  const names = REQUESTS.map(([name]) => name);
  expect(commandNames.filter((name) => !names.includes(name))).toEqual(['vendor', 'generic_nack']);
});

describe.each(['session', 'pool'] as const)('every cell of the table of states in %s mode', (mode) => {
  let smsc: RawSmsc;
  let plane: TestSmppPlane;
  let esme: RawSmppPeer;
  let sequence = 100;

  async function start(): Promise<void> {
    smsc = await RawSmsc.start();
    const core = fakeCore(Protocol.SMPP, [smscNode('smsc1', smsc)]);
    plane = await startTestPlane([], { mode, rebindRounds: 1000, pool: testSmppConfig().pool }, core);
  }

  async function end(): Promise<void> {
    esme.destroy();
    await plane.close();
    await smsc.close();
  }

  /** Sends one request; what came of it: the answer and whether the other side got the request. */
  async function outcome(from: RawSmppPeer, to: RawSmppPeer | undefined, id: number): Promise<Answer> {
    const number = (sequence += 1);
    const [before, passed] = [from.got.length, to?.got.length ?? 0];
    from.send(rawPdu(id, number));
    return await until(`something came of ${id}`, () => {
      const answer = from.got.slice(before).find((pdu) => pdu.sequence === number && pdu.command >= 0x8000_0000);
      const arrived = to?.got.slice(passed).some(({ command }) => command === id) === true;
      if (answer === undefined && !arrived) return undefined;
      return { answer: arrived ? undefined : ([answer?.command ?? 0, answer?.status ?? 0] as const) };
    }).then(({ answer }) => answer);
  }

  /** The bind at the SMSC, which answers everything; the ESME answers nothing by itself. */
  const upstream = (): RawSmppPeer => smsc.bound.at(-1) as RawSmppPeer;

  describe.each(BOUND)('BOUND_%s', (state, bind) => {
    beforeAll(async () => {
      await start();
      esme = await boundEsme(plane.address, 'acme', bind);
    });
    afterAll(end);

    test.each(KEEPING)('%s from the ESME', async (_name, id) => {
      expect(await outcome(esme, upstream(), id)).toEqual(fromEsme(state, id));
      expect(esme.ended).toBe(false);
    });

    test.each(KEEPING)('%s from the SMSC', async (_name, id) => {
      // In a pool it is not said which ESME a vendor's command is for, and transmitters are sent nothing: try again later.
      const nobody = mode === 'pool' && state === 'TX' && OTHERS.includes(id);
      expect(await outcome(upstream(), esme, id)).toEqual(nobody ? inResponse(id, 0x64) : fromSmsc(state, id));
      expect(esme.ended).toBe(false);
    });

    test.each(REQUESTS)('an answer to %s that was never asked', async (_name, id) => {
      const [before, passed] = [plane.counter('smpp.lateAnswers'), upstream().got.length];
      esme.send(rawPdu((id | 0x8000_0000) >>> 0, 0x7000_0000));
      await until('it is dropped', () => plane.counter('smpp.lateAnswers') === before + 1);
      expect(upstream().got).toHaveLength(passed);
    });
  });

  describe('OPEN', () => {
    beforeEach(async () => {
      await start();
      esme = await rawEsme(plane.address);
    });
    afterEach(end);

    test.each(REQUESTS.filter(([, id]) => !BINDS.includes(id)))('%s', async (_name, id) => {
      const standard = id < 0x200 && !NO_RESPONSE.includes(id);
      const expected = id === 0x15 ? inResponse(id, 0) : standard ? inResponse(id, 0x04) : [0x8000_0000, 0x03];
      expect(await outcome(esme, undefined, id)).toEqual(expected);
      if (id !== 0x15) await until('the connection is closed', () => esme.ended);
      expect(esme.ended).toBe(id !== 0x15);
      expect(smsc.connections).toEqual([]);
    });

    test('answers and nacks go nowhere, and a bind still works', async () => {
      esme.send(...REQUESTS.map(([, id]) => rawPdu((id | 0x8000_0000) >>> 0, 9)), rawPdu(0x8000_0000, 9));
      expect((await esme.ask(0x09, 1, bindBody('acme'))).status).toBe(0);
      expect(esme.got).toHaveLength(1);
    });
  });

  describe('BINDING', () => {
    beforeAll(async () => {
      await start();
      smsc.mute = true;
      esme = await rawEsme(plane.address);
      esme.send(rawPdu(0x09, 1, { body: bindBody('acme') }));
      await until('the bind is at the SMSC', () => smsc.connections[0]?.got.length === 1);
    });
    afterAll(end);

    test.each(REQUESTS)('%s from the ESME', async (_name, id) => {
      const expected = id === 0x15 ? inResponse(id, 0) : BINDS.includes(id) ? inResponse(id, 0x05) : notInThisState(id);
      expect(await outcome(esme, undefined, id)).toEqual(expected);
    });

    test.each(REQUESTS)('%s from the SMSC', async (_name, id) => {
      const expected = id === 0x15 ? inResponse(id, 0) : notInThisState(id);
      expect(await outcome(smsc.connections[0] as RawSmppPeer, esme, id)).toEqual(expected);
      expect(esme.got.every(({ command }) => command >= 0x8000_0000)).toBe(true);
    });
  });

  describe('REBINDING', () => {
    beforeAll(async () => {
      await start();
      esme = await boundEsme(plane.address);
      await smsc.kill();
      await until('the loss is noticed', async () => (await esme.ask(0x04, 50)).status === 8);
    });
    afterAll(end);

    test.each(KEEPING)('%s from the ESME', async (_name, id) => {
      const passing = fromEsme('TRX', id);
      expect(await outcome(esme, undefined, id)).toEqual(passing ?? inResponse(id, 0x08));
    });

    test('unbind from the ESME is answered and ends the session', async () => {
      expect(await outcome(esme, undefined, 0x06)).toEqual(inResponse(0x06, 0));
      await until('the connection is closed', () => esme.ended);
    });
  });

  describe('UNBINDING, said by the ESME with a request in flight', () => {
    beforeAll(async () => {
      await start();
      smsc.onRequest = () => {};
      esme = await boundEsme(plane.address);
      esme.send(rawPdu(0x04, 50), rawPdu(0x06, 51));
      await until('the request is at the SMSC', () => upstream().got.length === 2);
    });
    afterAll(end);

    test.each(REQUESTS)('%s from the ESME', async (_name, id) => {
      const expected = id === 0x15 || id === 0x06 ? inResponse(id, 0) : notInThisState(id);
      expect(await outcome(esme, undefined, id)).toEqual(expected);
    });

    test('nothing of that reached the SMSC', () => {
      expect(upstream().got.map(({ command }) => command)).toEqual([0x09, 0x04]);
    });
  });
});
