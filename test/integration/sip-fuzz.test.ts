import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { request, startLine } from '../support/sip-messages';
import { UdpAgent, sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';
import { randomBytes, seededRandom } from '../support/seeded-random';
import { until } from '../support/until';

const COUNT = 10_000;
const SEED = 20_261_121;

/** Bytes of chance, or a request with some bytes of chance in it. */
function hostile(random: () => number): Buffer {
  if (random() < 0.3) return randomBytes(random, Math.floor(random() * 600));
  const bytes = Buffer.from(
    request({ body: 'v=0\r\n', extra: ['Route: <sip:127.0.0.1;lr>', 'Via: SIP/2.0/UDP a'] }),
    'latin1',
  );
  for (let i = 0; i < 1 + random() * 5; i += 1) {
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  }
  return bytes.subarray(0, random() < 0.8 ? bytes.length : Math.floor(random() * bytes.length));
}

describe('hostile input', () => {
  let fixture: SipPlaneFixture;
  let node: UdpAgent;

  beforeEach(async () => {
    node = await UdpAgent.start();
    fixture = await startPlane([sipNode('app1', { udp: node.port })]);
  });

  afterEach(async () => {
    node.close();
    await fixture.close();
  });

  /** All that was counted about messages that came. */
  const handled = (): number => {
    const counters = [...fixture.core.counters.snapshotCounters()];
    return counters
      .filter(([name]) => /^sip\.((ex|in)ternal\.(requests|responses)\.|drops\.(keepalive|unreadable))/.test(name))
      .reduce((sum, [, value]) => sum + value, 0);
  };

  async function stillServes(): Promise<void> {
    const client = await UdpAgent.start();
    client.send(
      request({ method: 'OPTIONS', uri: `sip:${fixture.address('external.udp')}` }),
      fixture.port('external.udp'),
    );
    expect(startLine(await client.next())).toBe('SIP/2.0 200 OK');
    client.close();
  }

  it.each(['external.udp', 'internal.udp'])(
    `${COUNT} hostile datagrams to %s harm nothing and are counted`,
    async (name) => {
      const random = seededRandom(SEED);
      const socket = createSocket('udp4');
      let sent = 0;
      while (sent < COUNT) {
        const before = handled();
        const burst = Math.min(50, COUNT - sent);
        for (let i = 0; i < burst; i += 1) socket.send(hostile(random), fixture.port(name), '127.0.0.1');
        sent += burst;
        await until('the burst was counted', () => handled() >= before + burst);
      }
      expect(handled()).toBeGreaterThanOrEqual(COUNT);
      socket.close();
      await stillServes();
    },
    60_000,
  );

  it.each(['external.tcp', 'internal.tcp'])(
    'hostile bytes to %s end at most their own connection',
    async (name) => {
      const random = seededRandom(SEED);
      for (let i = 0; i < 300; i += 1) {
        const socket = connect({ host: '127.0.0.1', port: fixture.port(name) });
        socket.on('error', () => {});
        socket.resume();
        await new Promise<void>((resolve) => {
          socket.once('connect', resolve);
        });
        for (let j = 0; j < 4; j += 1) socket.write(hostile(random));
        await new Promise<void>((resolve) => {
          socket.end(resolve);
        });
        socket.destroy();
      }
      await stillServes();
      await until(
        'all connections went',
        () => (fixture.core.counters.snapshotGauges().get('sip.connections') ?? 0) <= 2,
      );
    },
    60_000,
  );
});
