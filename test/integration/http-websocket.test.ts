import { connect, type AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { NodeState } from '../../proto';
import { HttpBackend } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { RawClient, RawServer, answer } from '../support/raw-http';
import { until } from '../support/until';

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

let fixture: HttpPlaneFixture;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await fixture.plane.close();
});

async function echoServer(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (all) => [...all][0] ?? false });
  server.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function open(protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}/ws`, protocols);
  closers.push(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.once('open', resolve).once('error', reject);
  });
  return socket;
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<Buffer> {
  const reply = new Promise<Buffer>((resolve) => {
    socket.once('message', (message) => resolve(message as Buffer));
  });
  socket.send(data);
  return reply;
}

async function rawNode(onData: Parameters<typeof RawServer.start>[0]): Promise<RawServer> {
  const node = await RawServer.start(onData);
  closers.push(() => node.close());
  return node;
}

function rawClient(): RawClient {
  const client = new RawClient(fixture.port);
  closers.push(() => client.destroy());
  return client;
}

test('a WebSocket echoes text and binary through the HTTP port of the node, and is counted', async () => {
  fixture = await httpPlane([httpNode('app1', await echoServer())]);
  const socket = await open(['sip', 'xmpp']);
  expect(socket.protocol).toBe('sip');
  expect((await echo(socket, 'hello')).toString()).toBe('hello');
  const big = Buffer.alloc(1_000_000, 'b');
  expect((await echo(socket, big)).equals(big)).toBe(true);
  expect(fixture.counter('http.tunnels.opened')).toBe(1);
  expect(fixture.counter('http.responses.1xx')).toBe(1);
  expect(fixture.gauge('http.tunnels')).toBe(1);
  expect(fixture.core.table.get('app1')?.live.activeSessions).toBe(1);
  socket.close(4001, 'bye');
  await until('the tunnel is gone', () => fixture.gauge('http.tunnels') === 0);
  expect(fixture.core.table.get('app1')?.live.activeSessions).toBe(0);
});

test('a node with a WebSocket port of its own is reached there', async () => {
  const plain = await HttpBackend.start('app1');
  closers.push(() => plain.close());
  fixture = await httpPlane([httpNode('app1', plain.port, { wsPort: await echoServer() })]);
  expect((await echo(await open(), 'x')).toString()).toBe('x');
  expect(plain.requests).toBe(0);
});

test('a tunnel outlives pushes and the drain of its node', async () => {
  const port = await echoServer();
  fixture = await httpPlane([httpNode('app1', port)]);
  const socket = await open();
  for (let i = 0; i < 100; i += 1)
    fixture.core.setNodes([httpNode('app1', port, { weight: i, state: NodeState.DRAINING })]);
  fixture.core.setNodes([]);
  expect((await echo(socket, 'still here')).toString()).toBe('still here');
});

test('early bytes of both sides arrive', async () => {
  const node = await rawNode(({ socket, received }) => {
    if (received.endsWith('early-from-client')) socket.write('late-from-node');
    else if (received.includes('\r\n\r\n')) socket.write(`${SWITCHED}early-from-node`, 'latin1');
  });
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(`${HANDSHAKE}early-from-client`);
  expect(await client.until('late-from-node')).toMatch(/early-from-node.*late-from-node$/s);
});

test('a half-closed tunnel still carries the other direction', async () => {
  const node = await rawNode(({ socket, received }) => {
    if (received.includes('\r\n\r\n') && !received.includes('done')) socket.write(SWITCHED, 'latin1');
  });
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(HANDSHAKE);
  await client.until('101');
  const [connection] = node.connections;
  connection?.socket.removeAllListeners('end');
  client.socket.end('done');
  await until('the node sees the end', () => connection?.socket.readableEnded);
  connection?.socket.end('last words');
  expect(await client.untilClosed()).toMatch(/last words$/);
  await until('the tunnel is gone', () => fixture.gauge('http.tunnels') === 0);
});

test.each(['client', 'node'] as const)('a reset by the %s frees both sockets', async (side) => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(HANDSHAKE);
  await client.until('101');
  await until('the tunnel stands', () => fixture.gauge('http.tunnels') === 1);
  if (side === 'client') client.reset();
  else node.connections[0]?.socket.resetAndDestroy();
  await until('all is free', () => fixture.gauge('http.tunnels') === 0 && node.open === 0 && client.closed, 1000);
});

test('a refused handshake is an ordinary answer, body included', async () => {
  const node = await rawNode(({ socket }) =>
    socket.write(answer('who are you?', 'WWW-Authenticate: Basic\r\n').replace('200 OK', '401 Unauthorized'), 'latin1'),
  );
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const text = await rawClient().send(HANDSHAKE).until('who are you?');
  expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(text).toMatch(/^WWW-Authenticate: Basic\r$/m);
});

test('the handshake is forwarded with its own fields', async () => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)]);
  await rawClient()
    .send(
      HANDSHAKE.replace(
        '\r\n\r\n',
        '\r\nOrigin: http://o\r\nSec-WebSocket-Protocol: sip, x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
      ),
    )
    .until('101');
  for (const line of [
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: sip, x',
    'Sec-WebSocket-Extensions: permessage-deflate',
    'Origin: http://o',
    'X-Forwarded-For: 127.0.0.1',
  ]) {
    expect(node.received).toContain(`${line}\r\n`);
  }
});

test('no node takes the handshake: 503, and a refused one is tried elsewhere', async () => {
  fixture = await httpPlane([]);
  expect(await rawClient().send(HANDSHAKE).until('usable')).toMatch(/^HTTP\/1\.1 503 /);
  const gone = await rawNode(() => {});
  const { port } = gone;
  await gone.close();
  fixture.core.setNodes([httpNode('app1', port), httpNode('app2', await echoServer())]);
  for (let i = 0; i < 4; i += 1) expect((await echo(await open(), 'x')).toString()).toBe('x');
});

test('a silent tunnel is closed after its idle time', async () => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)], { tunnelIdleMs: 100 });
  const client = rawClient().send(HANDSHAKE);
  await client.until('101');
  await until('both are free', () => node.open === 0 && client.closed);
});

test('the plane closes with a tunnel open', async () => {
  fixture = await httpPlane([httpNode('app1', await echoServer())]);
  await open();
  await fixture.plane.close();
  expect(fixture.gauge('http.tunnels')).toBe(0);
  const refused = connect(fixture.port, '127.0.0.1');
  await new Promise((resolve) => {
    refused.once('error', resolve);
  });
});
