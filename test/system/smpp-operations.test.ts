import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { smBody } from '../support/awkward-pdus';
import { Cluster, startService, type RunningProcess } from '../support/processes';
import { RawSmsc, bindBody, boundEsme, rawEsme, type RawSmppPeer } from '../support/smpp-peer';
import { answering, connectionAt, submitsAt } from '../support/smpp-pool-fixture';
import { until } from '../support/until';

describe('remoteServers changed in the file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-smpp-file-'));
  const file = path.join(folder, 'lb.properties');
  const smscs: RawSmsc[] = [];
  const esmes: RawSmppPeer[] = [];
  let plane: RunningProcess;

  const write = (...ports: readonly number[]): void => {
    writeFileSync(file, `remoteServers=${ports.map((port) => `127.0.0.1:${port}`).join(',')}\n`);
  };

  beforeAll(async () => {
    smscs.push(await RawSmsc.start(), await RawSmsc.start());
    write(smscs[0]!.port);
    const set = ['smpp.listen.port=0', 'smpp.admin.port=0', `cluster.stateDir=${folder}`, 'log.format=json'];
    plane = await startService('smpp-plane', { set, config: file });
    for (let i = 0; i < 20; i += 1) esmes.push(await boundEsme(plane.addresses['smpp'] ?? '', `esme${i}`));
  }, 30_000);

  afterAll(async () => {
    for (const esme of esmes) esme.destroy();
    await plane.stop();
    for (const smsc of smscs) await smsc.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const hangUp = (): void => void process.kill(plane.pid, 'SIGHUP');

  it('at SIGHUP moves sessions from an SMSC that left the list, and no ESME notices', async () => {
    const [first, second] = smscs as [RawSmsc, RawSmsc];
    expect([first.bound.length, second.bound.length]).toEqual([20, 0]);
    write(second.port);
    hangUp();
    await until('all have moved', () => second.bound.length === 20 && first.bound.length === 0);
    await until('every session takes a submit', async () => {
      const answers = await Promise.all(esmes.map((esme, i) => esme.ask(0x04, 100 + i, smBody())));
      return answers.every(({ status }) => status === 0);
    });
    expect(esmes.filter(({ ended }) => ended)).toEqual([]);
    expect(plane.output()).toContain('"keys":["smpp.remoteServers"]');
  });

  it('at SIGHUP a list that is wrong changes nothing, and says why', async () => {
    writeFileSync(file, 'remoteServers=nowhere\n');
    hangUp();
    await until('it says why', () => /not taken over/.test(plane.output()));
    expect((await esmes[0]!.ask(0x04, 900, smBody())).status).toBe(0);
  });
});

describe('an SMSC of a pool is drained', () => {
  let cluster: Cluster;
  const smscs: RawSmsc[] = [];
  let esme: RawSmppPeer;

  beforeAll(async () => {
    cluster = await new Cluster({ set: ['smpp.mode=pool'] }).start();
    smscs.push(await RawSmsc.start(), await RawSmsc.start());
    await Promise.all(smscs.map((smsc, i) => cluster.startNode(`smsc${i}`, '--smpp', `${smsc.port}`)));
    await until('the bind is taken', async () => {
      esme = await rawEsme(cluster.smpp.addresses['smpp'] ?? '');
      if ((await esme.ask(0x09, 1, bindBody('acme'))).status === 0) return true;
      esme.destroy();
      return false;
    });
    await until('both are bound', () => smscs.every((smsc) => smsc.bound.length === 1), 20_000);
  }, 60_000);

  afterAll(async () => {
    esme.destroy();
    for (const smsc of smscs) await smsc.close();
    await cluster.close();
  });

  it('gets no more messages, brings its receipts, and is unbound at the deadline', async () => {
    const [drained, other] = smscs as [RawSmsc, RawSmsc];
    answering(esme);
    const connection = connectionAt(drained);
    expect(await cluster.command('drain', 'smsc0', '--timeout', '3')).toMatchObject({ status: 0 });
    await until('messages stay away', async () => {
      const before = submitsAt(drained).length;
      for (let i = 0; i < 4; i += 1) expect((await esme.ask(0x04, 10 + i, smBody())).status).toBe(0);
      return submitsAt(drained).length === before;
    });
    const receipt = smBody({ esmClass: 4, text: Buffer.from('id:1 stat:DELIVRD') });
    expect((await connection.ask(0x05, 500, receipt)).status).toBe(0);
    expect(connection.ended).toBe(false);
    await until('it got unbind', () => drained.requests.at(-1)?.command === 0x06);
    await until('the connection is over', () => connection.ended);
    expect((await esme.ask(0x04, 20, smBody())).status).toBe(0);
    expect(other.bound).toHaveLength(1);
    expect(esme.ended).toBe(false);
  }, 30_000);
});
