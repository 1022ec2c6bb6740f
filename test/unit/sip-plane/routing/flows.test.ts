import { ClusterSettings, Transport, type HintKey } from '../../../../proto';
import { LiveRegistry, NodeTable } from '../../../../data-plane';
import { Protocol } from '../../../../proto';
import { KeyRing } from '../../../../sip-plane/affinity';
import { Reject } from '../../../../sip-plane/message';
import { Action } from '../../../../sip-plane/routing';
import { FlowTokens } from '../../../../sip-plane/routing/flow-tokens';
import { Listener, Peer, type Connection } from '../../../../sip-plane/transport';
import { app1, clientVia, inside, nodeAt } from '../../../support/decider-nodes';
import { DeciderFixture, legsKnownAs } from '../../../support/sip-decider';
import { headers, request } from '../../../support/sip-messages';

const clientTcp = new Listener(1, 'external', Transport.TCP, '198.51.100.1', 5060);

function connectionOf(id: number, host = '192.0.2.1', port = 40_000): Connection {
  return { id, listener: clientTcp, peer: new Peer(host, port) } as Connection;
}

const open = new Map<number, Connection>();
const fixture = (): DeciderFixture =>
  new DeciderFixture([app1], { parts: { connections: { byId: (id) => open.get(id) } } });

const registering = (extra: readonly string[], parts: Parameters<typeof request>[0] = {}): string =>
  request({ method: 'REGISTER', uri: 'sip:example.com', extra, ...parts });

/** Another last character: the code no longer fits. */
const forged = (value: string): string => value.replace(/.@/, (end) => (end === 'a@' ? 'b@' : 'a@'));

const outwards = (routes: readonly string[], extra: readonly string[] = []): string =>
  request({
    uri: 'sip:alice@df7jal23ls0d.invalid;transport=ws',
    via: 'UDP 10.0.0.11:5060;branch=z9hG4bKn',
    extra: [...routes.map((value) => `Route: ${value}`), ...extra],
  });

describe('flows of connections', () => {
  const one = connectionOf(7);
  const two = connectionOf(8, '192.0.2.2');
  const tcp = { transport: Transport.TCP, host: '192.0.2.1', port: 40_000, connection: one } as const;
  let plane: DeciderFixture;

  beforeEach(() => {
    open.clear();
    open.set(7, one).set(8, two);
    plane = fixture();
  });

  const path = (extra: readonly string[]): string | undefined =>
    headers(plane.forward(registering(extra), tcp), 'Path')[0];
  const pathHere = (): string => path(['Supported: path, outbound']) ?? '';

  it('OB-1: tokens are equal for one flow, differ between flows, and lead back', () => {
    const first = pathHere();
    expect(pathHere()).toBe(first);
    const other = headers(plane.forward(registering(['Supported: path']), { ...tcp, connection: two }), 'Path')[0];
    expect(other?.slice(0, 20)).not.toBe(first.slice(0, 20));
    plane.decide(outwards([first]), inside);
    expect(plane.requests.decision.connection).toBe(one);
    plane.decide(outwards([other ?? '']), inside);
    expect(plane.requests.decision.connection).toBe(two);
  });

  it('RT-11: Path has our URI, the flow in its user part, and ob when the client has outbound', () => {
    expect(pathHere()).toMatch(/^<sip:p\w{16}@10\.0\.0\.1:5065;transport=tcp;lr;ob>$/);
    expect(path(['Supported: path'])).toMatch(/^<sip:p\w{16}@10\.0\.0\.1:5065;transport=tcp;lr>$/);
    const behindAnother = registering(['Via: SIP/2.0/TCP 10.9.9.9;branch=z9hG4bKx', 'Supported: path, outbound']);
    expect(headers(plane.forward(behindAnother, tcp), 'Path')).toEqual([]);
  });

  it('RT-12: no Path for a client that does not say path, since strict registrars would refuse it', () => {
    expect(path([])).toBeUndefined();
    expect(path(['Supported: outbound'])).toBeUndefined();
  });

  it('OB-2: what a node sends by a flow goes out on it and on nothing else', () => {
    const decision = plane.decide(outwards([pathHere()]), inside);
    expect(decision.action).toBe(Action.FORWARD);
    expect(decision.connection).toBe(one);
    expect(decision.target).toBe(one.peer);
  });

  it('OB-2: what the client itself sends with its flow goes to a node, also after it connected anew', () => {
    const [, outer = ''] = headers(plane.forward(request(), tcp), 'Record-Route');
    const bye = request({ method: 'BYE', to: '<sip:b@x>;tag=1', extra: [`Route: ${outer}`] });
    expect(plane.decide(bye, tcp).node?.id).toBe('app1');
    open.delete(7);
    expect(plane.decide(bye, { ...tcp, connection: two }).node?.id).toBe('app1');
  });

  it('OB-3: a changed token is refused with 403, from inside and from outside', () => {
    expect(plane.decide(outwards([forged(pathHere())]), inside).reject).toBe(Reject.FORGED_FLOW);
    const [, outer = ''] = headers(plane.forward(request(), tcp), 'Record-Route');
    expect(outer).toMatch(/^<sip:f\w{16}@/);
    expect(plane.decide(outwards([forged(outer)]), inside).reject).toBe(Reject.FORGED_FLOW);
    const bye = request({ method: 'BYE', to: '<sip:b@x>;tag=1', extra: [`Route: ${forged(outer)}`] });
    expect(plane.decide(bye, tcp).reject).toBe(Reject.FORGED_FLOW);
  });

  it('OB-3: the id of another connection in a token of ours is a changed token', () => {
    const other =
      headers(plane.forward(registering(['Supported: path']), { ...tcp, connection: two }), 'Path')[0] ?? '';
    const mixed = pathHere().slice(0, 13) + other.slice(13);
    expect(plane.decide(outwards([mixed]), inside).reject).toBe(Reject.FORGED_FLOW);
  });

  it('OB-3, OB-6: a flow that is gone is 430, whatever binding names it', () => {
    const value = pathHere();
    open.delete(7);
    expect(plane.decide(outwards([value]), inside).reject).toBe(Reject.FLOW_FAILED);
    expect(plane.decide(outwards([value.replace(';ob', '')]), inside).reject).toBe(Reject.FLOW_FAILED);
  });

  it('OB-4: a call to a client by its Path puts the flow into our Record-Route, without ob', () => {
    const [outer, inner] = headers(plane.forward(outwards([pathHere()]), inside), 'Record-Route');
    expect(outer).toMatch(/^<sip:f\w{16}@198\.51\.100\.1:5060;transport=tcp;lr;h=/);
    expect(`${outer}${inner}`).not.toContain(';ob');
  });

  it('OB-5: a call of a client with ob in Contact does too', () => {
    const contact = 'Contact: <sip:alice@192.168.1.2;transport=tcp;ob>';
    const [inner, outer] = headers(
      plane.forward(request({ extra: ['Supported: outbound', contact] }), tcp),
      'Record-Route',
    );
    expect(outer).toMatch(/^<sip:f\w{16}@198\.51\.100\.1:5060;transport=tcp;lr;h=/);
    expect(`${outer}${inner}`).not.toContain(';ob');
  });

  it('OB-8: alias in Via gives no right to a connection', () => {
    const aliased = request({ via: 'TCP 192.0.2.1:5061;alias;branch=z9hG4bKalias', callId: 'aliased' });
    plane.forward(aliased, { ...tcp, connection: two });
    const decision = plane.decide(
      request({ uri: 'sip:alice@192.0.2.1:5061;transport=tcp', via: 'TCP 10.0.0.11;branch=z9hG4bKnn' }),
      { ...inside, transport: Transport.TCP },
    );
    expect(decision.connection).toBeUndefined();
    expect(decision.target?.port).toBe(5061);
  });
});

