import { readFileSync } from 'node:fs';
import path from 'node:path';
import { configSchema, convertPredecessor, type Conversion } from '../../../../../runtime/config';

function convert(name: string): Conversion {
  const file = path.resolve(__dirname, '../../../../fixtures/predecessor', name);
  return convertPredecessor(readFileSync(file, 'utf8'), file);
}

const keysLeft = ({ leftOvers }: Conversion): string[] => leftOvers.map(({ key }) => key);

const SMPP_OF_BOTH = {
  responseTimeoutMs: 10_000,
  bindTimeoutMs: 1000,
  enquireLinkMs: 50_000,
  enquireLinkTimeoutMs: 1000,
  reconnectMs: 1000,
};

test('the complete sample of the newer guide', () => {
  const conversion = convert('newer-guide.properties');
  expect(conversion.tree).toEqual({
    sip: {
      external: { host: '127.0.0.1', udpPort: 5060, tcpPort: null },
      internal: { host: '127.0.0.1', udpPort: 5065, tcpPort: null },
    },
    http: { listen: { host: '127.0.0.1', port: 2080 } },
    smpp: { listen: { host: '127.0.0.1', port: 2776 }, ...SMPP_OF_BOTH },
    control: { lease: { ttlMs: 8400 }, http: { port: 2006 } },
  });
  expect(() => configSchema.parse(conversion.tree)).not.toThrow();
});

test('the complete sample of the older guide', () => {
  const conversion = convert('older-guide.properties');
  expect(conversion.tree).toMatchObject({
    sip: {
      external: { host: '192.168.1.70', udpPort: 5060, tcpPort: null },
      internal: { host: '192.168.1.70', udpPort: 5065, tcpPort: null },
    },
    http: { listen: { host: '192.168.1.70', port: 2080 } },
    smpp: {
      listen: { host: '127.0.0.1', port: 2776 },
      remoteServers: ['127.0.0.1:10021', '127.0.0.1:10022', '127.0.0.1:10023'],
      ...SMPP_OF_BOTH,
    },
    control: { lease: { ttlMs: 8400 }, http: { port: 2006 } },
  });
  expect(() => configSchema.parse(conversion.tree)).not.toThrow();
  expect(conversion.leftOvers).toContainEqual({
    key: 'algorithmClass',
    value: 'org.mobicents.tools.telestaxproxy.TelestaxProxyAlgorithm',
    reason: 'this algorithm is not in this version; call-id-affinity is used',
  });
});

test('the later XML', () => {
  const conversion = convert('configuration.xml');
  expect(conversion.tree).toMatchObject({
    sip: {
      affinityKey: 'To',
      blockedValues: ['sipvicious', 'sipcli'],
      external: { host: '192.0.2.10', udpPort: 5060, tcpPort: 5060 },
      internal: { host: '10.0.0.10', udpPort: 5065, tcpPort: null },
    },
    http: { listen: { host: '127.0.0.1', port: 80 }, affinityKey: 'room', unavailableHost: 'status.example.com' },
    smpp: { mode: 'session', listen: { port: 2776 }, remoteServers: ['10.0.0.31:2775', '10.0.0.32:2775'] },
    control: {
      lease: { ttlMs: 5100, intervalMs: 1700 },
      nodes: [{ id: 'extra1', address: '10.0.0.7', sipUdp: 5080 }],
      http: { port: 2006 },
      jsonHeartbeat: { host: '127.0.0.1', port: 2610 },
      routing: { sip: { algorithm: 'header-hash' } },
    },
  });
  expect(() => configSchema.parse(conversion.tree)).not.toThrow();
  expect(JSON.stringify(conversion)).not.toContain('geheim');
  for (const key of ['securityRequired', 'urlrewrite']) {
    expect(keysLeft(conversion)).toContain(key);
  }
});

test.each(['newer-guide.properties', 'older-guide.properties', 'configuration.xml'])(
  'every key of %s that is left out has a reason of its own',
  (name) => {
    const { leftOvers } = convert(name);
    expect(leftOvers.length).toBeGreaterThan(0);
    const unknown = leftOvers.filter(({ reason }) => reason.startsWith('not a key of the predecessor'));
    expect(unknown.map(({ key }) => key)).toEqual([]);
  },
);
