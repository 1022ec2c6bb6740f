import { NodeState } from '../../proto';
import type { SmppConfig } from '../../runtime/config';
import { awkwardSubmits, smBody, tlv, type ShortMessage } from '../support/awkward-pdus';
import { seededRandom } from '../support/seeded-random';
import {
  RawSmsc,
  bindBody,
  boundEsme,
  rawEsme,
  rawPdu,
  withoutSequence,
  type RawPdu,
  type RawSmppPeer,
} from '../support/smpp-peer';
import { smscNode, startTestPlane, testSmppConfig, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

const smscs: RawSmsc[] = [];
const esmes: RawSmppPeer[] = [];
let plane: TestSmppPlane;

interface Setup {
  readonly count: number;
  readonly overrides?: Partial<SmppConfig>;
  readonly pool?: Partial<SmppConfig['pool']>;
}

/** SMSCs that give ids of their own and a plane in pool mode over them. */
async function start({ count, overrides = {}, pool = {} }: Setup): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const smsc = await RawSmsc.start();
    let issued = 0;
    smsc.onRequest = ({ command, sequence }, from) => {
      const body = command === 0x04 ? Buffer.from(`${(issued += 1)}-of-${i}\0`) : Buffer.alloc(0);
      from.send(rawPdu((command | 0x8000_0000) >>> 0, sequence, { body }));
    };
    smscs.push(smsc);
  }
  const config = testSmppConfig();
  plane = await startTestPlane(
    smscs.map((smsc, i) => smscNode(`smsc${i}`, smsc)),
    { mode: 'pool', ...overrides, pool: { ...config.pool, ...pool } },
  );
}

async function bind(systemId = 'acme', command = 0x09): Promise<RawSmppPeer> {
  const esme = await boundEsme(plane.address, systemId, command);
  esmes.push(esme);
  return esme;
}

async function allBound(perSmsc = 1): Promise<void> {
  await until('every SMSC is bound', () => smscs.every((smsc) => smsc.bound.length === perSmsc));
}

function submit(sequence: number, message: ShortMessage = {}): Buffer {
  return rawPdu(0x04, sequence, { body: smBody(message) });
}

function submitsAt(smsc: RawSmsc): RawPdu[] {
  return smsc.requests.filter(({ command }) => command === 0x04);
}

function answersOf(esme: RawSmppPeer): RawPdu[] {
  return esme.got.filter(({ command }) => command >= 0x8000_0000);
}

function delivered(esme: RawSmppPeer): number {
  return esme.got.filter(({ command }) => command === 0x05).length;
}

/** The bind at an SMSC. */
function connectionAt(smsc: RawSmsc | undefined): RawSmppPeer {
  const [connection] = smsc?.bound ?? [];
  if (connection === undefined) throw new Error('nobody is bound at the SMSC');
  return connection;
}

/** The ESME answers what it is sent. */
function answering(esme: RawSmppPeer): RawSmppPeer {
  esme.onPdu = ({ command, sequence }) => {
    if (command < 0x8000_0000) esme.send(rawPdu((command | 0x8000_0000) >>> 0, sequence));
  };
  return esme;
}

afterEach(async () => {
  for (const esme of esmes.splice(0)) esme.destroy();
  await plane.close();
  for (const smsc of smscs.splice(0)) await smsc.close();
});

