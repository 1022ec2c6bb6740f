import { Protocol, Transport } from '../../../../proto';
import { Reject } from '../../../../sip-plane/message';
import { Action, BlockList, Drop, NodeExits, RestcommHint } from '../../../../sip-plane/routing';
import { Listener, PeerTable } from '../../../../sip-plane/transport';
import { testNode } from '../../../support/fake-core';
import { DeciderFixture } from '../../../support/sip-decider';
import { headers, request } from '../../../support/sip-messages';

const app1 = testNode(
  'app1',
  [
    { protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.11', port: 5060 },
    { protocol: Protocol.SIP, transport: Transport.TCP, host: '10.0.0.11', port: 5070 },
  ],
  { softwareVersion: '7' },
);
const inside = { leg: 'internal', host: '10.0.0.11', port: 5060 } as const;

describe('blocked values', () => {
  const blocked = new BlockList(['sipvicious', 'sipcli', 'friendly-scanner']);
  const plane = new DeciderFixture([app1], { parts: { blocked } });

  it.each([
    ['User-Agent', request({ extra: ['User-Agent: the Friendly-Scanner 1.0'] })],
    ['From', request({ from: '"sipvicious" <sip:100@1.1.1.1>;tag=1' })],
    ['To', request({ to: '<sip:SIPCLI@example.com>' })],
    ['a dialog that is none', request({ method: 'BYE', to: '<sip:x@y>;tag=1', extra: ['User-Agent: sipcli/1.8'] })],
    ['a request that names a live node', request({ uri: 'sip:1@10.0.0.11', extra: ['User-Agent: sipcli'] })],
  ])('a scanner in %s gets no answer', (_, text) => {
    const decision = plane.decide(text);
    expect([decision.action, decision.drop]).toEqual([Action.DROP, Drop.BLOCKED]);
  });

  it('403 when that is wanted', () => {
    const open = new DeciderFixture([app1], { parts: { blocked, forbidsBlocked: true } });
    expect(open.decide(request({ extra: ['User-Agent: sipcli'] })).reject).toBe(Reject.BLOCKED);
  });

  it.each([
    ['another agent', request({ extra: ['User-Agent: sipc li, sipvicio'] }), {}],
    ['another header', request({ extra: ['Subject: sipvicious'] }), {}],
    ['a request of a node', request({ uri: 'sip:a@192.0.2.5', extra: ['User-Agent: sipcli'] }), inside],
  ])('%s passes', (_, text, from) => {
    expect(plane.decide(text, from).action).toBe(Action.FORWARD);
  });
});

describe('extra servers, with a single leg', () => {
  const listeners = [new Listener(0, 'external', Transport.UDP, '198.51.100.1', 5060)];
  const from = { host: '10.0.0.99', port: 5060 };
  const outgoing = request({ uri: 'sip:carol@192.0.2.9:5060', via: 'UDP 10.0.0.99:5060;branch=z9hG4bKextra' });

  it('their requests go where they say, those of strangers go to nodes', () => {
    const extraServers = new Set([new PeerTable().ofText('10.0.0.99', 5060).key]);
    const plane = new DeciderFixture([app1], { listeners, parts: { extraServers } });
    expect(plane.decide(outgoing, from).target?.host).toBe('192.0.2.9');
    expect(plane.decide(outgoing, { ...from, port: 5061 }).target?.host).toBe('10.0.0.11');
    expect(new DeciderFixture([app1], { listeners }).decide(outgoing, from).target?.host).toBe('10.0.0.11');
  });
});

function withHint(): DeciderFixture {
  const base = new DeciderFixture([app1]);
  const exits = new NodeExits(base.peers, base.own);
  exits.use(base.core.table);
  return new DeciderFixture([app1], { parts: { legacyHint: new RestcommHint(exits) } });
}

describe('node_host and node_port in Record-Route', () => {
  it('names the node at its endpoint of the inner transport, beside our own hint', () => {
    const records = headers(withHint().forward(request()), 'Record-Route');
    expect(records).toHaveLength(2);
    for (const record of records) expect(record).toMatch(/;h=\w+;node_host=10\.0\.0\.11;node_port=5060;version=7>$/);
    const overTcp = withHint().forward(request({ via: 'TCP 192.0.2.1:5060;branch=z9hG4bKt' }), {
      transport: Transport.TCP,
    });
    expect(headers(overTcp, 'Record-Route')[0]).toContain(';node_port=5070;');
  });

  it('names the node that a request comes from', () => {
    const text = request({ uri: 'sip:carol@192.0.2.9:5060', via: 'UDP 10.0.0.11:5060;branch=z9hG4bKn' });
    expect(headers(withHint().forward(text, inside), 'Record-Route').join()).toContain(
      ';node_host=10.0.0.11;node_port=5060;',
    );
  });

  it('is not there when nobody asked for it', () => {
    expect(new DeciderFixture([app1]).forward(request())).not.toContain('node_host');
  });
});
