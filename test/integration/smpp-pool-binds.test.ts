import { smBody, tlv } from '../support/awkward-pdus';
import { bindBody, rawEsme, rawPdu, type RawSmsc } from '../support/smpp-peer';
import { SmppPoolFixture, answersOf, connectionAt } from '../support/smpp-pool-fixture';
import { until } from '../support/until';

const pool = new SmppPoolFixture();

afterEach(() => pool.close());

describe('binds', () => {
  test('ESMEs of one account share one bind per SMSC, byte for byte theirs', async () => {
    await pool.start({ count: 3 });
    for (let i = 0; i < 5; i += 1) await pool.bind();
    await pool.allBound();
    for (const smsc of pool.smscs) {
      expect(smsc.requests.map(({ command }) => command)).toEqual([0x09]);
      expect(smsc.requests[0]?.body).toEqual(bindBody('acme'));
    }
    expect(pool.plane.gauge('smpp.sessions')).toBe(5);
    expect(pool.plane.core.table.get('smsc0')?.live.activeSessions).toBe(1);
    for (const esme of pool.esmes) esme.destroy();
    await until('the last ESME takes the binds with it', () => pool.smscs.every((smsc) => smsc.bound.length === 0));
    expect(pool.smscs.every((smsc) => smsc.requests.at(-1)?.command === 0x06)).toBe(true);
    await until('nothing is left', () => pool.plane.gauge('smpp.connections') === 0);
    expect(pool.plane.core.table.get('smsc0')?.live.activeSessions).toBe(0);
  });

  test('several binds per SMSC when configured, and binds of another kind are their own', async () => {
    await pool.start({ count: 2, pool: { bindsPerSmsc: 3 } });
    await pool.bind();
    await pool.allBound(3);
    await pool.bind('acme', 0x02);
    await pool.allBound(6);
    expect(pool.smscs[0]?.requests.filter(({ command }) => command === 0x02)).toHaveLength(3);
  });

  test('an SMSC that does not answer the unbind is closed all the same', async () => {
    await pool.start({ count: 1 });
    const esme = await pool.bind();
    const connection = connectionAt(pool.smscs[0]);
    connection.onPdu = undefined;
    esme.destroy();
    await connection.request(0x06);
    await until('nothing is left', () => pool.plane.gauge('smpp.connections') === 0);
    expect(connection.ended).toBe(true);
  });

  test('ESMEs that bind while the pool is being bound wait for it', async () => {
    await pool.start({ count: 2 });
    await Promise.all([pool.bind(), pool.bind(), pool.bind(), pool.bind()]);
    await pool.allBound();
    expect(pool.smscs.map((smsc) => smsc.requests.length)).toEqual([1, 1]);
  });

  test.each([
    ['the oldest version of all', [0x50, 0x34, 0x50], 0x34],
    ['no version when one SMSC says none', [0x50, undefined, 0x34], undefined],
  ])('are answered with %s', async (_name, versions, expected) => {
    await pool.start({ count: 3 });
    for (const [i, smsc] of pool.smscs.entries()) {
      const version = versions[i];
      smsc.bindBody = Buffer.concat([
        Buffer.from('smsc\0'),
        tlv(0x1401, 'v'),
        ...(version === undefined ? [] : [tlv(0x0210, Buffer.from([version]))]),
      ]);
    }
    for (const esme of [await pool.bind(), await pool.bind()]) {
      const [{ body } = { body: Buffer.alloc(0) }] = esme.got;
      const version = expected === undefined ? [] : [tlv(0x0210, Buffer.from([expected]))];
      expect(body).toEqual(Buffer.concat([Buffer.from('smsc\0'), tlv(0x1401, 'v'), ...version]));
    }
  });

  test('wait only a moment for an SMSC that does not answer, and hear their own answer before what the others deliver', async () => {
    await pool.start({ count: 2, overrides: { connectTimeoutMs: 600 } });
    const [mute, quick] = pool.smscs as [RawSmsc, RawSmsc];
    mute.mute = true;
    quick.bindBody = Buffer.from('quick\0');
    quick.afterBind = rawPdu(0x05, 9, { body: smBody() });
    const esme = await pool.bind();
    esme.send(rawPdu(0x8000_0005, (await esme.request(0x05)).sequence));
    expect(esme.got.map(({ command }) => command)).toEqual([0x8000_0009, 0x05]);
    await until('the answer is back', () => answersOf(connectionAt(quick)).some(({ status }) => status === 0));
  });

  test('a wrong password is refused by one SMSC, never bound, and harms nobody', async () => {
    await pool.start({ count: 2 });
    const good = await pool.bind();
    await pool.allBound();
    for (const smsc of pool.smscs) smsc.bindStatus = 0x0e;
    const bad = await rawEsme(pool.plane.address);
    pool.esmes.push(bad);
    expect(await bad.ask(0x09, 7, bindBody('acme', 'wrong'))).toMatchObject({ command: 0x8000_0009, status: 0x0e });
    expect((await bad.ask(0x04, 8)).status).toBe(0x04);
    expect(pool.smscs.flatMap((smsc) => smsc.requests)).toHaveLength(3);
    expect((await good.ask(0x04, 9, smBody())).status).toBe(0);
  });

  test('no SMSC at all: ESME_RSYSERR', async () => {
    await pool.start({ count: 0 });
    const esme = await rawEsme(pool.plane.address);
    pool.esmes.push(esme);
    expect(await esme.ask(0x09, 7, bindBody('acme'))).toMatchObject({ command: 0x8000_0009, status: 0x08 });
  });

  test('the T1 answers are those of session mode', async () => {
    await pool.start({ count: 1 });
    const esme = await pool.bind('acme', 0x02);
    expect((await esme.ask(0x05, 2)).status).toBe(0x04);
    expect((await esme.ask(0x09, 3, bindBody('x'))).status).toBe(0x05);
    expect((await esme.ask(0x15, 4)).status).toBe(0);
    expect((await connectionAt(pool.smscs[0]).ask(0x05, 5, smBody())).status).toBe(0x04);
    expect((await esme.ask(0x06, 6)).status).toBe(0);
    await until('the connection is closed', () => esme.ended);
  });
});