describe('binds', () => {
  test('ESMEs of one account share one bind per SMSC, byte for byte theirs', async () => {
    await start({ count: 3 });
    for (let i = 0; i < 5; i += 1) await bind();
    await allBound();
    for (const smsc of smscs) {
      expect(smsc.requests.map(({ command }) => command)).toEqual([0x09]);
      expect(smsc.requests[0]?.body).toEqual(bindBody('acme'));
    }
    expect(plane.gauge('smpp.sessions')).toBe(5);
    expect(plane.core.table.get('smsc0')?.live.activeSessions).toBe(1);
    for (const esme of esmes) esme.destroy();
    await until('the last ESME takes the binds with it', () => smscs.every((smsc) => smsc.bound.length === 0));
    expect(smscs.every((smsc) => smsc.requests.at(-1)?.command === 0x06)).toBe(true);
    await until('nothing is left', () => plane.gauge('smpp.connections') === 0);
    expect(plane.core.table.get('smsc0')?.live.activeSessions).toBe(0);
  });

  test('several binds per SMSC when configured, and binds of another kind are their own', async () => {
    await start({ count: 2, pool: { bindsPerSmsc: 3 } });
    await bind();
    await allBound(3);
    await bind('acme', 0x02);
    await allBound(6);
    expect(smscs[0]?.requests.filter(({ command }) => command === 0x02)).toHaveLength(3);
  });

  test('an SMSC that does not answer the unbind is closed all the same', async () => {
    await start({ count: 1 });
    const esme = await bind();
    const connection = connectionAt(smscs[0]);
    connection.onPdu = undefined;
    esme.destroy();
    await connection.request(0x06);
    await until('nothing is left', () => plane.gauge('smpp.connections') === 0);
    expect(connection.ended).toBe(true);
  });

  test('ESMEs that bind while the pool is being bound wait for it', async () => {
    await start({ count: 2 });
    await Promise.all([bind(), bind(), bind(), bind()]);
    await allBound();
    expect(smscs.map((smsc) => smsc.requests.length)).toEqual([1, 1]);
  });

  test('a wrong password is refused by one SMSC, never bound, and harms nobody', async () => {
    await start({ count: 2 });
    const good = await bind();
    await allBound();
    for (const smsc of smscs) smsc.bindStatus = 0x0e;
    const bad = await rawEsme(plane.address);
    esmes.push(bad);
    expect(await bad.ask(0x09, 7, bindBody('acme', 'wrong'))).toMatchObject({ command: 0x8000_0009, status: 0x0e });
    expect((await bad.ask(0x04, 8)).status).toBe(0x04);
    expect(smscs.flatMap((smsc) => smsc.requests)).toHaveLength(3);
    expect((await good.ask(0x04, 9, smBody())).status).toBe(0);
  });

  test('no SMSC at all: ESME_RSYSERR', async () => {
    await start({ count: 0 });
    const esme = await rawEsme(plane.address);
    esmes.push(esme);
    expect(await esme.ask(0x09, 7, bindBody('acme'))).toMatchObject({ command: 0x8000_0009, status: 0x08 });
  });

  test('the T1 answers are those of session mode', async () => {
    await start({ count: 1 });
    const esme = await bind('acme', 0x02);
    expect((await esme.ask(0x05, 2)).status).toBe(0x04);
    expect((await esme.ask(0x09, 3, bindBody('x'))).status).toBe(0x05);
    expect((await esme.ask(0x15, 4)).status).toBe(0);
    expect((await connectionAt(smscs[0]).ask(0x05, 5, smBody())).status).toBe(0x04);
    expect((await esme.ask(0x06, 6)).status).toBe(0);
    await until('the connection is closed', () => esme.ended);
  });
});

