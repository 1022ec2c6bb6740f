import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net';
import { startProbedNode, type ProbedNode } from '../../node-agent';
import { probeOf } from '../../runtime/probe';
import { Endpoint, Node, Protocol, Transport } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { startFakeNodeService, type FakeNodeService } from '../support/fake-node-service';
import { until } from '../support/until';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function tcpServer(answer: (data: Buffer, socket: TcpSocket) => void): Promise<number> {
  const sockets = new Set<TcpSocket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => answer(data, socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function udpServer(answer: (data: Buffer) => string | undefined): Promise<{ port: number; socket: Socket }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (data, from) => {
    const text = answer(data);
    if (text !== undefined) socket.send(text, from.port, from.address);
  });
  closers.push(() => socket.close());
  return { port: socket.address().port, socket };
}

const probe = (protocol: Protocol, transport: Transport, port: number, path = '/'): Promise<string | undefined> =>
  probeOf(Endpoint.create({ protocol, transport, host: '127.0.0.1', port }), { timeoutMs: 300, path })();

const callId = (data: Buffer): string => /Call-ID: (\S+)/.exec(data.toString())?.[1] ?? '';
/** A PDU that is only its header. */
const pdu = (id: number): Buffer => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(16, 0);
  bytes.writeUInt32BE(id, 4);
  return bytes;
};

/** What the probe says of a server that answers with that command id. */
async function smppAnswer(id: number): Promise<string | undefined> {
  return probe(Protocol.SMPP, Transport.TCP, await tcpServer((_data, socket) => socket.write(pdu(id))));
}

const sip = (status: string) => (data: Buffer) => `SIP/2.0 ${status}\r\nCall-ID: ${callId(data)}\r\n\r\n`;

test.each([
  ['200 OK', undefined],
  ['404 Not Found', undefined],
  ['405 Method Not Allowed', undefined],
  ['503 Service Unavailable', 'status 503'],
])('SIP OPTIONS over UDP answered %s: %p', async (status, reason) => {
  const { port } = await udpServer(sip(status));
  expect(await probe(Protocol.SIP, Transport.UDP, port)).toBe(reason);
});

test('SIP OPTIONS: a provisional answer and one of another call are not yet an answer', async () => {
  const { port } = await udpServer(sip('100 Trying'));
  expect(await probe(Protocol.SIP, Transport.UDP, port)).toBe('no answer within 300 ms');
  const other = await udpServer(() => 'SIP/2.0 200 OK\r\nCall-ID: other\r\n\r\n');
  expect(await probe(Protocol.SIP, Transport.UDP, other.port)).toBe('no answer within 300 ms');
});

test('SIP OPTIONS: the request is a whole one, and a lost datagram is sent again', async () => {
  const seen: string[] = [];
  const { port } = await udpServer((data) => (seen.push(data.toString()) > 1 ? sip('200 OK')(data) : undefined));
  expect(await probe(Protocol.SIP, Transport.UDP, port)).toBeUndefined();
  expect(seen[0]).toBe(seen[1]);
  for (const header of ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq', 'Content-Length']) {
    expect(seen[0]).toMatch(new RegExp(`^${header}: `, 'm'));
  }
});

test('a closed UDP port is known at once', async () => {
  const { port, socket } = await udpServer(() => undefined);
  closers.pop();
  socket.close();
  await once(socket, 'close');
  expect(await probe(Protocol.SIP, Transport.UDP, port)).toMatch(/ECONNREFUSED/);
});

test('SIP OPTIONS over TCP', async () => {
  const port = await tcpServer((data, socket) => socket.write(sip('200 OK')(data)));
  expect(await probe(Protocol.SIP, Transport.TCP, port)).toBeUndefined();
});

test.each([
  [200, undefined],
  [404, undefined],
  [500, 'status 500'],
  [503, 'status 503'],
])('HTTP GET of the path answered %d: %p', async (status, reason) => {
  const paths: string[] = [];
  const server = createHttpServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(status).end('x');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  expect(await probe(Protocol.HTTP, Transport.TCP, port, '/health?a=1')).toBe(reason);
  expect(paths).toEqual(['/health?a=1']);
});

test('SMPP enquire_link: an answer or a generic_nack is well, a request is not', async () => {
  expect(await smppAnswer(0x8000_0015)).toBeUndefined();
  expect(await smppAnswer(0x8000_0000)).toBeUndefined();
  expect(await smppAnswer(0x15)).toBe('the answer is not an SMPP response');
});

test.each([
  ['HTTP', Protocol.HTTP],
  ['SMPP', Protocol.SMPP],
  ['SIP', Protocol.SIP],
])('a server that accepts and says nothing, closes, or talks nonsense is ill: %s', async (_name, protocol) => {
  const silent = await tcpServer(() => {});
  expect(await probe(protocol, Transport.TCP, silent)).toBe('no answer within 300 ms');
  const closing = await tcpServer((_data, socket) => socket.end());
  expect(await probe(protocol, Transport.TCP, closing)).toBe('the connection was closed before the answer');
  const nonsense = await tcpServer((_data, socket) => socket.write('x'.repeat(100)));
  expect(await probe(protocol, Transport.TCP, nonsense)).toMatch(/^the answer is not/);
});

test('other transports: a connection is enough', async () => {
  const port = await tcpServer(() => {});
  expect(await probe(Protocol.HTTP, Transport.WS, port)).toBeUndefined();
});

describe('a probed node', () => {
  let service: FakeNodeService;
  let node: ProbedNode | undefined;

  beforeEach(async () => {
    service = await startFakeNodeService();
  });

  afterEach(async () => {
    await node?.close();
    await service.close();
  });

  test('is registered when its server answers, loses its lease when it does not, and comes back as a new incarnation', async () => {
    let well = false;
    const { port } = await udpServer((data) => (well ? sip('200 OK')(data) : undefined));
    const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port });
    let incarnations = 0;
    node = startProbedNode({
      node: Node.create({ nodeId: 'app1', endpoints: [endpoint] }),
      controlPlanes: [service.address],
      insecure: false,
      logger: silentLogger(),
      telemetry: noTelemetry,
      clock: systemClock,
      random: Math.random,
      probe: { intervalMs: 20, timeoutMs: 50, path: '/' },
      newIncarnation: () => `i${(incarnations += 1)}`,
    });
    const rounds = performance.now() + 400;
    await until('some rounds have failed', () => performance.now() > rounds);
    expect(service.registers).toHaveLength(0);

    well = true;
    await until('it is registered', () => service.registers.length === 1);
    well = false;
    await until('its lease is given up', () => service.deregisters.length === 1);
    well = true;
    await until('it is registered again', () => service.registers.length === 2);
    expect(service.registers.map((request) => request.node?.incarnation)).toEqual(['i1', 'i2']);

    await node.close(5000);
    expect(service.deregisters).toHaveLength(2);
  });
});
