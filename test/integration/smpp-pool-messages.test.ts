import { awkwardSubmits, smBody, tlv } from '../support/awkward-pdus';
import { seededRandom } from '../support/seeded-random';
import { rawPdu, withoutSequence, type RawSmppPeer, type RawSmsc } from '../support/smpp-peer';
import { SmppPoolFixture, answersOf, submitSm, submitsAt } from '../support/smpp-pool-fixture';
import { until } from '../support/until';

const pool = new SmppPoolFixture();

afterEach(() => pool.close());

/** cancel_sm without a message_id. */
const byAddress = Buffer.from('\0\0\x01\x01491\0\x01\x01492\0');

/** Each SMSC answers cancel_sm with its status; undefined: not at all. */
async function startCancelling(...statuses: readonly (number | undefined)[]): Promise<RawSmppPeer> {
  await pool.start({ count: statuses.length, overrides: { responseTimeoutMs: 300 } });
  for (const [i, smsc] of pool.smscs.entries()) {
    const status = statuses[i];
    smsc.onRequest = ({ sequence }, from) => {
      if (status !== undefined) from.send(rawPdu(0x8000_0008, sequence, { status }));
    };
  }
  const esme = await pool.bind();
  await pool.allBound();
  return esme;
}

describe('messages', () => {
  test('go round over the SMSCs, each byte but the sequence number as it came, and each answer to who asked', async () => {
    await pool.start({ count: 4 });
    const [a, b] = [await pool.bind(), await pool.bind()];
    await pool.allBound();
    // A cancel_sm by address goes to every SMSC, which is another story.
    const kinds = awkwardSubmits().filter(({ name }) => name !== 'cancel_sm without an id');
    const sent = Array.from({ length: 400 }, (_, i) => {
      const pdu = Buffer.from((kinds[i % kinds.length] as { pdu: Buffer }).pdu);
      pdu.writeUInt32BE(i + 2, 12);
      return pdu;
    });
    a.send(...sent);
    b.send(...sent);
    await until('all is answered', () => answersOf(a).length === 401 && answersOf(b).length === 401);
    const got = pool.smscs.flatMap((smsc) => smsc.requests.filter(({ command }) => command !== 0x09));
    const expected = [...sent, ...sent].map(withoutSequence).toSorted();
    expect(got.map(({ bytes }) => withoutSequence(bytes)).toSorted()).toEqual(expected);
    for (const esme of [a, b]) {
      const numbers = answersOf(esme)
        .slice(1)
        .map(({ sequence }) => sequence);
      expect(numbers.toSorted((x, y) => x - y)).toEqual(sent.map((_, i) => i + 2));
    }
    for (const smsc of pool.smscs) expect(smsc.requests.length).toBeGreaterThan(150);
  });

  test('header-hash on the destination keeps each destination at one SMSC', async () => {
    await pool.start({ count: 3, pool: { affinityKey: 'destination' } });
    pool.plane.core.setAlgorithm('header-hash');
    const esme = await pool.bind();
    await pool.allBound();
    for (let i = 0; i < 300; i += 1) {
      esme.send(submitSm(i + 2, { destination: Buffer.from(`49${i % 30}`) }));
    }
    await until('all is answered', () => answersOf(esme).length === 301);
    const homes = new Map<string, Set<number>>();
    for (const [place, smsc] of pool.smscs.entries()) {
      for (const { body } of submitsAt(smsc)) {
        const to = /49\d+(?=\0)/.exec(body.toString('latin1', 18))?.[0] ?? '';
        homes.set(to, (homes.get(to) ?? new Set()).add(place));
      }
    }
    expect([...homes.values()].every(({ size }) => size === 1)).toBe(true);
    expect(pool.smscs.every((smsc) => submitsAt(smsc).length > 0)).toBe(true);
  });

  test('1 000 three-part messages in any order over two binds: every message at one SMSC', async () => {
    await pool.start({ count: 4 });
    const binds = [await pool.bind(), await pool.bind()];
    await pool.allBound();
    const random = seededRandom(3);
    const parts = Array.from({ length: 1000 }, (_, n) =>
      [1, 2, 3].map((part) => {
        const source = Buffer.from(`4917${n % 7}`);
        const destination = Buffer.from(`4916${n}`);
        if (n % 3 === 0) {
          return { source, destination, esmClass: 0x40, text: Buffer.from([5, 0, 3, n & 0xff, 3, part, 0x41]) };
        }
        if (n % 3 === 1) {
          return { source, destination, esmClass: 0x40, text: Buffer.from([6, 8, 4, n >> 8, n & 0xff, 3, part]) };
        }
        const tlvs = [
          tlv(0x020c, Buffer.from([n >> 8, n & 0xff])),
          tlv(0x020e, Buffer.from([3])),
          tlv(0x020f, Buffer.from([part])),
        ];
        return { source, destination, tlvs };
      }),
    ).flat();
    const shuffled = parts.map((message) => ({ message, at: random() })).toSorted((x, y) => x.at - y.at);
    for (const [i, { message }] of shuffled.entries()) {
      (binds[i % 2] as RawSmppPeer).send(submitSm(i + 2, message));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all is answered', () => binds.reduce((sum, esme) => sum + answersOf(esme).length, 0) === 3002);
    const homes = new Map<string, Set<number>>();
    for (const [place, smsc] of pool.smscs.entries()) {
      expect(submitsAt(smsc).length).toBeGreaterThan(500);
      for (const { body } of submitsAt(smsc)) {
        const to = /4916\d+/.exec(body.toString('latin1'))?.[0] ?? '';
        homes.set(to, (homes.get(to) ?? new Set()).add(place));
      }
    }
    expect(homes.size).toBe(1000);
    expect([...homes.values()].filter(({ size }) => size !== 1)).toEqual([]);
    expect(pool.plane.counter('smpp.pool.partsKept')).toBe(2000);
  });

  test('query_sm, cancel_sm and replace_sm go to the SMSC that gave the id', async () => {
    await pool.start({ count: 3 });
    const esme = await pool.bind();
    await pool.allBound();
    for (let i = 0; i < 30; i += 1) {
      const id = (await esme.ask(0x04, 10 + i, smBody())).body.toString('latin1');
      const home = pool.smscs[Number(id.split('-of-')[1]?.[0])] as RawSmsc;
      const before = home.requests.length;
      await esme.ask(0x03, 100, Buffer.from(`${id}\x01\x01491\0`));
      await esme.ask(0x08, 101, Buffer.from(`\0${id}\x01\x01491\0\x01\x01492\0`));
      await esme.ask(0x07, 102, Buffer.from(`${id}\x01\x01491\0\0\0\x01\0\x02hi`));
      expect(home.requests.slice(before).map(({ command }) => command)).toEqual([0x03, 0x08, 0x07]);
    }
  });

  describe('cancel_sm by address, whose messages any SMSC may have', () => {
    test.each([
      ['all succeed', [0, 0, 0], 0],
      ['one of them succeeds', [0x11, 0x0c, 0], 0],
      ['none succeeds: the first refusal', [0x11, 0x11, 0x11], 0x11],
      ['one refuses and the others say nothing in time', [0x11, undefined, undefined], 8],
    ])('reaches all of them byte for byte and is answered once when %s', async (_name, statuses, expected) => {
      const esme = await startCancelling(...statuses);
      expect(await esme.ask(0x08, 77, byAddress)).toMatchObject({ command: 0x8000_0008, status: expected });
      await until('all were asked', () => pool.smscs.every(({ requests }) => requests.length === 2));
      for (const { requests } of pool.smscs) expect(requests[1]?.body).toEqual(byAddress);
      expect((await esme.ask(0x15, 78)).status).toBe(0);
      expect(answersOf(esme).map(({ sequence }) => sequence)).toEqual([1, 77, 78]);
      await until('nothing is open', () => pool.plane.gauge('smpp.inFlight') === 0);
    });

    test('is answered at once when the SMSCs that have not answered are lost', async () => {
      const esme = await startCancelling(0x11, undefined);
      esme.send(rawPdu(0x08, 77, { body: byAddress }));
      await until('both were asked', () => pool.smscs.every(({ requests }) => requests.length === 2));
      await (pool.smscs[1] as RawSmsc).kill();
      expect((await esme.answer(77)).status).toBe(0x11);
    });

    test('holds an unbind until it is answered', async () => {
      const esme = await startCancelling(undefined, undefined);
      esme.send(rawPdu(0x08, 77, { body: byAddress }), rawPdu(0x06, 78));
      await until('the connection is closed', () => esme.ended);
      expect(answersOf(esme).map(({ sequence, status }) => [sequence, status])).toEqual([
        [1, 0],
        [77, 8],
        [78, 0],
      ]);
    });
  });

  test('messages that replace each other go to one SMSC', async () => {
    await pool.start({ count: 3 });
    const esme = await pool.bind();
    await pool.allBound();
    for (let i = 0; i < 30; i += 1) await esme.ask(0x04, 10 + i, smBody({ replaceIfPresent: 1 }));
    expect(pool.smscs.map((smsc) => submitsAt(smsc).length).toSorted()).toEqual([0, 0, 30]);
  });
});

describe('flow', () => {
  test('a full SMSC is passed over, all full means waiting, and everything is answered', async () => {
    await pool.start({ count: 2, overrides: { maxInFlight: 5 } });
    const held: (() => void)[] = [];
    for (const smsc of pool.smscs) {
      smsc.onRequest = ({ sequence }, from) => void held.push(() => from.send(rawPdu(0x8000_0004, sequence)));
    }
    const [a, b] = [await pool.bind(), await pool.bind()];
    await pool.allBound();
    a.send(...Array.from({ length: 30 }, (_, i) => submitSm(i + 2)));
    await until('both windows are full', () => held.length === 10);
    b.send(...Array.from({ length: 10 }, (_, i) => submitSm(i + 2)));
    await until('all is answered', () => {
      held.shift()?.();
      return answersOf(a).length === 31 && answersOf(b).length === 11;
    });
    expect([...answersOf(a), ...answersOf(b)].every(({ status }) => status === 0)).toBe(true);
  });

  test('an unbind waits for the answers of its own requests only', async () => {
    await pool.start({ count: 1 });
    const held: (() => void)[] = [];
    (pool.smscs[0] as RawSmsc).onRequest = ({ sequence }, from) =>
      void held.push(() => from.send(rawPdu(0x8000_0004, sequence)));
    const [a, b] = [await pool.bind(), await pool.bind()];
    a.send(submitSm(10));
    await until('it has come', () => held.length === 1);
    expect((await b.ask(0x06, 11)).status).toBe(0);
    a.send(rawPdu(0x06, 12));
    await until('b is closed', () => b.ended);
    expect(answersOf(a)).toHaveLength(1);
    held[0]?.();
    await until('a is closed', () => a.ended);
    expect(answersOf(a).map(({ sequence }) => sequence)).toEqual([1, 10, 12]);
  });
});