describe('messages', () => {
  test('go round over the SMSCs, each byte but the sequence number as it came, and each answer to who asked', async () => {
    await start({ count: 4 });
    const [a, b] = [await bind(), await bind()];
    await allBound();
    const kinds = awkwardSubmits();
    const sent = Array.from({ length: 400 }, (_, i) => {
      const pdu = Buffer.from((kinds[i % kinds.length] as { pdu: Buffer }).pdu);
      pdu.writeUInt32BE(i + 2, 12);
      return pdu;
    });
    a.send(...sent);
    b.send(...sent);
    await until('all is answered', () => answersOf(a).length === 401 && answersOf(b).length === 401);
    const got = smscs.flatMap((smsc) => smsc.requests.filter(({ command }) => command !== 0x09));
    const expected = [...sent, ...sent].map(withoutSequence).toSorted();
    expect(got.map(({ bytes }) => withoutSequence(bytes)).toSorted()).toEqual(expected);
    for (const esme of [a, b]) {
      const numbers = answersOf(esme)
        .slice(1)
        .map(({ sequence }) => sequence);
      expect(numbers.toSorted((x, y) => x - y)).toEqual(sent.map((_, i) => i + 2));
    }
    for (const smsc of smscs) expect(smsc.requests.length).toBeGreaterThan(150);
  });

  test('header-hash on the destination keeps each destination at one SMSC', async () => {
    await start({ count: 3, pool: { affinityKey: 'destination' } });
    plane.core.setAlgorithm('header-hash');
    const esme = await bind();
    await allBound();
    for (let i = 0; i < 300; i += 1) {
      esme.send(submit(i + 2, { destination: Buffer.from(`49${i % 30}`) }));
    }
    await until('all is answered', () => answersOf(esme).length === 301);
    const homes = new Map<string, Set<number>>();
    for (const [place, smsc] of smscs.entries()) {
      for (const { body } of submitsAt(smsc)) {
        const to = /49\d+(?=\0)/.exec(body.toString('latin1', 18))?.[0] ?? '';
        homes.set(to, (homes.get(to) ?? new Set()).add(place));
      }
    }
    expect([...homes.values()].every(({ size }) => size === 1)).toBe(true);
    expect(smscs.every((smsc) => submitsAt(smsc).length > 0)).toBe(true);
  });

  test('1 000 three-part messages in any order over two binds: every message at one SMSC', async () => {
    await start({ count: 4 });
    const binds = [await bind(), await bind()];
    await allBound();
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
      (binds[i % 2] as RawSmppPeer).send(submit(i + 2, message));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all is answered', () => binds.reduce((sum, esme) => sum + answersOf(esme).length, 0) === 3002);
    const homes = new Map<string, Set<number>>();
    for (const [place, smsc] of smscs.entries()) {
      expect(submitsAt(smsc).length).toBeGreaterThan(500);
      for (const { body } of submitsAt(smsc)) {
        const to = /4916\d+/.exec(body.toString('latin1'))?.[0] ?? '';
        homes.set(to, (homes.get(to) ?? new Set()).add(place));
      }
    }
    expect(homes.size).toBe(1000);
    expect([...homes.values()].filter(({ size }) => size !== 1)).toEqual([]);
    expect(plane.counter('smpp.pool.partsKept')).toBe(2000);
  });

  test('query_sm, cancel_sm and replace_sm go to the SMSC that gave the id', async () => {
    await start({ count: 3 });
    const esme = await bind();
    await allBound();
    for (let i = 0; i < 30; i += 1) {
      const id = (await esme.ask(0x04, 10 + i, smBody())).body.toString('latin1');
      const home = smscs[Number(id.split('-of-')[1]?.[0])] as RawSmsc;
      const before = home.requests.length;
      await esme.ask(0x03, 100, Buffer.from(`${id}\x01\x01491\0`));
      await esme.ask(0x08, 101, Buffer.from(`\0${id}\x01\x01491\0\x01\x01492\0`));
      await esme.ask(0x07, 102, Buffer.from(`${id}\x01\x01491\0\0\0\x01\0\x02hi`));
      expect(home.requests.slice(before).map(({ command }) => command)).toEqual([0x03, 0x08, 0x07]);
    }
  });

  test('messages that replace each other go to one SMSC', async () => {
    await start({ count: 3 });
    const esme = await bind();
    await allBound();
    for (let i = 0; i < 30; i += 1) await esme.ask(0x04, 10 + i, smBody({ replaceIfPresent: 1 }));
    expect(smscs.map((smsc) => submitsAt(smsc).length).toSorted()).toEqual([0, 0, 30]);
  });
});

