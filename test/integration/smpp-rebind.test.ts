import { NodeState, Protocol } from '../../proto';
import type { SmppConfig } from '../../runtime/config';
import { fakeCore } from '../support/fake-core';
import { RawSmsc, boundEsme, rawPdu, type RawSmppPeer } from '../support/smpp-peer';
import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

const smscs: RawSmsc[] = [];
const esmes: RawSmppPeer[] = [];
let plane: TestSmppPlane | undefined;

async function startSmsc(port = 0): Promise<RawSmsc> {
  const smsc = await RawSmsc.start(port);
  smscs.push(smsc);
  return smsc;
}

async function startWith(
  servers: Readonly<Record<string, RawSmsc>>,
  overrides: Partial<SmppConfig> = {},
): Promise<TestSmppPlane> {
  plane = await startTestPlane(
    Object.entries(servers).map(([id, smsc]) => smscNode(id, smsc)),
    overrides,
  );
  return plane;
}

async function bind(systemId = 'acme'): Promise<RawSmppPeer> {
  const esme = await boundEsme(plane?.address ?? '', systemId);
  esmes.push(esme);
  return esme;
}

/** The SMSC where the one ESME is bound, and the others. */
function home(): { at: RawSmsc; others: RawSmsc[] } {
  const at = smscs.find((smsc) => smsc.bound.length > 0);
  if (at === undefined) throw new Error('nobody is bound');
  return { at, others: smscs.filter((smsc) => smsc !== at) };
}

afterEach(async () => {
  for (const esme of esmes.splice(0)) esme.destroy();
  await plane?.close();
  plane = undefined;
  for (const smsc of smscs.splice(0)) await smsc.close();
});

test('an SMSC is killed: its requests in flight are answered ESME_RSYSERR once, the ESME stays bound, the next submit succeeds', async () => {
  await startWith({ a: await startSmsc(), b: await startSmsc() });
  const esme = await bind();
  const { at, others } = home();
  const seen: number[] = [];
  at.onRequest = ({ sequence }) => seen.push(sequence);
  esme.send(...[10, 11, 12].map((sequence) => rawPdu(0x04, sequence)));
  await until('they have come', () => seen.length === 3);
  await at.kill();
  await until('they are answered', () => esme.got.length === 4);
  expect(esme.got.slice(1).map(({ sequence, status }) => [sequence, status])).toEqual([
    [10, 8],
    [11, 8],
    [12, 8],
  ]);
  await until('the session is bound again', () => others[0]?.bound.length === 1);
  await until('a submit succeeds', async () => (await esme.ask(0x04, 20)).status === 0);
  expect(others[0]?.requests[0]?.body).toEqual(at.requests[0]?.body);
  expect(others[0]?.requests[1]?.sequence).toBe(2);
  expect(esme.ended).toBe(false);
  expect(plane?.counter('smpp.rebinds')).toBe(1);
  expect(plane?.core.table.get('a')?.live.activeSessions).toBe(at === smscs[0] ? 0 : 1);
});

test('while there is no SMSC every request is turned back, enquire_link is answered, and the session goes on when the SMSC returns', async () => {
  await startWith({ a: await startSmsc() }, { reconnectMs: 100, rebindRounds: 100 });
  const esme = await bind();
  const { at } = home();
  await at.kill();
  await until('the loss is noticed', async () => (await esme.ask(0x04, 30)).status === 8);
  expect(await esme.ask(0x103, 31)).toMatchObject({ command: 0x8000_0103, status: 8 });
  expect(await esme.ask(0x10200, 32)).toMatchObject({ command: 0x8001_0200, status: 8 });
  expect(await esme.ask(0x05, 33)).toMatchObject({ command: 0x8000_0005, status: 4 });
  expect(await esme.ask(0x09, 34)).toMatchObject({ command: 0x8000_0009, status: 5 });
  expect(await esme.ask(0x15, 35)).toMatchObject({ command: 0x8000_0015, status: 0 });
  expect(plane?.gauge('smpp.sessions')).toBe(1);
  await startSmsc(at.port);
  await until('a submit succeeds', async () => (await esme.ask(0x04, 40)).status === 0);
});

test('an ESME may unbind while its SMSC is away', async () => {
  await startWith({ a: await startSmsc() }, { rebindRounds: 100 });
  const esme = await bind();
  await home().at.kill();
  await until('the loss is noticed', async () => (await esme.ask(0x04, 30)).status === 8);
  expect(await esme.ask(0x06, 50)).toMatchObject({ command: 0x8000_0006, status: 0 });
  await until('the connection is closed', () => esme.ended);
  await until('the search has ended', () => plane?.gauge('smpp.connections') === 0);
});

test('after all rounds over all SMSCs the ESME gets unbind and is closed', async () => {
  await startWith({ a: await startSmsc(), b: await startSmsc() }, { reconnectMs: 30, rebindRounds: 3 });
  const esme = await bind();
  for (const smsc of smscs) await smsc.kill();
  const unbind = await esme.request(0x06);
  esme.send(rawPdu(0x8000_0006, unbind.sequence));
  await until('the connection is closed', () => esme.ended);
  expect(plane?.gauge('smpp.sessions')).toBe(0);
});

