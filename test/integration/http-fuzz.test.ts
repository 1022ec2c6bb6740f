import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpNode, httpPlane } from '../support/http-plane-fixture';
import { RawClient, RawServer } from '../support/raw-http';
import { until } from '../support/until';

/** xorshift32: the same numbers in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const PIECES = [
  'GET ', 'POST ', 'DELETE ', '/', '/a?b=c', '*', 'http://h/', ' HTTP/1.1', ' HTTP/1.0', ' HTTP/9.9', '\r\n', '\n', '\r', '\r\n\r\n',
  'Host: x\r\n', 'Host: y\r\n', 'Content-Length: 5\r\n', 'Content-Length: -1\r\n', 'Transfer-Encoding: chunked\r\n', 'Trailer: X\r\n',
  'Connection: close\r\n', 'Connection: Upgrade\r\n', 'Upgrade: websocket\r\n', 'Expect: 100-continue\r\n', 'Sec-WebSocket-Key: a\r\n',
  '5\r\nhello\r\n', '0\r\n\r\n', 'fffffffff\r\n', '\0', ' ', ':', 'TE: trailers\r\n', 'Cookie: JSESSIONID=.\r\n', 'X: \x80\xff\r\n',
]; // prettier-ignore

function noise(random: (below: number) => number): string {
  let text = '';
  const pieces = 1 + random(12);
  for (let i = 0; i < pieces; i += 1) {
    text += random(4) === 0 ? String.fromCharCode(random(256)) : (PIECES[random(PIECES.length)] as string);
  }
  return text;
}

test('10 000 random byte strings end nothing', async () => {
  const random = seeded(20_261_121);
  const backend = await HttpBackend.start('app1');
  closers.push(() => backend.close());
  const fixture = await httpPlane([httpNode('app1', backend.port)]);
  closers.push(() => fixture.plane.close());
  for (let round = 0; round < 100; round += 1) {
    const clients = Array.from({ length: 100 }, () => new RawClient(fixture.port));
    for (const client of clients) client.socket.end(noise(random), 'latin1');
    await until('each is answered or closed', () => clients.every(({ closed }) => closed));
    for (const client of clients) client.destroy();
  }
  expect((await fetchAll(fixture.origin)).body).toBe('hello from app1');
  await until('nothing is left open', () => fixture.gauge('http.connections') <= 1);
}, 60_000);

test('1 000 random answers of a node end nothing', async () => {
  const random = seeded(7);
  const node = await RawServer.start(({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n${noise(random)}`, 'latin1'));
  closers.push(() => node.close());
  const fixture = await httpPlane([httpNode('app1', node.port)]);
  closers.push(() => fixture.plane.close());
  for (let round = 0; round < 20; round += 1) {
    const clients = Array.from({ length: 50 }, () => new RawClient(fixture.port));
    for (const client of clients) client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until('each is answered or closed', () => clients.every(({ closed }) => closed));
    for (const client of clients) client.destroy();
  }
  const backend = await HttpBackend.start('app2');
  closers.push(() => backend.close());
  fixture.core.setNodes([httpNode('app2', backend.port)]);
  expect((await fetchAll(fixture.origin)).body).toBe('hello from app2');
}, 60_000);

/** Changes, drops or doubles a few octets. */
function mutate(text: string, random: (below: number) => number): string {
  let result = text;
  for (let changes = 1 + random(3); changes > 0; changes -= 1) {
    const at = random(result.length);
    const octet = random(3) === 0 ? String.fromCharCode(random(256)) : (PIECES[random(PIECES.length)] as string);
    result = result.slice(0, at) + octet + result.slice(at + random(3));
  }
  return result;
}

test('4 000 mutated requests: nobody gets the answer to the request of another', async () => {
  const random = seeded(4);
  const node = await HttpBackend.start('app1', (request, response) => {
    request
      .resume()
      .once('end', () => response.end(`<${String(request.headers['x-id'])}>`))
      .once('error', () => {});
  });
  closers.push(() => node.close());
  node.server.on('clientError', (_error, socket) => socket.destroy());
  const fixture = await httpPlane([httpNode('app1', node.port)], { responseTimeoutMs: 500 });
  closers.push(() => fixture.plane.close());
  let answered = 0;
  for (let round = 0; round < 40; round += 1) {
    const clients = Array.from({ length: 50 }, (_, i) => {
      const id = round * 100 + i;
      const body =
        random(2) === 0
          ? 'Content-Length: 5\r\n\r\nhello'
          : 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
      const client = new RawClient(fixture.port);
      client.socket.end(mutate(`POST /a HTTP/1.1\r\nHost: x\r\nX-Id: ${id}\r\n${body}`, random), 'latin1');
      return { id, client };
    });
    // Whole requests between the broken ones: theirs must be answered by their own id.
    const whole = Array.from({ length: 50 }, (_, i) => {
      const id = `w${round}-${i}`;
      const client = new RawClient(fixture.port).send(
        `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Id: ${id}\r\n\r\n`,
      );
      return { id, client };
    });
    await until('each is answered or closed', () => [...clients, ...whole].every(({ client }) => client.closed));
    for (const { id, client } of whole) {
      expect(client.received).toContain(`<${id}>`);
      answered += 1;
    }
    for (const { client } of [...clients, ...whole]) client.destroy();
  }
  expect(answered).toBe(2000);
}, 60_000);
