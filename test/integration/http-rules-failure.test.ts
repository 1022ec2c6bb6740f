import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpHop, type HttpHop } from '../support/http-hop';
import { httpNode } from '../support/http-plane-fixture';
import { RawServer, answer } from '../support/raw-http';
import { until } from '../support/until';

/** Rules Q of reference B.2: time, pressure, failure. */
let hop: HttpHop;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await hop.close();
});

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

async function backend(id: string): Promise<HttpBackend> {
  const started = await HttpBackend.start(id);
  closers.push(() => started.close());
  return started;
}

/** A port whose connections are never accepted: its queue is full. */
async function deafPort(): Promise<number> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
     });`,
    { eval: true },
  );
  closers.push(() => worker.terminate());
  const port = await new Promise<number>((resolve) => {
    worker.once('message', resolve);
  });
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  closers.push(() => fillers.forEach((socket) => socket.destroy()));
  await until('the queue is full', () => fillers.filter((socket) => !socket.connecting).length >= 2);
  return port;
}

test('Q1: a head that does not end is 408', async () => {
  hop = await httpHop(answer('ok'), { headTimeoutMs: 100 });
  expect(await hop.client().send('GET / HTTP/1.1\r\nHos').untilClosed()).toMatch(/^HTTP\/1\.1 408 /);
  expect(hop.fixture.counter('http.rejects.headTimeout')).toBe(1);
});

test('Q1: a head that trickles is 408 all the same', async () => {
  hop = await httpHop(answer('ok'), { headTimeoutMs: 200 });
  const client = hop.client().send('GET / HTTP/1.1\r\nHost: x\r\n');
  await until('it is refused', () => client.send('A: b\r\n').closed);
  expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
});

test('Q1: a connection without a request is closed without a word', async () => {
  hop = await httpHop(answer('ok'), { headTimeoutMs: 100, idleTimeoutMs: 100 });
  expect(await hop.client().untilClosed()).toBe('');
  const used = hop.client().send(GET);
  await used.until('ok');
  expect(await used.untilClosed()).toMatch(/ok$/);
});

test('Q1: a body that does not come is 408, and the node is left', async () => {
  hop = await httpHop(() => {}, { bodyTimeoutMs: 100 });
  const text = await hop.client().send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhell').untilClosed();
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
  expect(hop.fixture.counter('http.rejects.bodyTimeout')).toBe(1);
  await until('the node is left', () => hop.node.open === 0);
});

test('Q1: a node that takes no connection in time is 504, or another one serves', async () => {
  hop = await httpHop(answer('ok'), { connectTimeoutMs: 150 });
  const port = await deafPort();
  hop.fixture.core.setNodes([httpNode('deaf', port)]);
  expect((await fetchAll(hop.fixture.origin)).status).toBe(504);
  expect(hop.fixture.counter('http.rejects.connectTimeout')).toBe(1);
  hop.fixture.core.setNodes([httpNode('deaf', port), httpNode('app1', hop.node.port)]);
  for (let i = 0; i < 2; i += 1) expect((await fetchAll(hop.fixture.origin)).status).toBe(200);
});

test('Q1: a node that stops in the middle of its answer is given up', async () => {
  hop = await httpHop('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell', { responseTimeoutMs: 100 });
  expect(await hop.client().send(GET).untilClosed()).toMatch(/hell$/);
  expect(hop.fixture.counter('http.rejects.answerCut')).toBe(1);
  await until('the node is left', () => hop.node.open === 0);
});

test('Q1: an idle connection to a node is closed before the node does it', async () => {
  hop = await httpHop(answer('ok'), { nodeIdleMs: 100 });
  await hop.client().send(GET).until('ok');
  await until('the node is left', () => hop.node.open === 0);
});

const MEGABYTES = 64 * 1024 * 1024;

test('Q2: a client that does not read stops the node, and gets all in the end', async () => {
  let socket: Socket | undefined;
  hop = await httpHop((connection) => {
    if (socket !== undefined) return;
    ({ socket } = connection);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${MEGABYTES}\r\n\r\n`);
    socket.write(Buffer.alloc(MEGABYTES));
  });
  const slow = connect(hop.fixture.port, '127.0.0.1');
  closers.push(() => slow.destroy());
  slow.pause();
  slow.write(GET);
  await until('the node is stopped', () => (socket?.writableLength ?? 0) > 0);
  let last = -1;
  await until('nothing moves any more', () => {
    const moved = hop.fixture.counter('http.bytes.toClient');
    const still = moved === last && moved > 0;
    last = moved;
    return still;
  });
  expect(last).toBeLessThan(MEGABYTES / 2);
  let got = 0;
  slow.on('data', (bytes: Buffer) => (got += bytes.length));
  slow.resume();
  await until('all has come', () => got > MEGABYTES);
});

