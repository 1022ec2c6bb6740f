import { nodeOf } from '../../../../cli/node';
import { Protocol, Transport } from '../../../../proto';

const usage = expect.objectContaining({ code: 'USAGE' }) as unknown as Error;

test('each port option becomes an endpoint of its protocol and transport', () => {
  const ports = {
    sipUdp: 1,
    sipTcp: 2,
    sipTls: 3,
    sipWs: 4,
    sipWss: 5,
    http: 6,
    https: 7,
    ws: 8,
    wss: 9,
    smpp: 10,
    smppTls: 11,
  };
  const { endpoints } = nodeOf({ id: 'app1', address: '::1', ...ports }, 'i1');
  expect(endpoints.map(({ protocol, transport, host, port }) => [protocol, transport, host, port])).toEqual([
    [Protocol.SIP, Transport.UDP, '::1', 1],
    [Protocol.SIP, Transport.TCP, '::1', 2],
    [Protocol.SIP, Transport.TLS, '::1', 3],
    [Protocol.SIP, Transport.WS, '::1', 4],
    [Protocol.SIP, Transport.WSS, '::1', 5],
    [Protocol.HTTP, Transport.TCP, '::1', 6],
    [Protocol.HTTP, Transport.TLS, '::1', 7],
    [Protocol.HTTP, Transport.WS, '::1', 8],
    [Protocol.HTTP, Transport.WSS, '::1', 9],
    [Protocol.SMPP, Transport.TCP, '::1', 10],
    [Protocol.SMPP, Transport.TLS, '::1', 11],
  ]);
});

test('a weight of zero is kept, an absent one stays absent', () => {
  expect(nodeOf({ id: 'a', address: '127.0.0.1', http: 80, weight: 0 }, 'i1').weight).toBe(0);
  expect(nodeOf({ id: 'a', address: '127.0.0.1', http: 80 }, 'i1').weight).toBeUndefined();
});

test.each([
  ['an id with a blank', { id: 'a b', address: '127.0.0.1', http: 80 }, /--id expects .*got a b/],
  ['a host name', { id: 'a', address: 'app.example.com', http: 80 }, /--address expects an IP address/],
  ['no port', { id: 'a', address: '127.0.0.1' }, /at least one port/],
])('%s is a usage error that says what was expected', (_what, options, text) => {
  expect(() => nodeOf(options, 'i1')).toThrow(usage);
  expect(() => nodeOf(options, 'i1')).toThrow(text);
});
