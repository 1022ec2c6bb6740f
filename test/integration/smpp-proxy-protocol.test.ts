import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SmppConfig } from '../../runtime/config';
import { TestCa } from '../support/certificates';
import { describeWith } from '../support/peer';
import { RawSmppPeer, RawSmsc, bindBody, rawEsme, rawPdu } from '../support/smpp-peer';
import { smscNode, startTestPlane, type TestSmppPlane } from '../support/smpp-plane';
import { until } from '../support/until';

const HEADER = 'PROXY TCP4 203.0.113.7 192.0.2.2 40000 2776\r\n';
/** Version 2, from 203.0.113.7. */
const BINARY = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
  Buffer.from([203, 0, 113, 7, 192, 0, 2, 2, 0x9c, 0x40, 0x0a, 0xd8]),
]);
const BIND = rawPdu(0x09, 1, { body: bindBody('acme') });
/** Only who is told of by a proxy may bind. */
const BEHIND_PROXY: Partial<SmppConfig> = {
  proxyProtocol: { from: ['127.0.0.0/8'], timeoutMs: 300 },
  allow: { acme: ['203.0.113.0/24'] },
};

let smsc: RawSmsc;
let plane: TestSmppPlane;
const opened: RawSmppPeer[] = [];

beforeEach(async () => {
  smsc = await RawSmsc.start();
});
afterEach(async () => {
  for (const esme of opened.splice(0)) esme.destroy();
  await plane.close();
  await smsc.close();
});

async function start(overrides: Partial<SmppConfig> = {}): Promise<void> {
  plane = await startTestPlane([smscNode('smsc1', smsc)], { ...BEHIND_PROXY, ...overrides });
}

async function connected(address = plane.address): Promise<RawSmppPeer> {
  const esme = await rawEsme(address);
  opened.push(esme);
  return esme;
}

describe.each(['session', 'pool'] as const)('PROXY headers in %s mode', (mode) => {
  test.each([
    ['1', Buffer.from(HEADER)],
    ['2', BINARY],
  ])('version %s says where an ESME is, and the allow-list goes by that', async (_version, header) => {
    await start({ mode });
    const esme = await connected();
    esme.send(Buffer.concat([header, BIND, rawPdu(0x04, 2)]).subarray(0, header.length + 20));
    esme.send(Buffer.concat([BIND, rawPdu(0x15, 2)]).subarray(20));
    expect((await esme.answer(1)).status).toBe(0);
    expect((await esme.answer(2)).command).toBe(0x8000_0015);
    expect((await esme.ask(0x04, 3)).status).toBe(0);
  });
});

test('an ESME that a proxy says is elsewhere may not bind', async () => {
  await start();
  const esme = await connected();
  esme.send(Buffer.from(HEADER.replace('203.0.113.7', '198.51.100.7')), BIND);
  expect((await esme.answer(1)).status).toBe(0x0d);
  expect(smsc.connections).toEqual([]);
});

test.each([
  ['none', BIND, 'signature'],
  ['not whole in time', Buffer.from(HEADER.slice(0, 20)), 'timeout'],
])('a header that is %s ends the connection without a word, counted', async (_name, bytes, fault) => {
  await start();
  const esme = await connected();
  esme.send(bytes);
  await until('the connection is closed', () => esme.ended);
  expect(esme.got).toEqual([]);
  expect(plane.counter(`smpp.rejects.proxyProtocol.${fault}`)).toBe(1);
});

test('from anybody who is no configured proxy a header is no PDU', async () => {
  await start({ proxyProtocol: { from: ['192.0.2.1'], timeoutMs: 300 } });
  const esme = await connected();
  esme.send(Buffer.from(HEADER));
  await until('the connection is closed', () => esme.ended);
  expect(esme.got).toMatchObject([{ command: 0x8000_0000, status: 0x02 }]);
});

describeWith('openssl', 'PROXY headers before TLS', () => {
  const ca = new TestCa();
  afterAll(() => ca.close());

  test('say where an ESME is', async () => {
    const tls = { ...ca.issue('plane'), clientCertificates: 'disabled', minVersion: 'TLSv1.2' } as const;
    await start({ tlsPort: 0, tls });
    const raw = connectTcp(Number(plane.addresses['smpp.tls']?.split(':')[1]), '127.0.0.1');
    raw.write(HEADER);
    const socket = connectTls({
      socket: raw,
      servername: 'plane',
      ca: readFileSync(ca.caFile),
      checkServerIdentity: () => undefined,
    });
    await once(socket, 'secureConnect');
    const esme = new RawSmppPeer(socket);
    opened.push(esme);
    expect((await esme.ask(0x09, 1, bindBody('acme'))).status).toBe(0);
    expect((await esme.ask(0x04, 2)).status).toBe(0);
  });
});
