import { AlgorithmCatalog } from '../../../../../data-plane';
import { RoutingConfig } from '../../../../../proto';
import { configSchema, convertPredecessor, describeKeys, type Conversion } from '../../../../../runtime/config';
import { ALGORITHMS } from '../../../../../runtime/config/predecessor/convert-algorithm';
import { RULES } from '../../../../../runtime/config/predecessor/rules';

const convert = (text: string): Conversion => convertPredecessor(text, 'lb.properties');
const reasonsOf = ({ leftOvers }: Conversion): Record<string, string> =>
  Object.fromEntries(leftOvers.map(({ key, reason }) => [key, reason]));

test('the newer guide: one port per leg and transport; what is not named does not listen', () => {
  const { tree } = convert('host=127.0.0.1\nexternalUdpPort=5060\ninternalUdpPort=5065\ninternalTcpPort=5066\n');
  expect(configSchema.parse(tree).sip).toMatchObject({
    external: { host: '127.0.0.1', udpPort: 5060, tcpPort: null },
    internal: { host: '127.0.0.1', udpPort: 5065, tcpPort: 5066 },
  });
});

test('the older guide: one port per leg, and a transport beside it', () => {
  const { tree } = convert('externalPort=5060\nexternalTransport=TCP\ninternalPort=5065\n');
  expect(configSchema.parse(tree).sip).toMatchObject({
    external: { udpPort: null, tcpPort: 5060 },
    internal: { udpPort: 5065, tcpPort: null },
  });
});

test('a leg with a host of its own does not take the common one', () => {
  const { tree } = convert('externalHost=192.0.2.1\nhost=127.0.0.1\ninternalHost=10.0.0.1\n');
  expect(configSchema.parse(tree)).toMatchObject({
    sip: { external: { host: '192.0.2.1' }, internal: { host: '10.0.0.1' } },
    http: { listen: { host: '127.0.0.1' } },
  });
});

test('a lease shorter than three default intervals gets a shorter interval', () => {
  expect(configSchema.parse(convert('nodeTimeout=5100').tree).control.lease).toMatchObject({
    ttlMs: 5100,
    intervalMs: 1700,
  });
  expect(configSchema.parse(convert('nodeTimeout=8400').tree).control.lease).toMatchObject({
    ttlMs: 8400,
    intervalMs: 2000,
  });
});

test('the idle time of Call-ID affinity becomes a parameter, but not of another algorithm', () => {
  const text = 'callIdAffinityMaxTimeInCache=180\n';
  expect(configSchema.parse(convert(text).tree).control.routing.sip).toEqual({
    algorithm: 'call-id-affinity',
    parameters: { callIdAffinityMaxTimeInCache: '180' },
  });
  const hash = convert(`${text}algorithmClass=org.mobicents.tools.sip.balancer.HeaderConsistentHashBalancerAlgorithm`);
  expect(configSchema.parse(hash.tree).control.routing.sip).toEqual({ algorithm: 'header-hash', parameters: {} });
  expect(reasonsOf(hash)).toHaveProperty('callIdAffinityMaxTimeInCache');
});

test.each([
  ['from.user', 'From'],
  ['to.user', 'To'],
  ['To', 'To'],
  ['X-Session', 'X-Session'],
])('the affinity key %s is the header %s', (value, header) => {
  expect(configSchema.parse(convert(`sipHeaderAffinityKey=${value}`).tree).sip.affinityKey).toBe(header);
});

test('the longer of the two connection checks stands for both', () => {
  const lines = ['timeoutConnectionCheckClientSide=1000', 'timeoutConnectionCheckServerSide=3000'];
  for (const text of [lines.join('\n'), lines.toReversed().join('\n')]) {
    expect(configSchema.parse(convert(text).tree).smpp.enquireLinkTimeoutMs).toBe(3000);
  }
});

test('nodes that were listed are nodes of the configuration, probed over UDP', () => {
  const conversion = convert('extraServerNodes=192.0.2.1:21, 192.0.2.2');
  expect(configSchema.parse(conversion.tree).control.nodes).toMatchObject([
    { id: 'extra1', address: '192.0.2.1', sipUdp: 21 },
    { id: 'extra2', address: '192.0.2.2', sipUdp: 5060 },
  ]);
  expect(reasonsOf(convert('extraServerNodes=app.example.com'))['extraServerNodes']).toMatch(/got app\.example\.com/);
});

test('without any internal port there is one leg for both sides', () => {
  expect(configSchema.parse(convert('host=127.0.0.1\nexternalUdpPort=5060').tree).sip.internal).toBeNull();
  expect(configSchema.parse(convert('host=127.0.0.1').tree).sip.internal).not.toBeNull();
});

test('isTransportWs makes the ports of the older guide WebSocket ports', () => {
  const { tree } = convert('externalPort=5062\ninternalPort=5067\nisTransportWs=true\n');
  expect(configSchema.parse(tree).sip).toMatchObject({
    external: { udpPort: null, tcpPort: null, wsPort: 5062 },
    internal: { udpPort: null, tcpPort: null, wsPort: 5067 },
  });
});