describe('from the SMSCs', () => {
  test('5 000 receipts in mixed formats reach the bind that submitted, over whatever bind of the account they come', async () => {
    await start({ count: 2 });
    let next = 0x10_0000_0000;
    for (const smsc of smscs) {
      smsc.onRequest = ({ command, sequence }, from) => {
        const id = command === 0x04 ? `${(next += 7).toString(16).toUpperCase()}\0` : '';
        from.send(rawPdu((command | 0x8000_0000) >>> 0, sequence, { body: Buffer.from(id) }));
      };
    }
    const tenants = ['acme', 'acme', 'other', 'other'];
    const binds = await Promise.all(tenants.map((systemId) => bind(systemId)));
    await allBound(2);
    for (const esme of binds) answering(esme);
    const ids = new Map<string, RawSmppPeer>();
    for (const esme of binds) {
      const pdus = Array.from({ length: 1250 }, (_, i) => submit(i + 10));
      for (let at = 0; at < pdus.length; at += 250) esme.send(...pdus.slice(at, at + 250));
      await until('all is answered', () => answersOf(esme).length === 1251);
      for (const { body } of answersOf(esme).slice(1)) ids.set(body.toString('latin1').slice(0, -1), esme);
    }
    expect(ids.size).toBe(5000);
    // Each SMSC sends the receipts of the ids that it gave over the bind of the account.
    let kind = 0;
    const wanted = new Map<RawSmppPeer, string[]>();
    for (const smsc of smscs) {
      for (const connection of smsc.bound) {
        const mine = idsOf(connection, ids);
        for (const [id, esme] of mine) {
          connection.send(rawPdu(0x05, (kind += 1), { body: receipt(id, kind % 4) }));
          wanted.set(esme, [...(wanted.get(esme) ?? []), id]);
        }
        await until('all is answered', () => answersOf(connection).length >= mine.size);
      }
    }
    for (const esme of binds) {
      const got = esme.got
        .filter(({ command }) => command === 0x05)
        .map(({ body }) => /X(\w+)X/.exec(body.toString('latin1'))?.[1]);
      expect(got.toSorted()).toEqual(wanted.get(esme)?.toSorted());
    }
    expect(plane.counter('smpp.pool.receipts.matched')).toBe(5000);
  }, 60_000);

  test('two tenants on the same SMSCs under load never see a PDU of each other', async () => {
    await start({ count: 2 });
    const binds = await Promise.all(['red', 'red', 'blue', 'blue'].map((systemId) => bind(systemId)));
    await allBound(2);
    for (const esme of binds) answering(esme);
    for (const [i, esme] of binds.entries()) {
      const colour = i < 2 ? 'red' : 'blue';
      for (let n = 0; n < 300; n += 1) esme.send(submit(n + 10, { text: Buffer.from(colour) }));
    }
    for (const smsc of smscs) {
      for (const connection of smsc.bound) {
        const colour = connection.got[0]?.body.toString('latin1').split('\0')[0] ?? '';
        for (let n = 0; n < 300; n += 1)
          connection.send(rawPdu(0x05, n + 1, { body: smBody({ text: Buffer.from(colour) }) }));
      }
    }
    await until('all is answered', () => binds.every((esme) => answersOf(esme).length === 301));
    for (const colour of ['red', 'blue']) {
      expect(plane.counter(`smpp.systemId.${colour}.toServer`)).toBe(600);
    }
    await until('all is delivered', () =>
      smscs.every((smsc) => smsc.bound.every((connection) => answersOf(connection).length >= 300)),
    );
    for (const [i, esme] of binds.entries()) {
      const texts = new Set(
        esme.got
          .filter(({ command }) => command === 0x05)
          .map(({ body }) =>
            body
              .toString('latin1')
              .slice(-4)
              .replace(/[^a-z]/g, ''),
          ),
      );
      expect([...texts]).toEqual([i < 2 ? 'red' : 'blue']);
    }
    for (const smsc of smscs) {
      for (const { got } of smsc.bound) {
        const colours = new Set(got.map(({ body }) => /red|blue/.exec(body.toString('latin1'))?.[0]).filter(Boolean));
        expect(colours.size).toBe(1);
      }
    }
  }, 30_000);

  test('deliver_sm goes in turn to those that receive, never to a transmitter, parts to one', async () => {
    await start({ count: 1 });
    const [tx, rx, trx] = [await bind('acme', 0x02), await bind('acme', 0x01), await bind('acme', 0x09)];
    await allBound(3);
    for (const esme of [tx, rx, trx]) answering(esme);
    const connection = smscs[0]?.bound.find(({ got }) => got[0]?.command === 0x09) as RawSmppPeer;
    for (let i = 0; i < 10; i += 1) expect((await connection.ask(0x05, 10 + i, smBody())).status).toBe(0);
    expect([tx, rx, trx].map(delivered)).toEqual([0, 5, 5]);
    for (let i = 0; i < 9; i += 1) {
      await connection.ask(
        0x05,
        50 + i,
        smBody({ esmClass: 0x40, text: Buffer.from([5, 0, 3, 9, 3, 1 + (i % 3), 65]) }),
      );
    }
    expect([rx, trx].map(delivered).toSorted((x, y) => x - y)).toEqual([5, 14]);
  });

  test('with no ESME that receives the SMSC is asked to try again later', async () => {
    await start({ count: 1 });
    const [rx, trx] = [await bind('acme', 0x01), await bind('acme', 0x09)];
    await allBound(2);
    const connection = smscs[0]?.bound.find(({ got }) => got[0]?.command === 0x09) as RawSmppPeer;
    rx.send(rawPdu(0x06, 9));
    await until('the receiver is gone', () => rx.ended);
    expect(trx.ended).toBe(false);
    answering(trx);
    expect((await connection.ask(0x05, 5, smBody())).status).toBe(0);
  });

  test('broadcast copies what an SMSC sends by itself to all, receipts excepted', async () => {
    await start({ count: 1, pool: { toEsme: 'broadcast' } });
    const binds = [await bind(), await bind(), await bind()];
    for (const esme of binds) answering(esme);
    const connection = connectionAt(smscs[0]);
    expect((await connection.ask(0x05, 5, smBody())).status).toBe(0);
    await until('all have it', () => binds.every(({ got }) => got.some(({ command }) => command === 0x05)));
    await connection.ask(0x05, 6, smBody({ esmClass: 4, text: Buffer.from('id:9') }));
    expect(binds.reduce((sum, { got }) => sum + got.filter(({ command }) => command === 0x05).length, 0)).toBe(4);
    expect(answersOf(connection)).toHaveLength(2);
  });
});

