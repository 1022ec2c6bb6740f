import { smBody, tlv } from '../support/awkward-pdus';
import { rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { SmppPoolFixture, answering, answersOf, connectionAt, submitSm } from '../support/smpp-pool-fixture';
import { until } from '../support/until';

const pool = new SmppPoolFixture();

afterEach(() => pool.close());

function delivered(esme: RawSmppPeer): number {
  return esme.got.filter(({ command }) => command === 0x05).length;
}

describe('from the SMSCs', () => {
  test('5 000 receipts in mixed formats reach the bind that submitted, over whatever bind of the account they come', async () => {
    await pool.start({ count: 2 });
    let next = 0x10_0000_0000;
    for (const smsc of pool.smscs) {
      smsc.onRequest = ({ command, sequence }, from) => {
        const id = command === 0x04 ? `${(next += 7).toString(16).toUpperCase()}\0` : '';
        from.send(rawPdu((command | 0x8000_0000) >>> 0, sequence, { body: Buffer.from(id) }));
      };
    }
    const tenants = ['acme', 'acme', 'other', 'other'];
    const binds = await Promise.all(tenants.map((systemId) => pool.bind(systemId)));
    await pool.allBound(2);
    for (const esme of binds) answering(esme);
    const ids = new Map<string, RawSmppPeer>();
    for (const esme of binds) {
      const pdus = Array.from({ length: 1250 }, (_, i) => submitSm(i + 10));
      for (let at = 0; at < pdus.length; at += 250) esme.send(...pdus.slice(at, at + 250));
      await until('all is answered', () => answersOf(esme).length === 1251);
      for (const { body } of answersOf(esme).slice(1)) ids.set(body.toString('latin1').slice(0, -1), esme);
    }
    expect(ids.size).toBe(5000);
    // Each SMSC sends the receipts of the ids that it gave over the bind of the account.
    let kind = 0;
    const wanted = new Map<RawSmppPeer, string[]>();
    for (const smsc of pool.smscs) {
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
    expect(pool.plane.counter('smpp.pool.receipts.matched')).toBe(5000);
  }, 60_000);

  test('two tenants on the same SMSCs under load never see a PDU of each other', async () => {
    await pool.start({ count: 2 });
    const binds = await Promise.all(['red', 'red', 'blue', 'blue'].map((systemId) => pool.bind(systemId)));
    await pool.allBound(2);
    for (const esme of binds) answering(esme);
    for (const [i, esme] of binds.entries()) {
      const colour = i < 2 ? 'red' : 'blue';
      for (let n = 0; n < 300; n += 1) esme.send(submitSm(n + 10, { text: Buffer.from(colour) }));
    }
    for (const smsc of pool.smscs) {
      for (const connection of smsc.bound) {
        const colour = connection.got[0]?.body.toString('latin1').split('\0')[0] ?? '';
        for (let n = 0; n < 300; n += 1)
          connection.send(rawPdu(0x05, n + 1, { body: smBody({ text: Buffer.from(colour) }) }));
      }
    }
    await until('all is answered', () => binds.every((esme) => answersOf(esme).length === 301));
    for (const colour of ['red', 'blue']) {
      expect(pool.plane.counter(`smpp.systemId.${colour}.toServer`)).toBe(600);
    }
    await until('all is delivered', () =>
      pool.smscs.every((smsc) => smsc.bound.every((connection) => answersOf(connection).length >= 300)),
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
    for (const smsc of pool.smscs) {
      for (const { got } of smsc.bound) {
        const colours = new Set(got.map(({ body }) => /red|blue/.exec(body.toString('latin1'))?.[0]).filter(Boolean));
        expect(colours.size).toBe(1);
      }
    }
  }, 30_000);

  test('deliver_sm goes in turn to those that receive, never to a transmitter, parts to one', async () => {
    await pool.start({ count: 1 });
    const [tx, rx, trx] = [await pool.bind('acme', 0x02), await pool.bind('acme', 0x01), await pool.bind('acme', 0x09)];
    await pool.allBound(3);
    for (const esme of [tx, rx, trx]) answering(esme);
    const connection = pool.smscs[0]?.bound.find(({ got }) => got[0]?.command === 0x09) as RawSmppPeer;
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
    await pool.start({ count: 1 });
    const [rx, trx] = [await pool.bind('acme', 0x01), await pool.bind('acme', 0x09)];
    await pool.allBound(2);
    const connection = pool.smscs[0]?.bound.find(({ got }) => got[0]?.command === 0x09) as RawSmppPeer;
    rx.send(rawPdu(0x06, 9));
    await until('the receiver is gone', () => rx.ended);
    expect(trx.ended).toBe(false);
    answering(trx);
    expect((await connection.ask(0x05, 5, smBody())).status).toBe(0);
  });

  test('broadcast copies what an SMSC sends by itself to all, receipts excepted', async () => {
    await pool.start({ count: 1, pool: { toEsme: 'broadcast' } });
    const binds = [await pool.bind(), await pool.bind(), await pool.bind()];
    for (const esme of binds) answering(esme);
    const connection = connectionAt(pool.smscs[0]);
    expect((await connection.ask(0x05, 5, smBody())).status).toBe(0);
    await until('all have it', () => binds.every(({ got }) => got.some(({ command }) => command === 0x05)));
    await connection.ask(0x05, 6, smBody({ esmClass: 4, text: Buffer.from('id:9') }));
    expect(binds.reduce((sum, { got }) => sum + got.filter(({ command }) => command === 0x05).length, 0)).toBe(4);
    expect(answersOf(connection)).toHaveLength(2);
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