test('internalTransport of the XML is the transport towards nodes, that of the older guide is not', () => {
  expect(configSchema.parse(convert('externalUdpPort=5060\ninternalTransport=TCP').tree).sip.internalTransport).toBe(
    'tcp',
  );
  expect(configSchema.parse(convert('externalPort=5060\ninternalTransport=TCP').tree).sip.internalTransport).toBeNull();
});

test.each([
  ['smppPort=2776', undefined],
  ['muxMode=true', 'pool'],
  ['<lb><smpp><smppPort>2776</smppPort></smpp></lb>', 'pool'],
  ['<lb><smpp><smppPort>2776</smppPort><muxMode>false</muxMode></smpp></lb>', 'session'],
  ['<lb><http><httpPort>2080</httpPort></http></lb>', undefined],
])('the SMPP mode of %s is %p', (text, mode) => {
  expect((convert(text).tree as { smpp?: { mode?: string } }).smpp?.mode).toBe(mode);
});

test('IPv6 ports become a listener beside the leg', () => {
  const { tree } = convert('ipv6Host=::1\nexternalUdpPort=5060\nexternalIpv6UdpPort=5060\nexternalIpv6TcpPort=5061');
  expect(configSchema.parse(tree).sip.external.listeners).toMatchObject([
    { host: '::1', udpPort: 5060, tcpPort: 5061 },
  ]);
});

test('a password never reaches the output', () => {
  const conversion = convert('javax.net.ssl.keyStorePassword=123456\npassword=geheim\n');
  expect(conversion.leftOvers).toHaveLength(2);
  expect(JSON.stringify(conversion)).not.toMatch(/123456|geheim/);
});

test('every key is either converted or left over with a reason, junk included', () => {
  const conversion = convert('httpPort=2080\nneed\nheartbeatInterval=150\nhttpPorts=1\nnodeTimeout=soon\n');
  expect(conversion.tree).toEqual({ http: { listen: { port: 2080 } } });
  expect(Object.keys(reasonsOf(conversion)).toSorted()).toEqual([
    'heartbeatInterval',
    'httpPorts',
    'need',
    'nodeTimeout',
  ]);
});

const CLASS = 'org.mobicents.tools.sip.balancer.';

test.each([
  ['PersistentConsistentHashBalancerAlgorithm', 'persistent-hash', '', undefined],
  ['UserBasedAlgorithm', 'user-affinity', 'callIdAffinityMaxTimeInCache=90', { callIdAffinityMaxTimeInCache: '90' }],
  ['ClusterSubdomainAffinityAlgorithm', 'subcluster-affinity', 'subclusterMap=(a,b)(c)', { subclusterMap: '(a,b)(c)' }],
])('%s becomes %s with its parameters', (name, algorithm, line, parameters) => {
  const conversion = convert(`algorithmClass=${CLASS}${name}\n${line}\n`);
  expect(conversion.tree).toMatchObject({
    control: { routing: { sip: { algorithm, ...(parameters && { parameters }) } } },
  });
  expect(conversion.leftOvers).toEqual([]);
});

test('ramp-up becomes a slow start of every algorithm, and stays behind when it is not whole', () => {
  const { tree } = convert('trafficRampupCyclePeriod=35000\ntrafficPercentageIncrease=50\n');
  expect(configSchema.parse(tree).control.routing.sip.parameters).toEqual({ slowStartMs: '70000' });
  for (const text of ['trafficRampupCyclePeriod=35000', 'trafficPercentageIncrease=0\ntrafficRampupCyclePeriod=1']) {
    const conversion = convert(text);
    expect(conversion.tree).toEqual({});
    expect(Object.keys(reasonsOf(conversion))).toContain('trafficRampupCyclePeriod');
  }
});

test('the exclusion pattern of the affinity key and its fallback are taken over', () => {
  const { tree } = convert(
    'sipHeaderAffinityKey=To\nsipHeaderAffinityExclusionPattern=anonymous\nsipHeaderAffinityFallbackKey=from.user\n',
  );
  expect(configSchema.parse(tree).sip).toMatchObject({
    affinityKey: 'To',
    affinityExclusionPattern: 'anonymous',
    affinityFallbackKey: 'From',
  });
});

test('every algorithm that conversion names is one that planes run', () => {
  const catalog = new AlgorithmCatalog();
  for (const algorithm of Object.values(ALGORITHMS)) {
    expect(() => catalog.create(RoutingConfig.create({ algorithm }), { random: Math.random })).not.toThrow();
  }
});

test('every rule has a target that the schema knows', () => {
  const known = new Set(describeKeys(configSchema).map(({ key }) => key));
  const missing = Object.values(RULES)
    .flatMap(({ to }) => to)
    .filter((key) => !known.has(key));
  expect(missing).toEqual([]);
});

test.each([
  'externalTlsPort=5061',
  'externalSecurePort=5061',
  'internalWssPort=5068',
  'httpsPort=2081',
  'smppSslPort=2876',
])('%s is left with the way to TLS, since its certificate is in no file that can be read', (line) => {
  const conversion = convert(`host=127.0.0.1\nexternalUdpPort=5060\ninternalUdpPort=5065\n${line}`);
  expect(conversion.leftOvers.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('keytool -importkeystore'),
  ]);
  expect(() => configSchema.parse(conversion.tree)).not.toThrow();
});