describe('members', () => {
  test('an SMSC is killed: its requests are answered once, traffic moves at once, no ESME notices; it returns gently', async () => {
    await start({ count: 3, pool: { slowStartMs: 60_000 } });
    const esme = await bind();
    await allBound();
    const [victim] = smscs as [RawSmsc];
    const answer = victim.onRequest;
    victim.onRequest = () => {};
    esme.send(...Array.from({ length: 30 }, (_, i) => submit(i + 2)));
    await until('a third is stuck', () => submitsAt(victim).length === 10 && answersOf(esme).length === 21);
    await victim.kill();
    await until('all is answered', () => answersOf(esme).length === 31);
    expect(answersOf(esme).filter(({ status }) => status === 8)).toHaveLength(10);
    for (let i = 0; i < 20; i += 1) expect((await esme.ask(0x04, 100 + i, smBody())).status).toBe(0);
    const returned = await RawSmsc.start(victim.port);
    returned.onRequest = answer;
    smscs.push(returned);
    await until('it is bound again', () => returned.bound.length === 1);
    for (let i = 0; i < 60; i += 1) await esme.ask(0x04, 200 + i, smBody());
    expect(submitsAt(returned).length).toBeLessThan(10);
    expect(esme.ended).toBe(false);
  });

  test('all SMSCs gone: ESMEs are turned back, served again when one returns, unbound when none does', async () => {
    await start({ count: 2, overrides: { reconnectMs: 30, reconnectMaxMs: 30, rebindRounds: 20 } });
    const esme = answering(await bind());
    await allBound();
    const ports = smscs.map(({ port }) => port);
    for (const smsc of smscs) await smsc.kill();
    await until('the loss is noticed', async () => (await esme.ask(0x04, 30, smBody())).status === 8);
    expect((await esme.ask(0x15, 31)).status).toBe(0);
    const returned = await RawSmsc.start(ports[1]);
    smscs.push(returned);
    await until('a submit succeeds', async () => (await esme.ask(0x04, 40, smBody())).status === 0);
    expect(plane.counter('smpp.rebinds')).toBe(1);
    await returned.kill();
    await until('the ESME is unbound', () => esme.ended);
    expect(esme.got.some(({ command }) => command === 0x06)).toBe(true);
    await until('nothing is left', () => plane.gauge('smpp.connections') === 0);
  });

  test('added and removed members change the pool without dropping a session; a draining one keeps its receipts', async () => {
    await start({ count: 3, pool: { slowStartMs: 0 } });
    const [a, b, c] = smscs as [RawSmsc, RawSmsc, RawSmsc];
    const esme = answering(await bind());
    await allBound();
    plane.core.setNodes([smscNode('smsc0', a, { state: NodeState.DRAINING }), smscNode('smsc1', b)]);
    await until('the removed one got unbind', () => c.requests.at(-1)?.command === 0x06);
    for (let i = 0; i < 10; i += 1) expect((await esme.ask(0x04, 10 + i, smBody())).status).toBe(0);
    expect(submitsAt(a)).toEqual([]);
    expect((await (a.bound[0] as RawSmppPeer).ask(0x05, 5, smBody({ esmClass: 4 }))).status).toBe(0);
    plane.core.setNodes([
      smscNode('smsc0', a, { state: NodeState.MAINTENANCE }),
      smscNode('smsc1', b),
      smscNode('smsc2', c),
    ]);
    await until('the deadline took its bind', () => a.bound.length === 0);
    await until('the added one is bound', () => c.bound.length === 1);
    for (let i = 0; i < 10; i += 1) expect((await esme.ask(0x04, 30 + i, smBody())).status).toBe(0);
    expect(submitsAt(c).length).toBe(5);
    expect(esme.ended).toBe(false);
  });

  test('an SMSC that fails too often gets nothing for a while, then its share grows again', async () => {
    await start({ count: 2, pool: { ejectAfter: 5, ejectMs: 300, slowStartMs: 100 } });
    const [bad] = smscs as [RawSmsc];
    const well = bad.onRequest;
    bad.onRequest = ({ sequence }, from) => from.send(rawPdu(0x8000_0004, sequence, { status: 8 }));
    const esme = await bind();
    await allBound();
    for (let i = 0; i < 40; i += 1) await esme.ask(0x04, 10 + i, smBody());
    expect(submitsAt(bad)).toHaveLength(5);
    expect(plane.counter('smpp.pool.ejections')).toBe(1);
    bad.onRequest = well;
    await until('it takes part again', async () => {
      await esme.ask(0x04, 100, smBody());
      return submitsAt(bad).length > 10;
    });
  });

  test('an SMSC that says unbind is bound again after a while', async () => {
    await start({ count: 2 });
    const esme = await bind();
    await allBound();
    const [first] = smscs as [RawSmsc];
    expect((await (first.bound[0] as RawSmppPeer).ask(0x06, 9)).status).toBe(0);
    await until('it is bound again', () => first.connections.length === 2 && first.bound.length === 1);
    expect((await esme.ask(0x04, 10, smBody())).status).toBe(0);
  });

  test('least-outstanding prefers the SMSC that answers', async () => {
    await start({ count: 2 });
    plane.core.setAlgorithm('least-outstanding');
    const [stuck, well] = smscs as [RawSmsc, RawSmsc];
    stuck.onRequest = () => {};
    const esme = await bind();
    await allBound();
    for (let i = 0; i < 50; i += 1) {
      esme.send(submit(10 + i));
      await until('it has come', () => submitsAt(stuck).length + submitsAt(well).length === i + 1);
      await until('the well one answered', () => answersOf(esme).length - 1 === submitsAt(well).length);
    }
    expect(submitsAt(stuck).length).toBeLessThanOrEqual(2);
  });

  test('a congested SMSC gets less', async () => {
    await start({ count: 2 });
    const [congested, idle] = smscs as [RawSmsc, RawSmsc];
    congested.onRequest = ({ sequence }, from) =>
      from.send(
        rawPdu(0x8000_0004, sequence, { body: Buffer.concat([Buffer.from('1\0'), tlv(0x0428, Buffer.from([100]))]) }),
      );
    const esme = await bind();
    await allBound();
    await until('its share is small', async () => {
      const before = submitsAt(congested).length;
      for (let i = 0; i < 11; i += 1) await esme.ask(0x04, 100 + i, smBody());
      return submitsAt(congested).length - before <= 1;
    });
    expect(submitsAt(congested).length).toBeLessThan(submitsAt(idle).length);
  });
});

