import { LinearPattern } from '../../../../data-plane';
import { AffinityKey } from '../../../../sip-plane/affinity';
import { MessageParser, MessageView } from '../../../../sip-plane/message';
import { request, type RequestParts } from '../../../support/sip-messages';

interface Rule {
  readonly header: string;
  readonly exclude?: string;
  readonly fallback?: string;
}

function keyOf({ header, exclude, fallback = 'Call-ID' }: Rule, parts: RequestParts): string {
  const parser = new MessageParser({ affinityHeader: header, affinityFallback: fallback });
  const view = new MessageView();
  const bytes = Buffer.from(request({ callId: 'call1@example.com', ...parts }), 'latin1');
  parser.parseDatagram(view, bytes, 0, bytes.length);
  const { affinityKind: kind, fallbackKind } = parser.names;
  const exclusion = exclude === undefined ? undefined : new LinearPattern('x', exclude, { whole: true });
  return new AffinityKey({ kind, exclusion, fallbackKind }).of(view);
}

describe('AffinityKey', () => {
  it.each<[Rule, RequestParts, string]>([
    [{ header: 'Call-ID' }, {}, 'call1@example.com'],
    [{ header: 'To' }, { to: '"Bob" <sip:bob@example.com>;tag=1' }, 'bob'],
    [{ header: 'From' }, { from: '<sips:alice@example.com:5061>;tag=1' }, 'alice'],
    [{ header: 'To' }, { to: '<sip:example.com>' }, 'sip:example.com'],
    [{ header: 'To' }, { to: '<tel:+1-(555)-12.34;phone-context=example.com>' }, '+15551234'],
    [{ header: 'To' }, { to: 'tel:+15551234' }, '+15551234'],
    [{ header: 'To' }, { to: '<sip:+15551234@example.com;user=phone>' }, '+15551234'],
    [{ header: 'X-Tenant' }, { extra: ['X-TENANT:  blue '] }, 'blue'],
    [{ header: 'X-Tenant' }, {}, 'call1@example.com'],
    [{ header: 'X-Tenant' }, { extra: ['X-Tenant:'] }, 'call1@example.com'],
  ])('with %j the key of %j is %s', (rule, parts, key) => {
    expect(keyOf(rule, parts)).toBe(key);
  });

  it.each<[Rule, RequestParts, string]>([
    [{ header: 'To', exclude: 'anonymous|\\d{3}' }, { to: '<sip:anonymous@x>' }, 'call1@example.com'],
    [{ header: 'To', exclude: 'anonymous|\\d{3}' }, { to: '<sip:112@x>' }, 'call1@example.com'],
    [{ header: 'To', exclude: 'anonymous|\\d{3}' }, { to: '<sip:1125@x>' }, '1125'],
    [{ header: 'To', exclude: '112', fallback: 'From' }, { to: '<sip:112@x>', from: '<sip:al@x>;tag=1' }, 'al'],
    [{ header: 'To', exclude: '112', fallback: 'X-B' }, { to: '<sip:112@x>', extra: ['X-B: b'] }, 'b'],
    [{ header: 'X-A', exclude: 'none', fallback: 'X-B' }, { extra: ['X-A: none', 'X-B: b'] }, 'b'],
    [{ header: 'X-A', exclude: 'none', fallback: 'x-a' }, { extra: ['X-A: none'] }, 'none'],
  ])('with %j the excluded key of %j gives way to %s', (rule, parts, key) => {
    expect(keyOf(rule, parts)).toBe(key);
  });
});
