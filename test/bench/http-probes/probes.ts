/** What passed on both sides of a proxy. */
export interface Seen {
  /** All that the client got. */
  readonly client: string;
  /** All that the node got. */
  readonly node: string;
  /** Connections that the node has open at the end. */
  readonly open: number;
}

/** One request (and the node's answer) that tells a careful proxy from a careless one. */
export interface Probe {
  /** Rule of reference B.2 and what is sent. */
  readonly name: string;
  readonly request: string;
  readonly reply?: string;
  /** The node ends its side behind its reply. */
  readonly ends?: boolean;
  /** The client goes as soon as the node has the request. */
  readonly leaves?: boolean;
  readonly wanted: (seen: Seen) => boolean;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = (fields = ''): string => `GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
const post = (fields: string, body = ''): string => `POST / HTTP/1.1\r\nHost: x\r\n${fields}\r\n${body}`;
const SHAKE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Protocol: sip, xmpp\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SHAKEN =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const refused = ({ client, node }: Seen): boolean => /^HTTP\/1\.[01] [45]/.test(client) && node === '';
const badGateway = ({ client }: Seen): boolean => client.startsWith('HTTP/1.1 502');
const nodeHas =
  (pattern: RegExp) =>
  (seen: Seen): boolean =>
    pattern.test(seen.node);
const nodeLacks =
  (pattern: RegExp) =>
  (seen: Seen): boolean =>
    seen.node !== '' && !pattern.test(seen.node);

export const DEFAULT_REPLY = OK;

export const probes: readonly Probe[] = [
  { name: 'H1 Content-Length and chunked', request: post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), wanted: refused },
  { name: 'H2 two lengths', request: post('Content-Length: 2\r\nContent-Length: 3\r\n', 'hi!'), wanted: refused },
  { name: 'H2 +2', request: post('Content-Length: +2\r\n', 'hi'), wanted: refused },
  { name: 'H2 two equal lengths', request: post('Content-Length: 2\r\nContent-Length: 2\r\n', 'hi'), wanted: refused },
  { name: 'H3 gzip, chunked', request: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), wanted: refused },
  { name: 'H3 xchunked', request: post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), wanted: refused },
  { name: 'H3 chunked, identity', request: post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'), wanted: refused },
  { name: 'H4 chunked in HTTP/1.0', request: 'POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', wanted: refused },
  { name: 'H5 space before colon', request: 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', wanted: refused },
  { name: 'H5 folded line', request: get('A: b\r\n c\r\n'), wanted: refused },
  { name: 'H5 bare LF', request: 'GET / HTTP/1.1\nHost: x\n\n', wanted: refused },
  { name: 'H5 bare CR in value', request: get('A: b\rc\r\n'), wanted: refused },
  { name: 'H5 NUL in value', request: get('A: b\0c\r\n'), wanted: refused },
  { name: 'H5 name with a bracket', request: get('A(b): c\r\n'), wanted: refused },
  { name: 'H6 chunk size 0x2', request: post('Transfer-Encoding: chunked\r\n', '0x2\r\nhi\r\n0\r\n\r\n'), wanted: ({ client }) => client.startsWith('HTTP/1.1 4') },
  { name: 'H6 bare LF in chunk extension', request: post('Transfer-Encoding: chunked\r\n', '2;a\nhi\r\n0\r\n\r\n'), wanted: ({ client }) => client.startsWith('HTTP/1.1 4') },
  { name: 'H7 no Host', request: 'GET / HTTP/1.1\r\n\r\n', wanted: refused },
  { name: 'H7 two Hosts', request: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', wanted: refused },
  { name: 'H8 absolute-form', request: 'GET http://real.example/p HTTP/1.1\r\nHost: other\r\n\r\n', wanted: ({ node }) => node.startsWith('GET /p HTTP') && /^host: real\.example\r$/im.test(node) },
  { name: 'H8 CONNECT', request: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', wanted: refused },
  { name: 'H9 raw path', request: 'GET //a/../b%2f?x="y" HTTP/1.1\r\nHost: x\r\n\r\n', wanted: nodeHas(/^GET \/\/a\/\.\.\/b%2f\?x="y" HTTP/) },
  { name: 'H10 answer with both framings', request: get(), reply: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', wanted: badGateway },
  { name: 'H10 answer with two lengths', request: get(), reply: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!', wanted: badGateway },
  { name: 'H11 bytes behind an answer', request: get() + get(), reply: `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`, wanted: ({ client }) => client.includes('ok') && !client.includes('evil') },
  { name: 'H12 cut answer', request: get(), reply: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok', ends: true, wanted: ({ client }) => client.startsWith('HTTP/1.1 502') || (/content-length: 9/i.test(client) && client.endsWith('\r\n\r\nok')) },
  { name: 'H12 cut chunked answer', request: get(), reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', ends: true, wanted: ({ client }) => !client.endsWith('\r\n0\r\n\r\n') },
  { name: 'H13 unframed answer to 1.1', request: get(), reply: 'HTTP/1.1 200 OK\r\n\r\nok', ends: true, wanted: ({ client }) => client.includes('ok') },
  { name: 'H14 chunked answer to 1.0', request: 'GET / HTTP/1.0\r\nHost: x\r\n\r\n', reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', wanted: ({ client }) => client.endsWith('\r\n\r\nok') && !/transfer-encoding/i.test(client) },
  { name: 'H15 304 with a length', request: get(), reply: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: "a"\r\n\r\n', wanted: ({ client }) => client.startsWith('HTTP/1.1 304') },
  { name: 'H15 HEAD with a length', request: 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', reply: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', wanted: ({ client }) => /content-length: 9\r/i.test(client) && client.endsWith('\r\n\r\n') },
  { name: 'H15 204 with a length', request: get(), reply: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', wanted: ({ client }) => client.startsWith('HTTP/1.1 204') && !/content-length/i.test(client) },
  { name: 'P1 Connection: X-Foo', request: get('Connection: X-Foo\r\nX-Foo: 1\r\n'), wanted: nodeLacks(/x-foo: 1/i) },
  { name: 'P1 Proxy-Authorization', request: get('Proxy-Authorization: a\r\nProxy-Connection: a\r\n'), wanted: nodeLacks(/proxy-/i) },
  { name: 'P1 answer hop-by-hop', request: get(), reply: 'HTTP/1.1 200 OK\r\nConnection: X-Int\r\nX-Int: 1\r\nProxy-Authenticate: a\r\nContent-Length: 2\r\n\r\nok', wanted: ({ client }) => client.endsWith('ok') && !/x-int: 1|proxy-auth/i.test(client) },
  { name: 'P4 X-Forwarded-For of a stranger', request: get('X-Forwarded-For: 6.6.6.6\r\n'), wanted: nodeLacks(/6\.6\.6\.6/) },
  { name: 'P5 two Set-Cookie', request: get(), reply: 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok', wanted: ({ client }) => /set-cookie: a=1\r\n[^]*set-cookie: b=2\r\n/i.test(client) },
  { name: 'P6 Expect: 100-continue', request: post('Expect: 100-continue\r\nContent-Length: 2\r\n'), reply: `HTTP/1.1 100 Continue\r\n\r\n${OK}`, wanted: ({ client }) => client.startsWith('HTTP/1.1 100') },
  { name: 'P7 103', request: get(), reply: `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${OK}`, wanted: ({ client }) => /^HTTP\/1\.1 103[^]*200 OK/.test(client) },
  { name: 'P8 trailers', request: get('TE: trailers\r\nConnection: TE\r\n'), reply: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n', wanted: ({ client }) => /0\r\nX-Sum: 1\r\n\r\n$/i.test(client) },
  { name: 'P9 TRACE', request: 'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n', wanted: refused },
  { name: 'DELETE with chunks', request: 'DELETE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', wanted: ({ node }) => node.includes('hi') && (/transfer-encoding: chunked/i.test(node) || /content-length: 2/i.test(node)) },
  { name: 'OPTIONS with chunks', request: 'OPTIONS / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n', wanted: ({ node }) => node.includes('hi') && (/transfer-encoding: chunked/i.test(node) || /content-length: 2/i.test(node)) },
  { name: 'GET with Trailer', request: get('Trailer: A\r\n'), wanted: ({ client }) => client.endsWith('ok') },
  { name: 'Trailer of a node to 1.0', request: 'GET / HTTP/1.0\r\nHost: x\r\n\r\n', reply: 'HTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n', wanted: ({ client }) => client.endsWith('\r\n\r\nok') },
  { name: 'Q3 client leaves', request: get(), reply: '', leaves: true, wanted: ({ node, open }) => node !== '' && open === 0 },
  { name: 'Q5 head of 64 KiB', request: get(`A: ${'b'.repeat(65_536)}\r\n`), wanted: refused },
  { name: 'X1 handshake with sip, xmpp', request: SHAKE, reply: SHAKEN, wanted: ({ client, node }) => client.startsWith('HTTP/1.1 101') && /protocol: sip, xmpp\r/i.test(node) },
  { name: 'X2 early bytes of both sides', request: `${SHAKE}early`, reply: `${SHAKEN}back`, wanted: ({ client, node }) => client.includes('\r\n\r\nback') && node.includes('\r\n\r\nearly') },
  { name: 'X3 refused handshake', request: SHAKE, reply: 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?', wanted: ({ client }) => client.startsWith('HTTP/1.1 401') && client.endsWith('who?') },
  { name: 'X5 Upgrade: h2c', request: get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n'), wanted: nodeLacks(/upgrade:|http2-settings:/i) },
]; // prettier-ignore
