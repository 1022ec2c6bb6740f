import { Protocol, Transport } from '../../../../proto';
import { AddressRanges } from '../../../../sip-plane/transport';
import { DeciderFixture, legsKnownAs } from '../../../support/sip-decider';
import { testNode } from '../../../support/fake-core';
import { header, headers, request, responseTo, startLine } from '../../../support/sip-messages';

const app1 = testNode('app1', [{ protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.11', port: 5060 }]);
const inside = { leg: 'internal', host: '10.0.0.11', port: 5060 } as const;
const outer = { host: '203.0.113.5', port: 5080, inVia: false };
const inner = { host: '10.0.0.200', port: 5085, inVia: false };
const outgoing = { uri: 'sip:carol@192.0.2.9:5060', via: 'UDP 10.0.0.11:5060;branch=z9hG4bKnode1' };

/** Host and port of each Record-Route. */
const recorded = (message: string): string[] =>
  headers(message, 'Record-Route').map((value) => /<sips?:(?:[^@;>]*@)?([^;>]+)/.exec(value)?.[1] ?? '');

describe('an address of an IP load balancer', () => {
  it('stands in the Record-Route of its leg, and in Via only when that is wanted', () => {
    const plane = new DeciderFixture([app1], { listeners: legsKnownAs(outer, inner) });
    const forwarded = plane.forward(request());
    expect(recorded(forwarded)).toEqual(['10.0.0.200:5085', '203.0.113.5:5080']);
    expect(header(forwarded, 'Via')).toMatch(/^SIP\/2\.0\/UDP 10\.0\.0\.1:5065;/);
    const both = new DeciderFixture([app1], { listeners: legsKnownAs(outer, { ...inner, inVia: true }) });
    expect(header(both.forward(request()), 'Via')).toMatch(/^SIP\/2\.0\/UDP 10\.0\.0\.200:5085;/);
  });

  it('means us in Route, in Request-URI and in the Via of responses', () => {
    const plane = new DeciderFixture([app1], { listeners: legsKnownAs(outer, { ...inner, inVia: true }) });
    const forwarded = plane.forward(request({ uri: 'sip:bob@203.0.113.5:5080' }));
    expect(startLine(forwarded)).toBe('INVITE sip:bob@10.0.0.11:5060 SIP/2.0');
    expect(plane.respond(responseTo(forwarded, '200 OK'))).toBe(0);
    const routes = headers(forwarded, 'Record-Route').toReversed();
    const bye = request({ method: 'BYE', to: '<sip:b@x>;tag=1', extra: routes.map((value) => `Route: ${value}`) });
    expect(headers(plane.forward(bye), 'Route')).toEqual([]);
    expect(plane.nodeOf(bye)).toBe('app1');
  });

  it('more addresses are known as ours, and never named', () => {
    const listeners = legsKnownAs(outer, undefined);
    const aliases = listeners.slice(0, 1).map((listener) => ({ host: '203.0.113.6', port: 5080, listener }));
    const plane = new DeciderFixture([app1], { listeners, aliases });
    const forwarded = plane.forward(request({ extra: ['Route: <sip:203.0.113.6:5080;lr>'] }));
    expect(headers(forwarded, 'Route')).toEqual([]);
    expect(forwarded).not.toContain('203.0.113.6');
  });

  it('is not told to peers in the ranges of the operator, on either side', () => {
    const parts = { direct: new AddressRanges(['192.0.2.0/24']) };
    const plane = new DeciderFixture([app1], { listeners: legsKnownAs(outer, inner), parts });
    expect(recorded(plane.forward(request()))).toEqual(['10.0.0.200:5085', '198.51.100.1:5060']);
    const far = { host: '198.18.0.1', port: 5060 };
    expect(recorded(plane.forward(request({ callId: 'far' }), far))[1]).toBe('203.0.113.5:5080');
    expect(recorded(plane.forward(request(outgoing), inside))).toEqual(['198.51.100.1:5060', '10.0.0.200:5085']);
  });
});

describe('the public address', () => {
  const plane = new DeciderFixture([app1], { listeners: legsKnownAs(outer, undefined), patchesContact: true });
  const contact = 'Contact: "App" <sip:ivr;x=1@10.0.0.11:5060;ob;transport=udp>;+g.3gpp="a,b";expires=60';

  it("takes the place of a node's host in Contact and leaves user part and parameters alone", () => {
    const forwarded = plane.forward(request({ ...outgoing, extra: [contact] }), inside);
    expect(forwarded).toContain(`\r\n${contact.replace('10.0.0.11:5060', '203.0.113.5:5080')}\r\n`);
  });

  it('does so in responses of nodes, for every contact that is a node, and not for those of clients', () => {
    const forwarded = plane.forward(request({ method: 'REGISTER' }));
    const answer = responseTo(forwarded, '200 OK').replace(
      'Content-Length',
      'm: <sip:alice@192.0.2.77:5062>, <sip:10.0.0.11>\r\nContent-Length',
    );
    expect(plane.respond(answer)).toBe(0);
    expect(plane.response()).toContain('m: <sip:alice@192.0.2.77:5062>, <sip:203.0.113.5:5080>\r\n');
  });

  it('leaves the Contact of clients and the star alone', () => {
    const client = 'Contact: <sip:alice@10.0.0.11:5060>';
    expect(plane.forward(request({ extra: [client] }))).toContain(client);
    expect(plane.forward(request({ ...outgoing, extra: ['Contact: *'] }), inside)).toContain('Contact: *');
  });

  it('brings later requests of the call back to the node', () => {
    const back = request({ method: 'BYE', uri: 'sip:ivr@203.0.113.5:5080', to: '<sip:b@x>;tag=1' });
    expect(startLine(plane.forward(back))).toBe('BYE sip:ivr@10.0.0.11:5060 SIP/2.0');
  });
});

describe('host names that mean us', () => {
  const plane = new DeciderFixture([app1], { hostNames: ['sip.example.com', '*.cluster.example'] });

  it.each([
    ['sip.example.com', true],
    ['SIP.Example.com:5070', true],
    ['x.sip.example.com', false],
    ['a.b.cluster.example', true],
    ['cluster.example', false],
    ['xcluster.example', false],
  ])('Route of %s goes: %s', (name, goes) => {
    const forwarded = plane.forward(request({ extra: [`Route: <sip:${name};lr>, <sip:192.0.2.50;lr>`] }));
    const left = headers(forwarded, 'Route').join();
    expect(left.includes(name)).toBe(!goes);
    expect(left).toContain('<sip:192.0.2.50;lr>');
  });
});