describe('flow', () => {
  test('a full SMSC is passed over, all full means waiting, and everything is answered', async () => {
    await start({ count: 2, overrides: { maxInFlight: 5 } });
    const held: (() => void)[] = [];
    for (const smsc of smscs) {
      smsc.onRequest = ({ sequence }, from) => void held.push(() => from.send(rawPdu(0x8000_0004, sequence)));
    }
    const [a, b] = [await bind(), await bind()];
    await allBound();
    a.send(...Array.from({ length: 30 }, (_, i) => submit(i + 2)));
    await until('both windows are full', () => held.length === 10);
    b.send(...Array.from({ length: 10 }, (_, i) => submit(i + 2)));
    await until('all is answered', () => {
      held.shift()?.();
      return answersOf(a).length === 31 && answersOf(b).length === 11;
    });
    expect([...answersOf(a), ...answersOf(b)].every(({ status }) => status === 0)).toBe(true);
  });

  test('an unbind waits for the answers of its own requests only', async () => {
    await start({ count: 1 });
    const held: (() => void)[] = [];
    (smscs[0] as RawSmsc).onRequest = ({ sequence }, from) =>
      void held.push(() => from.send(rawPdu(0x8000_0004, sequence)));
    const [a, b] = [await bind(), await bind()];
    a.send(submit(10));
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

/** The ids that an SMSC gave over a connection: the plane's answers went to the ESMEs of its account. */
function idsOf(connection: RawSmppPeer, ids: ReadonlyMap<string, RawSmppPeer>): Map<string, RawSmppPeer> {
  const given = new Set(connection.gave);
  return new Map([...ids].filter(([id]) => given.has(id)));
}

/** A receipt for a hexadecimal id, spelled in one of four ways; the text carries the id as the test knows it. */
function receipt(id: string, kind: number): Buffer {
  const decimal = BigInt(`0x${id}`).toString();
  const spelling = [id, id.toLowerCase(), decimal, `000${decimal}`][kind] ?? id;
  const byTlv = kind === 0 || kind === 3;
  const text = Buffer.from(byTlv ? `X${id}X stat:DELIVRD` : `id:${spelling} sub:001 X${id}X stat:DELIVRD`);
  return smBody({ esmClass: 4, text, tlvs: byTlv ? [tlv(0x001e, `${spelling}\0`)] : [] });
}
