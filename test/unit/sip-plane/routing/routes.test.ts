import { Transport } from '../../../../proto';
import { Reject } from '../../../../sip-plane/message';
import { Action } from '../../../../sip-plane/routing';
import { app1, app2, inside, nodeAt, ownRoute } from '../../../support/decider-nodes';
import { DeciderFixture } from '../../../support/sip-decider';
import { header, headers, request, startLine } from '../../../support/sip-messages';

describe('Route', () => {
  const plane = new DeciderFixture([app1, app2]);

  it.each([
    ['RT-1: one own value', ['Route: <sip:198.51.100.1;lr>'], []],
    ['RT-1: both own values in one step', [`Route: ${ownRoute('external')}`, `Route: ${ownRoute('internal')}`], []],
    ['RT-13: both in one line', [`Route: ${ownRoute('external')}, ${ownRoute('internal')}`], []],
    [
      'RT-1: the foreign rest stays',
      [`Route: ${ownRoute('external')}, <sip:10.0.0.11:5060;lr>`],
      ['<sip:10.0.0.11:5060;lr>'],
    ],
    [
      'RT-13: over several lines',
      [`Route: ${ownRoute('external')} ,  ${ownRoute('internal')},<sip:10.0.0.11;lr>`, 'Route: <sip:c;lr>'],
      ['<sip:10.0.0.11;lr>', '<sip:c;lr>'],
    ],
    [
      'an own value behind a foreign one stays',
      ['Route: <sip:10.0.0.11;lr>', `Route: ${ownRoute('external')}`],
      ['<sip:10.0.0.11;lr>', ownRoute('external')],
    ],
  ])('%s', (_, extra, rest) => {
    plane.core.setNodes([app1]);
    expect(headers(plane.forward(request({ extra })), 'Route')).toEqual(rest);
    plane.core.setNodes([app1, app2]);
  });

  it('RT-1: extra copies of our pair, as some clients collect them, go too', () => {
    const twice = [...Array(2)].flatMap(() => [`Route: ${ownRoute('external')}`, `Route: ${ownRoute('internal')}`]);
    expect(headers(plane.forward(request({ extra: twice })), 'Route')).toEqual([]);
  });

  it('RT-1: the pair of a second pass stays for the node that keeps out of the Route, which sends it back to us', () => {
    const pairs = [ownRoute('external'), ownRoute('internal'), ownRoute('internal'), ownRoute('external')];
    const extra = pairs.map((value) => `Route: ${value}`);
    plane.core.setNodes([app1]);
    const first = plane.forward(request({ method: 'BYE', uri: 'sip:carol@203.0.113.9', extra }));
    expect(headers(first, 'Route')).toEqual(['<sip:10.0.0.11:5060;lr>', ...pairs.slice(2)]);
    const back = pairs.slice(2).map((value) => `Route: ${value}`);
    const second = plane.decide(request({ method: 'BYE', uri: 'sip:carol@203.0.113.9', extra: back }), inside);
    expect(second.target?.host).toBe('203.0.113.9');
    plane.core.setNodes([app1, app2]);
  });

  it.each([
    ['of our listener', 'sip:bob@example.com;maddr=198.51.100.1', 'sip:bob@example.com'],
    [
      'with what named its port and transport',
      'sip:bob@example.com:5060;maddr=198.51.100.1;transport=udp;a=b',
      'sip:bob@example.com:5060;a=b',
    ],
    ['of another host stays', 'sip:bob@example.com;maddr=203.0.113.8', 'sip:bob@example.com;maddr=203.0.113.8'],
    [
      'of another port stays',
      'sip:bob@example.com:5080;maddr=198.51.100.1',
      'sip:bob@example.com:5080;maddr=198.51.100.1',
    ],
    [
      'of another transport stays',
      'sip:bob@example.com;maddr=198.51.100.1;transport=tcp',
      'sip:bob@example.com;maddr=198.51.100.1;transport=tcp',
    ],
  ])('RT-3: maddr %s', (_, uri, expected) => {
    expect(startLine(plane.forward(request({ uri })))).toBe(`INVITE ${expected} SIP/2.0`);
  });

  it('RT-3: maddr of the internal listener with its port goes, and the request leaves by what remains', () => {
    const uri = 'sip:carol@203.0.113.9:5065;maddr=10.0.0.1;transport=udp';
    const got = plane.forward(request({ uri }), inside);
    expect(startLine(got)).toBe('INVITE sip:carol@203.0.113.9 SIP/2.0');
    expect(plane.requests.decision.target?.port).toBe(5060);
  });

  it('RT-10: our Record-Route leads to us, and a stand-in reads its hint', () => {
    const [inner = '', outer = ''] = headers(plane.forward(request({ callId: 'rt10' })), 'Record-Route');
    const chosen = plane.requests.decision.node?.id;
    for (const value of [inner, outer]) {
      const bye = request({ method: 'BYE', to: '<sip:b@x>;tag=1', extra: [`Route: ${value}`] });
      for (const one of [plane, new DeciderFixture([app1, app2])]) {
        expect(one.nodeOf(bye)).toBe(chosen);
        expect(one.requests.routes.hasTop).toBe(false);
      }
    }
  });

  it('RT-14: a next hop that is ourselves is a loop', () => {
    expect(plane.decide(request({ uri: 'sip:bob@x.example;maddr=198.51.100.1' }), inside).reject).toBe(Reject.LOOP);
  });

  it('RT-6: sends to the node and leaves a Request-URI alone that is not ours', () => {
    const got = plane.forward(request({ uri: 'sip:bob@example.com:5070;x=y' }));
    expect(startLine(got)).toBe('INVITE sip:bob@example.com:5070;x=y SIP/2.0');
    expect(headers(got, 'Route')).toEqual([]);
  });

  it('RT-6: writes the node into a Request-URI that is our own address, and only there', () => {
    const got = plane.forward(request({ uri: 'sip:service@198.51.100.1:5060;user=phone', callId: 'own1' }));
    expect(startLine(got)).toMatch(/^INVITE sip:service@10\.0\.0\.1[12]:5060;user=phone SIP\/2\.0$/);
    expect(header(got, 'To')).toBe('<sip:bob@example.com>');
  });

  it('pushes the node over a foreign Route', () => {
    plane.core.setNodes([app1]);
    const got = plane.forward(request({ extra: ['Route: <sip:services.example.com;lr>'] }));
    expect(headers(got, 'Route')).toEqual(['<sip:10.0.0.11:5060;lr>', '<sip:services.example.com;lr>']);
    plane.core.setNodes([app1, app2]);
  });

  it('RT-2: puts the last Route value back into the Request-URI after a strict router', () => {
    const text = request({
      method: 'BYE',
      uri: 'sip:198.51.100.1:5060;transport=udp;lr',
      to: '<sip:b@x>;tag=1',
      extra: ['Route: <sip:p1.example.com;lr>', 'Route: <sip:bob@10.0.0.12:5060>'],
    });
    const got = plane.forward(text);
    expect(startLine(got)).toBe('BYE sip:bob@10.0.0.12:5060 SIP/2.0');
    expect(headers(got, 'Route').slice(-1)).toEqual(['<sip:p1.example.com;lr>']);
  });

  it('RT-2: when the last value shares its line or is the only one', () => {
    const uri = 'sip:198.51.100.1:5060;transport=udp;lr';
    const shared = plane.forward(
      request({ method: 'BYE', uri, extra: ['Route: <sip:p1.example.com;lr>, <sip:bob@10.0.0.12:5060>'] }),
    );
    expect(headers(shared, 'Route').slice(-1)).toEqual(['<sip:p1.example.com;lr>']);
    const only = plane.forward(request({ method: 'BYE', uri, extra: ['Route: <sip:bob@10.0.0.12:5060>'] }));
    expect(startLine(only)).toBe('BYE sip:bob@10.0.0.12:5060 SIP/2.0');
    expect(headers(only, 'Route')).toEqual([]);
  });

  it('RT-4: makes a strict next hop the Request-URI and appends ours to Route', () => {
    const text = request({ uri: 'sip:bob@203.0.113.7', extra: ['Route: <sip:203.0.113.5>, <sip:203.0.113.6;lr>'] });
    const got = plane.forward(text, inside);
    expect(startLine(got)).toBe('INVITE sip:203.0.113.5 SIP/2.0');
    expect(headers(got, 'Route')).toEqual(['<sip:203.0.113.6;lr>', '<sip:bob@203.0.113.7>']);
    const single = plane.forward(request({ uri: 'sip:bob@203.0.113.7', extra: ['Route: <sip:203.0.113.5>'] }), inside);
    expect(headers(single, 'Route')).toEqual(['<sip:bob@203.0.113.7>']);
  });

  it("RT-5: sends a node's request to its first Route, else to its Request-URI", () => {
    expect(plane.decide(request({ uri: 'sip:bob@203.0.113.7' }), inside).target?.host).toBe('203.0.113.7');
    expect(
      plane.decide(request({ uri: 'sip:bob@203.0.113.7', extra: ['Route: <sip:203.0.113.5:5090;lr>'] }), inside).target
        ?.host,
    ).toBe('203.0.113.5');
    expect(
      plane.decide(request({ uri: 'sip:bob@203.0.113.7', extra: [`Route: ${ownRoute('internal')}`] }), inside).target
        ?.host,
    ).toBe('203.0.113.7');
  });

  it.each([
    ['INVITE', true],
    ['SUBSCRIBE', true],
    ['REFER', true],
    ['NOTIFY', true],
    ['NEWMETHOD', true],
    ['REGISTER', false],
    ['MESSAGE', false],
    ['OPTIONS', false],
    ['BYE', false],
    ['CANCEL', false],
  ])('RT-7: Record-Route on %s: %s', (method, expected) => {
    expect(headers(plane.forward(request({ method })), 'Record-Route').length > 0).toBe(expected);
    expect(headers(plane.forward(request({ method, to: '<sip:b@x>;tag=2' })), 'Record-Route').length > 0).toBe(
      expected,
    );
  });

  it('RT-8: a pair with lr, the downstream one on top, before those of others', () => {
    const got = plane.forward(request({ extra: ['Record-Route: <sip:other;lr>'] }));
    expect(headers(got, 'Record-Route')).toEqual([
      expect.stringMatching(/^<sip:10\.0\.0\.1:5065;transport=udp;lr;h=\w{19}>$/),
      expect.stringMatching(/^<sip:198\.51\.100\.1:5060;transport=udp;lr;h=\w{19}>$/),
      '<sip:other;lr>',
    ]);
    const out = plane.forward(request({ uri: 'sip:bob@203.0.113.7' }), inside);
    expect(headers(out, 'Record-Route')).toEqual([
      expect.stringMatching(/^<sip:198\.51\.100\.1:5060;transport=udp;lr;h=\w{19}>$/),
      expect.stringMatching(/^<sip:10\.0\.0\.1:5065;transport=udp;lr;h=\w{19}>$/),
    ]);
  });

  it("RT-8: names each leg's own transport", () => {
    const udpOnly = new DeciderFixture([nodeAt('udp', '10.0.0.13', {}, [Transport.UDP])]);
    const got = udpOnly.forward(request(), { transport: Transport.TCP });
    expect(headers(got, 'Record-Route').map((value) => /transport=(\w+)/.exec(value)?.[1])).toEqual(['udp', 'tcp']);
  });

  it('OC-8: from outside nothing goes anywhere but to pool members', () => {
    for (const extra of [[], ['Route: <sip:203.0.113.9;lr>']]) {
      const decision = plane.decide(request({ uri: 'sip:victim@203.0.113.9', extra }));
      expect(['10.0.0.11', '10.0.0.12']).toContain(decision.target?.host);
    }
  });

  it("sends a node's request to our own address to a node, not in circles", () => {
    const decision = plane.decide(request({ uri: 'sip:1001@198.51.100.1:5060' }), inside);
    expect(decision.towardNode).toBe(true);
    expect(startLine(plane.forward(request({ uri: 'sip:1001@198.51.100.1:5060' }), inside))).toMatch(
      /sip:1001@10\.0\.0\.1[12]:5060/,
    );
  });

  it.each([
    ['VIA-10: broadcast', 'sip:x@255.255.255.255'],
    ['VIA-10: multicast', 'sip:x@224.0.1.75'],
    ['VIA-10: the unspecified address', 'sip:x@0.0.0.0'],
    ['a tel URI without Route', 'tel:+123'],
    ['sips without a TLS listener', 'sips:x@203.0.113.1'],
  ])("refuses to send a node's request to %s", (_, uri) => {
    expect(plane.decide(request({ uri }), inside).action).toBe(Action.REJECT);
  });
});

describe('origin headers', () => {
  const plane = new DeciderFixture([app1]);
  const forged = ['X-Sip-Balancer-InitialRemoteAddr: 6.6.6.6', 'x-sip-balancer-initialremoteport: 6'];

  it.each([
    ['REGISTER', '', true],
    ['INVITE', 'v=0', true],
    ['MESSAGE', 'hi', true],
    ['OPTIONS', '', false],
  ])('guides 1.9: on %s with body %j: %s', (method, body, expected) => {
    const got = plane.forward(request({ method, body, extra: forged }), { host: '192.0.2.77', port: 4444 });
    expect(headers(got, 'X-Sip-Balancer-InitialRemoteAddr')).toEqual(expected ? ['192.0.2.77'] : []);
    expect(headers(got, 'X-Sip-Balancer-InitialRemotePort')).toEqual(expected ? ['4444'] : []);
    expect(headers(got, 'x-sip-balancer-initialremoteport')).toHaveLength(expected ? 1 : 0);
  });

  it('OC-7: copies do not leave the cluster either', () => {
    const got = plane.forward(request({ uri: 'sip:b@203.0.113.7', body: 'x', extra: forged }), inside);
    expect(got).not.toMatch(/X-Sip-Balancer/i);
  });
});
