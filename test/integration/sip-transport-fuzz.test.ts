import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { TestCa } from '../support/certificates';
import { describeWith } from '../support/peer';
import { randomBytes, seededRandom } from '../support/seeded-random';
import { request, startLine } from '../support/sip-messages';
import { UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { until } from '../support/until';
import { WsAgent } from '../support/ws-agent';

const ROUNDS = 200;
const VIA = 'WS df7jal23ls0d.invalid;branch=z9hG4bKws1';

describeWith('openssl', 'rubbish at the ports for TLS and WebSocket', () => {
  const random = seededRandom(7118);
  let ca: TestCa;
  let fixture: SipPlaneFixture;
  let node: UdpAgent;

  beforeAll(async () => {
    ca = new TestCa();
    node = await UdpAgent.start();
    const ports = { host: '127.0.0.1', udpPort: 0, tcpPort: null, tlsPort: 0, wsPort: 0, wssPort: 0 };
    fixture = await startPlane([sipNode('app1', { udp: node.port })], {
      config: {
        external: { ...ports, tls: ca.issue('plane') },
        internal: { host: '127.0.0.1', udpPort: 0, tcpPort: null },
      },
    });
  });

  afterAll(async () => {
    await fixture.close();
    node.close();
    ca.close();
  });

  it.each(['tls', 'ws', 'wss'])('raw bytes at the %s port harm nobody', async (name) => {
    const port = fixture.port(`external.${name}`);
    for (let round = 0; round < ROUNDS; round += 1) {
      const socket = connect({ host: '127.0.0.1', port });
      const closed = new Promise<void>((resolve) => {
        socket.on('close', () => resolve());
      });
      socket.on('error', () => {});
      socket.resume();
      // One connection after the other: their number is not what is tested.
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => {
        socket.write(randomBytes(random, 1 + Math.floor(random() * 600)), () => resolve());
      });
      socket.end();
      // oxlint-disable-next-line no-await-in-loop
      await closed;
    }
    expect(fixture.gauge(`sip.connections.external.${name}`)).toBe(0);
  });

  it('messages with changed bytes are answered, dropped or cut, and the next client is served', async () => {
    const url = `ws://${fixture.address('external.ws')}/`;
    let socket: WebSocket | undefined;
    for (let round = 0; round < ROUNDS * 5; round += 1) {
      if (socket?.readyState !== WebSocket.OPEN) {
        // oxlint-disable-next-line no-await-in-loop
        socket = (await WsAgent.connect(url)).socket;
      }
      const bytes = Buffer.from(request({ via: VIA, callId: `c${round}`, body: 'v=0' }));
      const changes = 1 + Math.floor(random() * 4);
      for (let i = 0; i < changes; i += 1) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      socket.send(bytes, { binary: true });
    }
    socket?.terminate();
    const client = await WsAgent.connect(url);
    client.send(request({ method: 'OPTIONS', uri: `sip:${fixture.address('external.ws')}`, via: VIA }));
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    client.close();
    await until('all connections are gone', () => fixture.gauge('sip.connections') === 0);
  });
});
