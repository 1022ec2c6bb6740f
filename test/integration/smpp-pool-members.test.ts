import { NodeState } from '../../proto';
import { smBody, tlv } from '../support/awkward-pdus';
import { RawSmsc, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { smscNode } from '../support/smpp-plane';
import { SmppPoolFixture, answering, answersOf, connectionAt, submitSm, submitsAt } from '../support/smpp-pool-fixture';
import { until } from '../support/until';

const pool = new SmppPoolFixture();

afterEach(() => pool.close());

describe('members', () => {
  test('an SMSC is killed: its requests are answered once, traffic moves at once, no ESME notices; it returns gently', async () => {
    await pool.start({ count: 3, pool: { slowStartMs: 60_000 } });
    const esme = await pool.bind();
    await pool.allBound();
    const [victim] = pool.smscs as [RawSmsc];
    const answer = victim.onRequest;
    victim.onRequest = () => {};
    esme.send(...Array.from({ length: 30 }, (_, i) => submitSm(i + 2)));
    await until('a third is stuck', () => submitsAt(victim).length === 10 && answersOf(esme).length === 21);
    await victim.kill();
    await until('all is answered', () => answersOf(esme).length === 31);
    expect(answersOf(esme).filter(({ status }) => status === 8)).toHaveLength(10);
    for (let i = 0; i < 20; i += 1) expect((await esme.ask(0x04, 100 + i, smBody())).status).toBe(0);
    const returned = await RawSmsc.start(victim.port);
    returned.onRequest = answer;
    pool.smscs.push(returned);
    await until('it is bound again', () => returned.bound.length === 1);
    for (let i = 0; i < 60; i += 1) await esme.ask(0x04, 200 + i, smBody());
    expect(submitsAt(returned).length).toBeLessThan(10);
    expect(esme.ended).toBe(false);
  });

  test('all SMSCs gone: ESMEs are turned back, served again when one returns, unbound when none does', async () => {
    await pool.start({ count: 2, overrides: { reconnectMs: 30, reconnectMaxMs: 30, rebindRounds: 20 } });
    const esme = answering(await pool.bind());
    await pool.allBound();
    const ports = pool.smscs.map(({ port }) => port);
    for (const smsc of pool.smscs) await smsc.kill();
    await until('the loss is noticed', async () => (await esme.ask(0x04, 30, smBody())).status === 8);
    expect((await esme.ask(0x15, 31)).status).toBe(0);
    const returned = await RawSmsc.start(ports[1]);
    pool.smscs.push(returned);
    await until('a submit succeeds', async () => (await esme.ask(0x04, 40, smBody())).status === 0);
    expect(pool.plane.counter('smpp.rebinds')).toBe(1);
    await returned.kill();
    await until('the ESME is unbound', () => esme.ended);
    expect(esme.got.some(({ command }) => command === 0x06)).toBe(true);
    await until('nothing is left', () => pool.plane.gauge('smpp.connections') === 0);
  });

  test('added and removed members change the pool without dropping a session; a draining one keeps its receipts', async () => {
    await pool.start({ count: 3, pool: { slowStartMs: 0 } });
    const [a, b, c] = pool.smscs as [RawSmsc, RawSmsc, RawSmsc];
    const esme = answering(await pool.bind());
    await pool.allBound();
    pool.plane.core.setNodes([smscNode('smsc0', a, { state: NodeState.DRAINING }), smscNode('smsc1', b)]);
    await until('the removed one got unbind', () => c.requests.at(-1)?.command === 0x06);
    for (let i = 0; i < 10; i += 1) expect((await esme.ask(0x04, 10 + i, smBody())).status).toBe(0);
    expect(submitsAt(a)).toEqual([]);
    expect((await (a.bound[0] as RawSmppPeer).ask(0x05, 5, smBody({ esmClass: 4 }))).status).toBe(0);
    pool.plane.core.setNodes([
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

  test('a member that moves to another port is left there and bound at the new place', async () => {
    await pool.start({ count: 2 });
    const [stays, moves] = pool.smscs as [RawSmsc, RawSmsc];
    const elsewhere = await RawSmsc.start();
    pool.smscs.push(elsewhere);
    const esme = await pool.bind();
    await until('both are bound', () => stays.bound.length === 1 && moves.bound.length === 1);
    pool.plane.core.setNodes([smscNode('smsc0', stays), smscNode('smsc1', elsewhere)]);
    await until('it is bound at the new place only', () => moves.bound.length === 0 && elsewhere.bound.length === 1);
    expect(moves.requests.at(-1)?.command).toBe(0x06);
    expect(esme.ended).toBe(false);
  });

  test('another list of remoteServers changes the pool without dropping a session', async () => {
    await pool.start({ count: 1 });
    const [first, second] = [await RawSmsc.start(), await RawSmsc.start()];
    pool.smscs.push(first, second);
    const esme = answering(await pool.bind());
    pool.plane.useRemoteServers([`127.0.0.1:${first.port}`]);
    await until('the new one is bound', () => first.bound.length === 1);
    const connection = connectionAt(first);
    pool.plane.useRemoteServers([`127.0.0.1:${second.port}`, `127.0.0.1:${first.port}`]);
    await until('the next one is bound', () => second.bound.length === 1);
    expect(first.bound).toEqual([connection]);
    pool.plane.useRemoteServers([`127.0.0.1:${second.port}`]);
    await until('the old one got unbind', () => first.requests.at(-1)?.command === 0x06);
    for (let i = 0; i < 10; i += 1) expect((await esme.ask(0x04, 10 + i, smBody())).status).toBe(0);
    expect(esme.ended).toBe(false);
  });

  test('an SMSC that fails too often gets nothing for a while, then its share grows again', async () => {
    await pool.start({ count: 2, pool: { ejectAfter: 5, ejectMs: 1000, slowStartMs: 100 } });
    const [bad] = pool.smscs as [RawSmsc];
    const well = bad.onRequest;
    bad.onRequest = ({ sequence }, from) => from.send(rawPdu(0x8000_0004, sequence, { status: 8 }));
    const esme = await pool.bind();
    await pool.allBound();
    for (let i = 0; i < 40; i += 1) await esme.ask(0x04, 10 + i, smBody());
    expect(submitsAt(bad)).toHaveLength(5);
    expect(pool.plane.counter('smpp.pool.ejections')).toBe(1);
    bad.onRequest = well;
    await until('it takes part again', async () => {
      await esme.ask(0x04, 100, smBody());
      return submitsAt(bad).length > 10;
    });
  });

  test('an SMSC that says unbind is bound again after a while', async () => {
    await pool.start({ count: 2 });
    const esme = await pool.bind();
    await pool.allBound();
    const [first] = pool.smscs as [RawSmsc];
    expect((await (first.bound[0] as RawSmppPeer).ask(0x06, 9)).status).toBe(0);
    await until('it is bound again', () => first.connections.length === 2 && first.bound.length === 1);
    expect((await esme.ask(0x04, 10, smBody())).status).toBe(0);
  });

  test('least-outstanding prefers the SMSC that answers', async () => {
    await pool.start({ count: 2 });
    pool.plane.core.setAlgorithm('least-outstanding');
    const [stuck, well] = pool.smscs as [RawSmsc, RawSmsc];
    stuck.onRequest = () => {};
    const esme = await pool.bind();
    await pool.allBound();
    for (let i = 0; i < 50; i += 1) {
      esme.send(submitSm(10 + i));
      await until('it has come', () => submitsAt(stuck).length + submitsAt(well).length === i + 1);
      await until('the well one answered', () => answersOf(esme).length - 1 === submitsAt(well).length);
    }
    expect(submitsAt(stuck).length).toBeLessThanOrEqual(2);
  });

  test('a congested SMSC gets less', async () => {
    await pool.start({ count: 2 });
    const [congested, idle] = pool.smscs as [RawSmsc, RawSmsc];
    congested.onRequest = ({ sequence }, from) =>
      from.send(
        rawPdu(0x8000_0004, sequence, { body: Buffer.concat([Buffer.from('1\0'), tlv(0x0428, Buffer.from([100]))]) }),
      );
    const esme = await pool.bind();
    await pool.allBound();
    await until('its share is small', async () => {
      const before = submitsAt(congested).length;
      for (let i = 0; i < 11; i += 1) await esme.ask(0x04, 100 + i, smBody());
      return submitsAt(congested).length - before <= 1;
    });
    expect(submitsAt(congested).length).toBeLessThan(submitsAt(idle).length);
  });
});
