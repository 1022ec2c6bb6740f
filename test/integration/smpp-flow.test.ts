import { RawSmsc, boundEsme, rawEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';
import type { SmppConfig } from '../../runtime/config';

let smsc: RawSmsc;
let plane: TestSmppPlane;
const esmes: RawSmppPeer[] = [];

async function start(overrides: Partial<SmppConfig> = {}): Promise<void> {
  plane = await startTestPlane([smscNode('smsc1', smsc)], overrides);
}

async function bind(): Promise<RawSmppPeer> {
  const esme = await boundEsme(plane.address);
  esmes.push(esme);
  return esme;
}

beforeEach(async () => {
  smsc = await RawSmsc.start();
});

afterEach(async () => {
  for (const esme of esmes.splice(0)) esme.destroy();
  await plane.close();
  await smsc.close();
});

function submits(count: number, first = 2): Buffer[] {
  return Array.from({ length: count }, (_, i) => rawPdu(0x04, first + i));
}

test('more requests than the window holds are not read until answers come, and all are answered', async () => {
  await start({ maxInFlight: 10 });
  const waiting: number[] = [];
  smsc.onRequest = ({ sequence }) => void waiting.push(sequence);
  const esme = await bind();
  const upstream = smsc.bound[0] as RawSmppPeer;
  esme.send(...submits(100));
  await until('the window is full', () => waiting.length === 10);
  // A deliver_sm passes meanwhile: the other direction has its own window.
  upstream.send(rawPdu(0x05, 7));
  await esme.request(0x05);
  expect(waiting).toHaveLength(10);
  smsc.onRequest = ({ sequence }, from) => from.send(rawPdu(0x8000_0004, sequence));
  for (const sequence of waiting) upstream.send(rawPdu(0x8000_0004, sequence));
  await until('all are answered', () => esme.got.filter(({ command }) => command === 0x8000_0004).length === 100);
  expect(esme.got.filter(({ command }) => command === 0x8000_0004).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 2),
  );
  expect(plane.gauge('smpp.inFlight')).toBe(1);
});

test('both windows full: the second side is told to slow down instead of both waiting for each other', async () => {
  await start({ maxInFlight: 5 });
  smsc.onRequest = () => {};
  const esme = await bind();
  const upstream = smsc.bound[0] as RawSmppPeer;
  esme.send(...submits(6));
  await until('the window to the SMSC is full', () => smsc.requests.length === 6);
  upstream.send(...Array.from({ length: 8 }, (_, i) => rawPdu(0x05, 100 + i)));
  await until('the excess is refused', () => upstream.got.filter(({ status }) => status === 0x58).length === 3);
  expect(esme.got.filter(({ command }) => command === 0x05)).toHaveLength(5);
  expect(plane.counter('smpp.rejects.throttled')).toBe(3);
  const [, ...requests] = smsc.requests;
  for (const { sequence } of requests) upstream.send(rawPdu(0x8000_0004, sequence));
  await until('the held submit has come', () => smsc.requests.length === 7);
});

test('a silent SMSC: the window frees itself by ESME_RSYSERR and the ESME is read again', async () => {
  await start({ maxInFlight: 5, responseTimeoutMs: 60 });
  smsc.onRequest = () => {};
  const esme = await bind();
  esme.send(...submits(20));
  await until('all are answered', () => esme.got.length === 21);
  expect(esme.got.slice(1).every(({ status }) => status === 8)).toBe(true);
  expect(smsc.requests).toHaveLength(21);
});

test('an SMSC that is lost while its ESME is held back: what was held is turned back', async () => {
  await start({ maxInFlight: 5, rebindRounds: 1000 });
  smsc.onRequest = () => {};
  const esme = await bind();
  esme.send(...submits(20));
  await until('the window is full', () => smsc.requests.length === 6);
  await smsc.kill();
  await until('all are answered', () => esme.got.length === 21);
  expect(esme.got.slice(1).every(({ status }) => status === 8)).toBe(true);
});

test.each(['esme', 'smsc'] as const)(
  'an %s that does not read costs bounded memory and slows only itself',
  async (slow) => {
    await start({ maxInFlight: 100_000, maxPduBytes: 131_072 });
    smsc.onRequest = ({ sequence, command }, from) => from.send(rawPdu((command | 0x8000_0000) >>> 0, sequence));
    smsc.keep = false;
    const esme = await bind();
    const other = await bind();
    const [upstream] = smsc.bound as [RawSmppPeer];
    const [reader, writer, command] = slow === 'esme' ? [esme, upstream, 0x05] : [upstream, esme, 0x04];
    reader.socket.pause();
    const chunk = Buffer.concat(
      Array.from({ length: 100 }, (_, i) => rawPdu(command, i + 1, { body: Buffer.alloc(10_000) })),
    );
    let sent = 0;
    const before = process.memoryUsage().rss;
    const flood = (): void => {
      while (sent < 300 && writer.socket.write(chunk)) sent += 1;
      if (sent < 300) writer.socket.once('drain', flood);
    };
    flood();
    for (let i = 0; i < 50; i += 1) expect((await other.ask(0x04, 10 + i)).status).toBe(0);
    const stuckAt = sent;
    for (let i = 0; i < 50; i += 1) expect((await other.ask(0x04, 100 + i)).status).toBe(0);
    expect(sent).toBe(stuckAt);
    expect(stuckAt).toBeLessThan(30);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    reader.socket.resume();
    await until('the flood is over', () => sent === 300);
  },
);

test('a flood of enquire_link from an ESME that does not read is not read for ever', async () => {
  await start();
  const esme = await bind();
  esme.socket.pause();
  const chunk = Buffer.concat(Array.from({ length: 4000 }, (_, i) => rawPdu(0x15, i + 1)));
  let sent = 0;
  const flood = (): void => {
    while (sent < 1000 && esme.socket.write(chunk)) sent += 1;
    if (sent < 1000) esme.socket.once('drain', flood);
  };
  flood();
  const other = await bind();
  let last = -1;
  await until('it is stuck', async () => {
    const stuck = sent === last;
    last = sent;
    for (let i = 0; i < 50; i += 1) await other.ask(0x04, 10 + i);
    return stuck;
  });
  expect(sent).toBeLessThan(1000);
});

test('more connections than maxSessions are not taken', async () => {
  await start({ maxSessions: 1 });
  await bind();
  const second = await rawEsme(plane.address);
  await until('it is closed', () => second.ended);
  expect(plane.counter('smpp.rejects.maxSessions')).toBe(1);
});
