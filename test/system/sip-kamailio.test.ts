import { Kamailio, describeWithKamailio } from '../support/kamailio';
import { Cluster } from '../support/processes';
import { header, request, responseTo, startLine } from '../support/sip-messages';
import { UdpAgent } from '../support/sip-plane-fixture';
import { WsAgent } from '../support/ws-agent';

const CONTACT =
  'Contact: <sip:alice@df7jal23ls0d.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-00000000abcd>"';
const ALICE = 'sip:alice@example.com';

describeWithKamailio('Kamailio as registrar behind the plane', () => {
  let kamailio: Kamailio;
  let cluster: Cluster;
  let browser: WsAgent;
  let caller: UdpAgent;

  beforeAll(async () => {
    kamailio = await Kamailio.start();
    cluster = await new Cluster({ set: ['sip.external.wsPort=0'] }).start();
    await cluster.startNode('kamailio', '--sip-udp', `${kamailio.port}`);
    caller = await UdpAgent.start();
  }, 60_000);

  afterAll(async () => {
    caller.close();
    await cluster.close();
    await kamailio.close();
  });

  beforeEach(async () => {
    browser = await WsAgent.connect(`ws://${cluster.sip.addresses['external.ws']}/`);
  });

  afterEach(() => browser.close());

  const register = async (cseq: number, extra: readonly string[]): Promise<string> => {
    const parts = { method: 'REGISTER', uri: 'sip:example.com', from: `<${ALICE}>;tag=r${cseq}`, to: `<${ALICE}>` };
    const via = `WS df7jal23ls0d.invalid;branch=z9hG4bKr${cseq}`;
    const callId = `register-${cseq}`;
    browser.send(request({ ...parts, via, callId, cseq: `${cseq} REGISTER`, extra: [CONTACT, ...extra] }));
    return browser.next('the answer to REGISTER came');
  };
  const outbound = 'Supported: path, outbound';
  const message = (serial: number): void => {
    const via = `UDP 127.0.0.1:${caller.port};branch=z9hG4bKm${serial};rport`;
    const parts = { method: 'MESSAGE', uri: ALICE, to: `<${ALICE}>`, callId: `m${serial}`, body: 'hello' };
    caller.send(request({ ...parts, via }), Number(cluster.sip.addresses['external.udp']?.split(':').at(-1)));
  };

  it('A19: takes our Path with its flow, and reaches the browser by it until the flow is gone: 430', async () => {
    const registered = await register(1, [outbound]);
    expect(startLine(registered)).toBe('SIP/2.0 200 OK');
    expect(header(registered, 'Path')).toMatch(/^<sip:p\w{16}@127\.0\.0\.1:\d+;transport=udp;lr;ob>$/);
    expect(header(registered, 'Require')).toBe('outbound');

    message(1);
    const came = await browser.next('the message came');
    expect(startLine(came)).toMatch(/^MESSAGE sip:alice@df7jal23ls0d\.invalid/);
    browser.send(responseTo(came, '200 OK'));
    expect(startLine(await caller.next())).toBe('SIP/2.0 200 OK');

    browser.close();
    message(2);
    expect(startLine(await caller.next())).toBe('SIP/2.0 430 Flow Failed');
  });

  it('OB-7: refuses a client with outbound that does not come straight to us, because our Path says no ob: 439', async () => {
    const behindAnother = 'Via: SIP/2.0/UDP 192.168.9.9;branch=z9hG4bKbehind';
    expect(startLine(await register(2, [behindAnother, outbound]))).toMatch(/^SIP\/2\.0 439 /);
  });

  it('RT-12: a client without path registers without one', async () => {
    const answer = await register(3, []);
    expect(startLine(answer)).toBe('SIP/2.0 200 OK');
    expect(header(answer, 'Path')).toBe('');
  });
});
