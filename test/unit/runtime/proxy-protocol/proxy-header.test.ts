import { readProxyHeader, type ProxyHeader } from '../../../../runtime/proxy-protocol';
import { randomBytes, seededRandom } from '../../../support/seeded-random';

const text = (line: string): Buffer => Buffer.from(line, 'latin1');
const SIGNATURE = text('\r\n\r\n\0\r\nQUIT\n');

/** Version 2: version and command, family and protocol, what follows; `length` when it lies. */
function binary(command: number, family: number, rest: Buffer, length = rest.length): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.from([command, family, length >> 8, length & 0xff]), rest]);
}

const IPV4 = Buffer.from([192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0x01, 0xbb]);
const IPV6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000100000000000000000002', 'hex'),
  Buffer.from([0xdc, 0x04, 0x01, 0xbb]),
]);
const TLV = Buffer.from([0x02, 0x00, 0x03, 0x61, 0x62, 0x63]);

const whole: readonly (readonly [string, Buffer, ProxyHeader['source']])[] = [
  ['1, TCP4', text('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n'), { address: '192.0.2.1', port: 56_324 }],
  ['1, TCP6', text('PROXY TCP6 2001:db8::1 ::1 0 65535\r\n'), { address: '2001:db8::1', port: 0 }],
  ['1, UNKNOWN', text('PROXY UNKNOWN\r\n'), undefined],
  ['1, UNKNOWN with more', text('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  ['1, UNKNOWN as long as allowed', text(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`), undefined],
  ['2, LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['2, LOCAL with a family that nobody knows', binary(0x20, 0xf5, IPV4), undefined],
  ['2, IPv4', binary(0x21, 0x11, IPV4), { address: '192.0.2.1', port: 56_324 }],
  ['2, IPv4 with TLVs', binary(0x21, 0x11, Buffer.concat([IPV4, TLV])), { address: '192.0.2.1', port: 56_324 }],
  ['2, IPv6', binary(0x21, 0x21, IPV6), { address: '2001:db8::1', port: 56_324 }],
  ['2, UNIX', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
  ['2, unspecified', binary(0x21, 0x00, TLV), undefined],
];

const broken: readonly (readonly [string, Buffer, string])[] = [
  ['a request', text('GET / HTTP/1.1\r\n'), 'signature'],
  ['a TLS hello', Buffer.from([0x16, 0x03, 0x01]), 'signature'],
  ['lower case', text('proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n'), 'signature'],
  ['a line that does not end', text(`PROXY UNKNOWN ${'x'.repeat(93)}`), 'length'],
  ['a line of 108 octets', text(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), 'length'],
  ['UDP4', text('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n'), 'family'],
  ['no family', text('PROXY \r\n'), 'family'],
  ['IPv6 as TCP4', text('PROXY TCP4 ::1 ::1 1 2\r\n'), 'address'],
  ['IPv4 as TCP6', text('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n'), 'address'],
  ['an address with a zone', text('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'), 'address'],
  ['an address of 256', text('PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n'), 'address'],
  ['a port of 65536', text('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n'), 'address'],
  ['a port with a leading zero', text('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n'), 'address'],
  ['one space too many', text('PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n'), 'address'],
  ['no ports', text('PROXY TCP4 192.0.2.1 192.0.2.2\r\n'), 'address'],
  ['version 1 in binary', binary(0x11, 0x11, IPV4), 'version'],
  ['command 2', binary(0x22, 0x11, IPV4), 'command'],
  ['datagrams', binary(0x21, 0x12, IPV4), 'family'],
  ['family 4', binary(0x21, 0x41, IPV4), 'family'],
  ['too little for its family', binary(0x21, 0x21, IPV4), 'length'],
  ['more than anybody needs', binary(0x21, 0x11, IPV4, 4097), 'length'],
];

/** The source address of a header of version 2 that holds these octets. */
function shown(hex: string): string | undefined {
  const header = readProxyHeader(binary(0x21, 0x21, Buffer.concat([Buffer.from(hex, 'hex'), IPV6.subarray(16)])));
  return (header as ProxyHeader).source?.address;
}

describe('a PROXY header', () => {
  it.each(whole)('of version %s is read, whatever follows', (_, bytes, source) => {
    expect(readProxyHeader(bytes)).toEqual({ length: bytes.length, source });
    expect(readProxyHeader(Buffer.concat([bytes, bytes]))).toEqual({ length: bytes.length, source });
  });

  it.each(whole)('of version %s is awaited at every split', (_, bytes) => {
    for (let end = 0; end < bytes.length; end += 1) expect(readProxyHeader(bytes.subarray(0, end))).toBeUndefined();
  });

  it.each(broken)('is refused: %s', (_, bytes, fault) => {
    expect(readProxyHeader(bytes)).toBe(fault);
  });

  it('is never awaited beyond its limits', () => {
    expect(readProxyHeader(text(`PROXY ${'x'.repeat(101)}`))).toBe('length');
    const open = binary(0x20, 0, Buffer.alloc(4095), 4096);
    expect(readProxyHeader(open)).toBeUndefined();
    expect(readProxyHeader(Buffer.concat([open, Buffer.alloc(1)]))).toEqual({ length: 4112, source: undefined });
  });

  it('writes IPv6 as people do', () => {
    expect(shown('00000000000000000000000000000000')).toBe('::');
    expect(shown('00000000000000000000000000000001')).toBe('::1');
    expect(shown('fe800000000000000000000000000000')).toBe('fe80::');
    expect(shown('20010db8000000010000000000000002')).toBe('2001:db8:0:1::2');
    expect(shown('20010db8000100020003000400050000')).toBe('2001:db8:1:2:3:4:5:0');
  });

  it('that was damaged is read, awaited or refused, and never takes more than there is', () => {
    const random = seededRandom(5);
    let accepted = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const [, original] = whole[Math.floor(random() * whole.length)] as (typeof whole)[number];
      const bytes = Buffer.concat([original, randomBytes(random, 8)]);
      for (let i = 0; i <= random() * 3; i += 1) bytes[Math.floor(random() * bytes.length)] = random() * 256;
      const seen = bytes.subarray(0, Math.floor(random() * (bytes.length + 1)));
      const read = readProxyHeader(seen);
      if (typeof read !== 'object') continue;
      accepted += 1;
      expect(read.length).toBeLessThanOrEqual(seen.length);
    }
    expect(accepted).toBeGreaterThan(500);
  });
});
