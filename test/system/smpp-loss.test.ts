import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { smBody } from '../support/awkward-pdus';
import { startService, type RunningProcess } from '../support/processes';
import { boundEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { until } from '../support/until';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

const SESSIONS = 100;
const EACH = 5;

interface SmscProcess {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startSmsc(): Promise<SmscProcess> {
  const child = fork(path.join(__dirname, '..', 'support', 'smsc-process.js'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

async function textsAt({ child }: SmscProcess): Promise<string[]> {
  child.send({ report: true });
  const [{ texts }] = (await once(child, 'message')) as [{ texts: string[] }];
  return texts;
}

function submit(text: string, sequence: number): Buffer {
  return rawPdu(0x04, sequence, { body: smBody({ text: Buffer.concat([Buffer.from([0]), Buffer.from(text)]) }) });
}

function answersOf(esme: RawSmppPeer): number {
  return esme.got.filter(({ command }) => command === 0x8000_0004).length;
}

describe('kill -9 of one of three SMSCs with 500 requests in flight on 100 sessions', () => {
  let plane: RunningProcess;
  let smscs: SmscProcess[] = [];
  let esmes: RawSmppPeer[] = [];
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-smpp-loss-'));

  beforeAll(async () => {
    smscs = await Promise.all([startSmsc(), startSmsc(), startSmsc()]);
    plane = await startService('smpp-plane', {
      set: [
        'smpp.listen.port=0',
        'smpp.admin.port=0',
        `cluster.stateDir=${stateDir}`,
        `smpp.remoteServers=${JSON.stringify(smscs.map(({ port }) => `127.0.0.1:${port}`))}`,
      ],
    });
    esmes = await Promise.all(
      Array.from({ length: SESSIONS }, (_, i) => boundEsme(plane.addresses['smpp'] ?? '', `esme${i}`)),
    );
  }, 60_000);

  afterAll(async () => {
    for (const esme of esmes) esme.destroy();
    await plane.stop();
    for (const { child } of smscs) child.kill('SIGKILL');
    rmSync(stateDir, { recursive: true, force: true });
  });

  it('answers each request once within a second, loses no session, sends no message twice, and goes on', async () => {
    for (const { child } of smscs) child.send({ answer: false });
    const [victim, ...survivors] = smscs as [SmscProcess, SmscProcess, SmscProcess];
    for (const [i, esme] of esmes.entries()) {
      esme.send(...Array.from({ length: EACH }, (_, n) => submit(`before-${i}-${n}`, 10 + n)));
    }
    let before: string[] = [];
    await until('all have come', async () => {
      before = (await Promise.all(smscs.map(textsAt))).flat();
      return before.length === SESSIONS * EACH;
    });
    const lost = new Set(await textsAt(victim));
    expect(lost.size).toBeGreaterThan(100);
    const from = performance.now();
    victim.child.kill('SIGKILL');
    await until('the lost ones are answered', () => {
      const answers = esmes.reduce((sum, esme) => sum + answersOf(esme), 0);
      return answers >= lost.size;
    });
    expect(performance.now() - from).toBeLessThan(1000);
    for (const { child } of survivors) child.send({ answer: true });
    await until('every session takes a submit again', async () => {
      const answers = await Promise.all(esmes.map((esme, i) => esme.ask(0x03, 50 + (i % 10))));
      return answers.every(({ status }) => status === 0);
    });
    for (const [i, esme] of esmes.entries()) esme.send(submit(`after-${i}`, 900));
    await Promise.all(esmes.map((esme) => esme.answer(900)));

    for (const [i, esme] of esmes.entries()) {
      const answers = esme.got.filter(({ command, sequence }) => command === 0x8000_0004 && sequence < 900);
      const expected = lost.has(`before-${i}-0`) ? EACH : 0;
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: expected }, () => 8));
      expect(esme.ended).toBe(false);
    }
    const after = (await Promise.all(survivors.map(textsAt))).flat();
    expect(new Set(after).size).toBe(after.length);
    expect(after.filter((text) => lost.has(text))).toEqual([]);
    expect(after.filter((text) => text.startsWith('after-'))).toHaveLength(SESSIONS);
  }, 60_000);
});
