import { Peer, STUN_ANSWER_BYTES, answerStun, isStun } from '../../../../sip-plane/transport';

const ID = 'b7e7a701bc34d686fa87dfae';

/** A STUN message by type and attributes, both in hex. */
function stun(type: string, attributes = '', length = attributes.length / 2): Buffer {
  return Buffer.from(`${type}${length.toString(16).padStart(4, '0')}2112a442${ID}${attributes}`, 'hex');
}

function answer(request: Buffer, peer: Peer): string {
  const out = Buffer.alloc(STUN_ANSWER_BYTES + 3);
  return out.toString('hex', 3, 3 + answerStun(request, 0, request.length, peer, out, 3));
}

describe('FRM-13: STUN Binding on the SIP port', () => {
  const client = new Peer('192.0.2.1', 32_853);

  it('is told from SIP by its first byte and the cookie', () => {
    expect(isStun(stun('0001'), 0, 20)).toBe(true);
    expect(isStun(stun('0001').fill(0, 4, 8), 0, 20)).toBe(false);
    expect(isStun(Buffer.from('INVITE sip:bob@example.com SIP/2.0\r\n'), 0, 36)).toBe(false);
    expect(isStun(stun('0001'), 0, 19)).toBe(false);
  });

  it('answers with the address and port that it came from (vector of RFC 5769 2.2)', () => {
    expect(answer(stun('0001'), client)).toBe(`0101000c2112a442${ID}002000080001a147e112a643`);
  });

  it('answers an IPv6 source (vector of RFC 5769 2.3)', () => {
    const peer = new Peer('2001:db8:1234:5678:11:2233:4455:6677', 32_853);
    expect(answer(stun('0001'), peer)).toBe(`010100182112a442${ID}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`);
  });

  it('overlooks attributes that may be overlooked, and those of a login', () => {
    expect(answer(stun('0001', `8022000474657374${'000600036576740000'.slice(0, 16)}`), client)).toMatch(/^0101/);
  });

  it('refuses an attribute that must be understood, and names it', () => {
    expect(answer(stun('0001', '7fff000400000000'), client)).toBe(
      `011100102112a442${ID}0009000400000414000a00027fff0000`,
    );
  });

  it.each([
    ['an answer', stun('0101')],
    ['an indication', stun('0011')],
    ['another method', stun('0003')],
    ['a length that is not there', stun('0001', '', 8)],
    ['an attribute beyond the end', stun('0001', '80220008746573740000000000000000'.slice(0, 16))],
  ])('is silent about %s', (_what, bytes) => {
    expect(answer(bytes, client)).toBe('');
  });
});