test('Q2: a node that does not read stops the client, and gets all in the end', async () => {
  let got = 0;
  const sockets: Socket[] = [];
  const lazy = createServer((socket) => void sockets.push(socket.pause()));
  await new Promise<void>((resolve) => {
    lazy.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => lazy.close());
  hop = await httpHop();
  hop.fixture.core.setNodes([httpNode('lazy', (lazy.address() as AddressInfo).port)]);
  const client = hop.client();
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MEGABYTES}\r\n\r\n`);
  client.socket.write(Buffer.alloc(MEGABYTES));
  let last = -1;
  await until('nothing moves any more', () => {
    const moved = hop.fixture.counter('http.bytes.toServer');
    const still = moved === last && moved > 100_000;
    last = moved;
    return still;
  });
  expect(last).toBeLessThan(MEGABYTES / 2);
  for (const socket of sockets) {
    socket.on('data', (bytes: Buffer) => {
      got += bytes.length;
      if (got > MEGABYTES) socket.end(answer('ok'));
    });
    socket.resume();
  }
  await client.until('ok');
});

test('Q2: slow readers side by side get their own bytes, while small answers go past them', async () => {
  const size = 4 * 1024 * 1024;
  const node = await HttpBackend.start('app1', (request, response) => {
    const fill = request.headers['x-fill'];
    response.end(fill === undefined ? 'small' : Buffer.alloc(size, String(fill)));
  });
  closers.push(() => node.close());
  hop = await httpHop();
  hop.fixture.core.setNodes([httpNode('app1', node.port)]);
  const readers = Array.from('abcdefghijklmnop', (fill) => {
    const socket = connect(hop.fixture.port, '127.0.0.1');
    closers.push(() => socket.destroy());
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Fill: ${fill}\r\nConnection: close\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => {
      chunks.push(bytes);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    const done = new Promise<void>((resolve) => {
      socket.once('end', resolve);
    });
    return { fill, chunks, done };
  });
  for (let i = 0; i < 100; i += 1) expect((await fetchAll(hop.fixture.origin)).body).toBe('small');
  for (const { fill, chunks, done } of readers) {
    await done;
    const text = Buffer.concat(chunks).toString('latin1');
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect([fill, body.length, body === fill.repeat(size)]).toEqual([fill, size, true]);
  }
  expect(hop.fixture.counter('http.rejects.nodeGarbled')).toBe(0);
});

test.each(['FIN', 'RST'])('Q3: a client that goes (%s) takes its request from the node within 1 s', async (how) => {
  hop = await httpHop(() => {});
  const client = hop.client().send(GET);
  await until('the node has the request', () => hop.node.received.includes('\r\n\r\n'));
  if (how === 'FIN') client.destroy();
  else client.reset();
  await until('the node is left', () => hop.node.open === 0, 1000);
  expect(hop.fixture.gauge('http.requestsInFlight')).toBe(0);
});

test('Q3: a client that goes during an upload or a download leaves nothing open', async () => {
  hop = await httpHop('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell');
  const reader = hop.client().send(GET);
  await reader.until('hell');
  const writer = hop.client().send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhell');
  await until('the node has both', () => hop.node.connections.length === 2);
  reader.reset();
  writer.reset();
  await until('nothing is open', () => hop.node.open === 0 && hop.fixture.gauge('http.connections') === 0, 1000);
});

test('Q3: a client that only ended its side still gets a quick answer', async () => {
  hop = await httpHop();
  const client = hop.client();
  client.socket.end(GET.repeat(3));
  expect((await client.untilClosed()).match(/ok/g)).toHaveLength(3);
});

test('Q4: a GET on a connection that the node has closed is served by another node', async () => {
  const other = await backend('app2');
  hop = await httpHop((connection) => {
    if (connection.received.split('\r\n\r\n').length === 2) connection.socket.write(answer('first'));
    else connection.socket.destroy();
  });
  const nodes = [httpNode('app1', hop.node.port)];
  expect((await fetchAll(hop.fixture.origin)).body).toBe('first');
  hop.fixture.core.setNodes(nodes);
  hop.fixture.core.setNodes([...nodes, httpNode('app2', other.port)]);
  const bodies = new Set<string>();
  for (let i = 0; i < 4; i += 1) bodies.add((await fetchAll(hop.fixture.origin)).body);
  expect(bodies).toEqual(new Set(['hello from app2', 'first']));
  expect(hop.fixture.counter('http.retries')).toBeGreaterThan(0);
});

test('Q4: a POST on a connection that the node has closed is 502 and never sent twice', async () => {
  const other = await backend('app2');
  let posts = 0;
  hop = await httpHop((connection) => {
    if (connection.received.includes('body')) {
      posts += 1;
      connection.socket.destroy();
    } else connection.socket.write(answer('first'));
  });
  const client = hop.client().send(GET);
  await client.until('first');
  hop.fixture.core.setNodes([httpNode('app1', hop.node.port), httpNode('app2', other.port, { weight: 1 })]);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    await fetchAll(hop.fixture.origin);
    statuses.push((await fetchAll(hop.fixture.origin, { method: 'POST', body: 'body' })).status);
  }
  expect(posts + statuses.filter((status) => status === 200).length).toBe(4);
  expect(statuses).toContain(502);
});

test('Q4: a session stays with its node when only the connection was stale', async () => {
  const other = await backend('app2');
  hop = await httpHop((connection) => {
    if (connection.received.split('\r\n\r\n').length === 2) connection.socket.write(answer('mine'));
    else connection.socket.destroy();
  });
  hop.fixture.core.setNodes([httpNode('app1', hop.node.port), httpNode('app2', other.port)]);
  for (let i = 0; i < 4; i += 1) {
    const { body } = await fetchAll(hop.fixture.origin, { headers: { Cookie: 'JSESSIONID=x.app1' } });
    expect(body).toBe('mine');
  }
  expect(hop.node.connections.length).toBeGreaterThan(1);
});

test('Q4: a request that kills its node is not carried to the next one', async () => {
  const second = await RawServer.start(({ socket }) => socket.destroy());
  closers.push(() => second.close());
  hop = await httpHop(({ socket }) => socket.destroy());
  hop.fixture.core.setNodes([httpNode('app1', hop.node.port), httpNode('app2', second.port)]);
  expect((await fetchAll(hop.fixture.origin)).status).toBe(502);
  expect(hop.node.connections.length + second.connections.length).toBe(1);
});

test('Q5: the most connections to one node are a limit: 503', async () => {
  hop = await httpHop(() => {}, { maxNodeConnections: 2 });
  for (let i = 1; i <= 2; i += 1) {
    hop.client().send(GET);
    await until('the node has it', () => hop.node.connections.length === i);
  }
  expect(await hop.client().send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 503 /);
});

test('Q5: an answer before the end of the request reaches the client, which is then closed', async () => {
  hop = await httpHop('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig');
  const client = hop.client().send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n0123');
  expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 413 [^]*big$/);
  await until('the node is left', () => hop.node.open === 0);
});

test('Q5: more clients than allowed are dropped, and the others live', async () => {
  hop = await httpHop(answer('ok'), { maxConnections: 2 });
  const first = hop.client().send(GET);
  await first.until('ok');
  const second = hop.client().send(GET);
  await second.until('ok');
  expect(await hop.client().untilClosed()).toBe('');
  expect(hop.fixture.counter('http.rejects.connections')).toBe(1);
  await first.send(GET).until(/ok[^]*ok$/);
});

test('Q6: a plane that closes says Connection: close on the last answer', async () => {
  const held: Socket[] = [];
  hop = await httpHop(({ socket }) => void held.push(socket));
  const client = hop.client().send(GET);
  await until('the node has it', () => held.length === 1);
  const closed = hop.fixture.plane.close();
  held[0]?.write(answer('last'));
  expect(await client.untilClosed()).toMatch(/^Connection: close\r$[^]*last$/m);
  await closed;
});

test('a client that stops reading is cut off, and its node is not blamed', async () => {
  const big = Buffer.alloc(MEGABYTES);
  const node = await HttpBackend.start('app1', (_request, response) => void response.end(big));
  closers.push(() => node.close());
  hop = await httpHop(answer('ok'), { responseTimeoutMs: 150 });
  hop.fixture.core.setNodes([httpNode('app1', node.port), httpNode('app2', hop.node.port)]);
  const stuck = Array.from({ length: 12 }, () => {
    const socket = connect(hop.fixture.port, '127.0.0.1').pause();
    closers.push(() => socket.destroy());
    socket.write(GET);
    return socket;
  });
  await until('all are cut off', () => hop.fixture.counter('http.rejects.answerCut') >= stuck.length / 2);
  expect(hop.fixture.counter('http.ejections')).toBe(0);
  expect(hop.fixture.core.table.get('app1')?.live.failures).toBe(0);
});

test('a node that stops reading a body is 504, not the fault of the client', async () => {
  const lazy = createServer((socket) => void socket.pause().on('error', () => {}));
  await new Promise<void>((resolve) => {
    lazy.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => lazy.close());
  hop = await httpHop(answer('ok'), { bodyTimeoutMs: 150 });
  hop.fixture.core.setNodes([httpNode('lazy', (lazy.address() as AddressInfo).port)]);
  const client = hop.client();
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${MEGABYTES}\r\n\r\n`);
  client.socket.write(Buffer.alloc(MEGABYTES));
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 504 /);
});