test('an SMSC that refuses the rebind is passed over for the next', async () => {
  await startWith({ a: await startSmsc(), b: await startSmsc(), c: await startSmsc() });
  const esme = await bind();
  const { at, others } = home();
  const [first, second] = others as [RawSmsc, RawSmsc];
  first.bindStatus = 0x0d;
  await at.kill();
  await until('a submit succeeds', async () => (await esme.ask(0x04, 20)).status === 0);
  expect(second.bound).toHaveLength(1);
});

test('credentials that every SMSC refuses are not tried again', async () => {
  await startWith({ a: await startSmsc(), b: await startSmsc() }, { reconnectMs: 30, rebindRounds: 1000 });
  const esme = await bind();
  const { at, others } = home();
  for (const smsc of others) smsc.bindStatus = 0x0e;
  await at.close();
  const returned = await startSmsc(at.port);
  returned.bindStatus = 0x0f;
  await esme.request(0x06);
  const binds = others[0]?.requests.filter(({ command }) => command === 0x09).length ?? 0;
  expect(binds).toBeLessThanOrEqual(3);
});

test('an SMSC that says unbind keeps its answers, the session goes to another one and the ESME notices nothing', async () => {
  await startWith({ a: await startSmsc(), b: await startSmsc() });
  const esme = await bind();
  const { at, others } = home();
  let answer: (() => void) | undefined;
  at.onRequest = ({ sequence }, from) => {
    answer = () => from.send(rawPdu(0x8000_0004, sequence, { body: Buffer.from('late\0') }));
  };
  esme.send(rawPdu(0x04, 10));
  await until('it has come', () => at.requests.length === 2);
  const [upstream] = at.bound as [RawSmppPeer];
  upstream.send(rawPdu(0x06, 900));
  await until('the session is bound elsewhere', () => others[0]?.bound.length === 1);
  upstream.send(rawPdu(0x05, 901));
  esme.send(rawPdu(0x8000_0005, (await esme.request(0x05)).sequence));
  expect(await upstream.answer(901)).toMatchObject({ command: 0x8000_0005, status: 0 });
  answer?.();
  expect((await esme.answer(10)).body.toString()).toBe('late\0');
  expect(await upstream.answer(900)).toMatchObject({ command: 0x8000_0006, status: 0 });
  expect((await esme.ask(0x04, 11)).status).toBe(0);
  expect(esme.got.some(({ command }) => command === 0x06)).toBe(false);
});

test('a node in maintenance or removed loses its sessions to the others, a draining one keeps them', async () => {
  const [a, b] = [await startSmsc(), await startSmsc()];
  plane = await startTestPlane([smscNode('a', a)]);
  const esme = await bind();
  plane.core.setNodes([smscNode('a', a, { state: NodeState.DRAINING }), smscNode('b', b)]);
  expect((await esme.ask(0x04, 2)).status).toBe(0);
  await bind();
  expect([a.bound.length, b.bound.length]).toEqual([1, 1]);
  plane.core.setNodes([smscNode('a', a, { state: NodeState.MAINTENANCE }), smscNode('b', b)]);
  await until('both are at b', () => b.bound.length === 2);
  await until('a got unbind', () => a.requests.at(-1)?.command === 0x06);
  await until('a submit succeeds', async () => (await esme.ask(0x04, 3)).status === 0);
  plane.core.setNodes([smscNode('a', a)]);
  await until('both are at a', () => a.bound.length === 2);
  expect(esmes.every(({ ended }) => !ended)).toBe(true);
});

test('a node whose lease ran out is asked by enquire_link and keeps the session when it answers', async () => {
  const [a, b] = [await startSmsc(), await startSmsc()];
  plane = await startTestPlane([smscNode('a', a), smscNode('b', b, { state: NodeState.DRAINING })]);
  const esme = await bind();
  plane.core.setNodes([smscNode('a', a, { state: NodeState.SUSPECT }), smscNode('b', b)]);
  await a.bound[0]?.request(0x15);
  expect((await esme.ask(0x04, 3)).status).toBe(0);
  expect(a.requests.at(-1)?.command).toBe(0x04);
});

test('binds go round over registered SMSCs and remoteServers alike', async () => {
  const [a, b, c] = [await startSmsc(), await startSmsc(), await startSmsc()];
  plane = await startTestPlane([smscNode('a', a)], {
    remoteServers: [`127.0.0.1:${b.port}`, `127.0.0.1:${c.port}`],
  });
  for (let i = 0; i < 9; i += 1) await bind();
  expect([a, b, c].map((smsc) => smsc.bound.length)).toEqual([3, 3, 3]);
  expect(plane.gauge('smpp.sessions')).toBe(9);
});

test('remoteServers serve without any control plane', async () => {
  const a = await startSmsc();
  plane = await startTestPlane([], { remoteServers: [`localhost:${a.port}`] }, fakeCore(Protocol.SMPP));
  expect((await (await bind()).ask(0x04, 2)).status).toBe(0);
});
