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
  const fixture = await httpPlane([httpNode('app1', backend.port)]);
  for (let round = 0; round < 100; round += 1) {
    const clients = Array.from({ length: 100 }, () => new RawClient(fixture.port));
    for (const client of clients) client.socket.end(noise(random), 'latin1');
    await until('each is answered or closed', () => clients.every(({ closed }) => closed));
    for (const client of clients) client.destroy();
  }
  expect((await fetchAll(fixture.origin)).body).toBe('hello from app1');
  await until('nothing is left open', () => fixture.gauge('http.connections') <= 1);
  await fixture.plane.close();
  await backend.close();
}, 60_000);

test('1 000 random answers of a node end nothing', async () => {
  const random = seeded(7);
  const node = await RawServer.start(({ socket }) => socket.end(`HTTP/1.1 200 OK\r\n${noise(random)}`, 'latin1'));
  const fixture = await httpPlane([httpNode('app1', node.port)]);
  for (let round = 0; round < 20; round += 1) {
    const clients = Array.from({ length: 50 }, () => new RawClient(fixture.port));
    for (const client of clients) client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until('each is answered or closed', () => clients.every(({ closed }) => closed));
    for (const client of clients) client.destroy();
  }
  const backend = await HttpBackend.start('app2');
  fixture.core.setNodes([httpNode('app2', backend.port)]);
  expect((await fetchAll(fixture.origin)).body).toBe('hello from app2');
  await fixture.plane.close();
  await backend.close();
  await node.close();
}, 60_000);
