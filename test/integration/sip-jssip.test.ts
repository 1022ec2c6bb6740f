import { readFileSync } from 'node:fs';
import { TestCa, type TestCertificate } from '../support/certificates';
import { JsSipClient } from '../support/jssip-client';
import { describeWith } from '../support/peer';
import { sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { SipRegistrar } from '../support/sip-registrar';
import { valueOf } from '../support/sip-text';
import { until } from '../support/until';

const ALICE = 'sip:alice@example.com';

describeWith('openssl', 'JsSIP, as browsers run it', () => {
  let ca: TestCa;
  let own: TestCertificate;
  let registrar: SipRegistrar;
  let first: SipPlaneFixture;
  let second: SipPlaneFixture;
  let client: JsSipClient;

  const plane = (): Promise<SipPlaneFixture> => {
    const udp = { host: '127.0.0.1', udpPort: 0, tcpPort: null };
    const external = { ...udp, wsPort: 0, wssPort: 0, tls: own };
    return startPlane([sipNode('app1', { udp: registrar.port })], { config: { external, internal: udp } });
  };

  beforeAll(() => {
    ca = new TestCa();
    own = ca.issue('plane');
  });

  afterAll(() => ca.close());

  beforeEach(async () => {
    registrar = await SipRegistrar.start();
    first = await plane();
    second = await plane();
  });

  afterEach(async () => {
    await client.close();
    await first.close();
    await second.close();
    registrar.close();
  });

  const register = async (scheme: 'ws' | 'wss'): Promise<void> => {
    const url = `${scheme}://${first.address(`external.${scheme}`)}/`;
    client = await JsSipClient.register(url, ALICE, { ca: readFileSync(ca.caFile) });
  };

  it.each(['ws', 'wss'] as const)('registers over %s with a Path that leads to its connection', async (scheme) => {
    await register(scheme);
    const [path] = registrar.bindings.get(ALICE)?.path ?? [];
    expect(path).toMatch(/^<sip:p[a-z2-7]{16}@127\.0\.0\.1:\d+;transport=udp;lr;ob>$/);
    expect(path).toContain(first.address('internal.udp'));
    expect(registrar.bindings.get(ALICE)?.contact).toMatch(/^sip:[a-z0-9]+@[a-z0-9]+\.invalid;transport=ws/);
  });

  it('sends a message to a node, and gets one from it', async () => {
    await register('wss');
    client.sendMessage('sip:service@example.com', 'to the node');
    await until('it came', () => registrar.requests.some(({ body }) => body === 'to the node'));
    expect(await registrar.send('MESSAGE', ALICE, first.address('internal.udp'), 'to the browser')).toBe(200);
    expect(client.messages).toEqual(['to the browser']);
  });

  it('a call of a node reaches it through another instance than the one that holds its connection', async () => {
    await register('wss');
    // JsSIP has no media here, and says so.
    expect(await registrar.send('INVITE', ALICE, second.address('internal.udp'))).toBe(488);
    expect(await registrar.send('MESSAGE', ALICE, second.address('internal.udp'), 'round the corner')).toBe(200);
    expect(client.messages).toEqual(['round the corner']);
    expect(first.counter('sip.internal.requests.INVITE')).toBe(1);
  });

  it('WS-7, OB-3: its connection closed: 430, through either instance', async () => {
    await register('ws');
    client.cut();
    await until('the plane noticed', () => first.gauge('sip.connections') === 0);
    expect(await registrar.send('MESSAGE', ALICE, first.address('internal.udp'))).toBe(430);
    expect(await registrar.send('MESSAGE', ALICE, second.address('internal.udp'))).toBe(430);
  });

  it('its Via is WSS and .invalid all the way, and where it comes from is told in our own headers', async () => {
    await register('wss');
    const request = registrar.requests[0];
    expect(request).toBeDefined();
    if (request === undefined) return;
    const vias = request.headers.filter(([name]) => name === 'Via').map(([, value]) => value);
    expect(vias[1]).toMatch(/^SIP\/2\.0\/WSS [a-z0-9]+\.invalid;branch=z9hG4bK\d+$/);
    expect(valueOf(request, 'X-Sip-Balancer-InitialRemoteAddr')).toBe('127.0.0.1');
  });
});