describe('flows of UDP clients behind a NAT', () => {
  const natted = { via: 'UDP 192.168.1.2:5060;rport;branch=z9hG4bKnat' };
  const from = { host: '203.0.113.7', port: 61_000 };
  const plane = fixture();

  it('OB-5, design 5.4: the calls of one that is elsewhere than its Via says carry its flow, and come back by it', () => {
    const [inner = '', outer = ''] = headers(plane.forward(request(natted), from), 'Record-Route');
    expect(outer).toMatch(/^<sip:u\w{21}@198\.51\.100\.1:5060;transport=udp;lr;h=/);
    const bye = request({
      method: 'BYE',
      uri: 'sip:alice@192.168.1.2:5060',
      via: 'UDP 10.0.0.11:5060;branch=z9hG4bKb',
      to: '<sip:alice@x>;tag=a1',
      extra: [`Route: ${inner}`, `Route: ${outer}`],
    });
    const decision = plane.decide(bye, inside);
    expect([decision.target?.host, decision.target?.port, decision.exit?.index]).toEqual(['203.0.113.7', 61_000, 0]);
    const wrong = plane.decide(bye.replace(outer, forged(outer)), inside);
    expect(wrong.reject).toBe(Reject.FORGED_FLOW);
  });

  it.each([
    ['the client is where its Via says', { via: clientVia('z9hG4bK1;rport') }, { host: '192.0.2.1', port: 5060 }],
    ['the client does not ask for symmetric answers', { via: 'UDP 192.168.1.2;branch=z9hG4bK2' }, from],
  ])('there is none where %s', (_, parts, sender) => {
    expect(headers(plane.forward(request(parts), sender), 'Record-Route')[1]).toMatch(/^<sip:198\.51\.100\.1:5060/);
  });

  it('OB-5: ob in Contact asks for one without a NAT too', () => {
    const asks = ['Supported: outbound', 'Contact: <sip:a@192.0.2.1;ob>'];
    const parts = { via: clientVia('z9hG4bK3;rport'), extra: asks };
    expect(headers(plane.forward(request(parts), { port: 5060 }), 'Record-Route')[1]).toMatch(/^<sip:u\w{21}@/);
    const only = { via: clientVia('z9hG4bK4;rport'), extra: ['Supported: outbound', 'Contact: <sip:a@192.0.2.1;obs>'] };
    expect(headers(plane.forward(request(only), { port: 5060 }), 'Record-Route')[1]).toMatch(/^<sip:198/);
  });

  it('RT-11: a registration over UDP gets a Path to its flow, by IPv6 as well', () => {
    const register = registering(['Supported: path, outbound'], natted);
    const path = headers(plane.forward(register, from), 'Path')[0] ?? '';
    expect(path).toMatch(/^<sip:q\w{21}@10\.0\.0\.1:5065;transport=udp;lr;ob>$/);
    expect(plane.decide(outwards([path]), inside).target?.host).toBe('203.0.113.7');
    const six = new FlowTokens(keyRing([key('a', 7)]));
    const token = six.ofPeer(new Peer('2001:db8::10', 5070), 3, true) ?? Buffer.alloc(0);
    expect(six.read(token, 0, token.length - 1)).toEqual({
      registered: true,
      connectionId: 0,
      host: '2001:db8::10',
      port: 5070,
      listenerIndex: 3,
    });
  });

  it('OB-4: a call to it by its Path carries the flow in Record-Route', () => {
    const path = headers(plane.forward(registering(['Supported: path'], natted), from), 'Path')[0] ?? '';
    const [outer] = headers(plane.forward(outwards([path]), inside), 'Record-Route');
    expect(outer).toMatch(/^<sip:u\w{21}@198\.51\.100\.1:5060;transport=udp;lr;h=/);
  });
});

