import { MessageParser, MessageView, Edits } from '../../../../sip-plane/message';
import { Transaction } from '../../../../sip-plane/routing/transaction';
import { hashText } from '../../../../data-plane';
import { request, type RequestParts } from '../../../support/sip-messages';

const parser = new MessageParser();
const view = new MessageView();
const transaction = new Transaction();
const edits = new Edits();

function branchOf(parts: RequestParts, node = 'app1'): string {
  const bytes = Buffer.from(request(parts), 'latin1');
  parser.parseDatagram(view, bytes, 0, bytes.length);
  transaction.ofRequest(view, 0);
  edits.reset();
  edits.begin(0);
  transaction.writeVia(edits, hashText(node), 0, 0);
  const text = Buffer.alloc(edits.growth);
  edits.apply(Buffer.alloc(0), 0, 0, text, 0);
  return `z9hG4bK${text.toString().split(';')[0]}`;
}

const via = (branch: string, host = '192.0.2.1'): string => `UDP ${host}${branch === '' ? '' : `;branch=${branch}`}`;

describe('the branch', () => {
  it('STL-5: is the cookie and a hash of the received branch', () => {
    expect(branchOf({ via: via('z9hG4bKa') })).toMatch(/^z9hG4bK[a-z2-7]{14}$/);
    expect(branchOf({ via: via('z9hG4bKa') })).toBe(branchOf({ via: via('z9hG4bKa'), body: 'other', callId: 'other' }));
  });

  it('STL-7: has token characters only', () => {
    for (let i = 0; i < 1000; i += 1) expect(branchOf({ via: via(`z9hG4bK${i}`) })).toMatch(/^[A-Za-z0-9]+$/);
  });

  it.each([
    ['INVITE', 'CANCEL'],
    ['INVITE', 'ACK'],
  ])('STL-4: does not include the method: %s and %s', (one, other) => {
    expect(branchOf({ method: one, via: via('z9hG4bKa') })).toBe(branchOf({ method: other, via: via('z9hG4bKa') }));
  });

  it('STL-4: includes the node', () => {
    expect(branchOf({ via: via('z9hG4bKa') }, 'app1')).not.toBe(branchOf({ via: via('z9hG4bKa') }, 'app2'));
  });

  it.each([
    ['branch', { via: via('z9hG4bKa') }, { via: via('z9hG4bKb') }],
    ['sent-by', { via: via('z9hG4bKa') }, { via: via('z9hG4bKa', '192.0.2.2') }],
    ['STL-6: top Via without branch', { via: via('') }, { via: via('', '192.0.2.2') }],
    ['STL-6: To tag', { via: via('') }, { via: via(''), to: '<sip:bob@example.com>;tag=1' }],
    ['STL-6: From tag', { via: via('') }, { via: via(''), from: '<sip:alice@example.com>;tag=a2' }],
    ['STL-6: Call-ID', { via: via('') }, { via: via(''), callId: 'call2@example.com' }],
    ['STL-6: CSeq number', { via: via('') }, { via: via(''), cseq: '2 INVITE' }],
    ['STL-6: Request-URI', { via: via('') }, { via: via(''), uri: 'sip:carol@example.com' }],
    [
      'STL-6: with a branch that is only the cookie, Call-ID',
      { via: via('z9hG4bK') },
      { via: via('z9hG4bK'), callId: 'x' },
    ],
  ])('differs for requests that differ in %s', (_, one, other) => {
    expect(branchOf(one)).not.toBe(branchOf(other));
    expect(branchOf(one)).toBe(branchOf(one));
  });

  it('STL-8: is different for 100 000 different transactions (5 * 10^9 pairs)', () => {
    const { key } = transaction;
    const seen = new Float64Array(100_000);
    const bytes = Buffer.from(request({ via: via('z9hG4bK0000000') }), 'latin1');
    parser.parseDatagram(view, bytes, 0, bytes.length);
    const digits = view.topVia.branchEnd - 7;
    for (let i = 0; i < 100_000; i += 1) {
      for (let j = 6, rest = i; j >= 0; j -= 1, rest = Math.floor(rest / 10)) bytes[digits + j] = 48 + (rest % 10);
      transaction.ofVia(view, view.topVia);
      // 53 of the 64 bits: a collision here would be chance of 1 in 1 800 000.
      seen[i] = (key.hi & 0x1f_ffff) * 0x1_0000_0000 + key.lo;
    }
    seen.sort();
    const equal = seen.some((value, index) => index > 0 && value === seen[index - 1]);
    expect(equal).toBe(false);
  });
});