const key = (keyId: string, fill: number): HintKey => ({ keyId, secret: Buffer.alloc(32, fill) });

function tableWith(hintKeys: readonly HintKey[]): NodeTable {
  const settings = ClusterSettings.create({ hintKeys: [...hintKeys] });
  return new NodeTable(
    { revision: undefined, nodes: new Map(), configs: new Map(), settings },
    Protocol.SIP,
    new LiveRegistry(),
  );
}

function keyRing(keys: readonly HintKey[]): KeyRing {
  const ring = new KeyRing();
  ring.use(tableWith(keys));
  return ring;
}

const read = (tokens: FlowTokens, text: Buffer): ReturnType<FlowTokens['read']> => tokens.read(text, 0, text.length);

describe('keys of flows', () => {
  const connection = connectionOf(77);
  const textOf = (tokens: FlowTokens): Buffer =>
    (tokens.ofConnection(connection, true) ?? Buffer.alloc(0)).subarray(0, -1);

  it('OB-1: tokens outlive a change of keys, new ones carry the new key, and instances understand each other', () => {
    const ring = keyRing([key('a', 1)]);
    const tokens = new FlowTokens(ring);
    const before = Buffer.from(textOf(tokens));
    ring.use(tableWith([key('b', 2), key('a', 1)]));
    const after = textOf(tokens);
    expect(after.equals(before)).toBe(false);
    ring.use(tableWith([key('c', 3), key('b', 2)]));
    for (const text of [before, after]) expect(read(tokens, text)).toMatchObject({ connectionId: 77 });
    expect(read(new FlowTokens(keyRing([key('b', 2)])), after)).toMatchObject({ connectionId: 77, registered: true });
  });

  it('OB-3: a token of a key that is not known any more names a flow that is gone, not a forged one', () => {
    const text = textOf(new FlowTokens(keyRing([key('a', 1)])));
    expect(read(new FlowTokens(keyRing([key('d', 4)])), text)).toMatchObject({ connectionId: -1, registered: true });
    expect(read(new FlowTokens(keyRing([key('a', 9)])), text)).toBe('forged');
  });

  it('there are none while the control plane gave no key', () => {
    expect(new FlowTokens(new KeyRing()).ofConnection(connection, false)).toBeUndefined();
  });

  it('other user parts are no tokens', () => {
    const tokens = new FlowTokens(keyRing([key('a', 1)]));
    for (const text of ['', 'f', 'alice', 'fabcdefg', 'x'.repeat(17), 'q'.repeat(17)])
      expect(read(tokens, Buffer.from(text))).toBe('none');
  });
});

it('OB-2: an instance that does not hold the flow passes the request on to the one that does, on the inside', () => {
  const holder = fixture();
  const path =
    headers(
      holder.forward(registering(['Supported: path, outbound']), {
        transport: Transport.TCP,
        connection: connectionOf(9),
      }),
      'Path',
    )[0] ?? '';
  const elsewhere = new DeciderFixture([nodeAt('app1', '10.0.0.11')], {
    listeners: legsKnownAs(undefined, undefined).map(
      ({ index, leg, transport, self }) =>
        new Listener(index, leg, transport, leg === 'internal' ? '10.0.0.2' : '198.51.100.2', self.port),
    ),
  });
  const decision = elsewhere.decide(outwards([path]), inside);
  expect(decision.target?.host).toBe('10.0.0.1');
  expect(decision.exit?.leg).toBe('internal');
});
