import { configSchema, convertPredecessor, type Config, type Conversion } from '../../../../../runtime/config';

const convert = (text: string): Conversion => convertPredecessor(text, 'lb.properties');
const configOf = (text: string): Config => configSchema.parse(convert(text).tree);

/** Every SMPP key of the predecessor, with a value other than the default of ours. */
const EVERY_KEY = `
smppHost=127.0.0.1
smppInternalHost=10.0.0.5
smppExternalHost=192.0.2.5
smppPort=3776
smppSslPort=3876
javax.net.ssl.keyStore=/etc/lb/smpp.p12
remoteServers=10.0.0.31:2775, 10.0.0.32:2775
isRemoteServerSsl=true
timeoutResponse=3001
timeoutConnection=1001
timeoutEnquire=10001
reconnectPeriod=501
timeoutConnectionCheckClientSide=3002
timeoutConnectionCheckServerSide=3003
muxMode=true
toNodeAlgorithmClass=org.mobicents.tools.smpp.balancer.impl.ToNodeSubmitToAll
toProviderAlgorithmClass=org.mobicents.tools.smpp.balancer.impl.ToProviderActiveStandby
`;

test('every SMPP key that has a meaning here is converted, none is left over', () => {
  const conversion = convert(EVERY_KEY);
  const { smpp, control } = configSchema.parse(conversion.tree);
  expect(smpp).toMatchObject({
    mode: 'pool',
    listen: { host: '192.0.2.5', port: 3776 },
    sourceHost: '10.0.0.5',
    tlsPort: 3876,
    tls: { pfxFile: '/etc/lb/smpp.p12' },
    remoteServers: ['10.0.0.31:2775', '10.0.0.32:2775'],
    remoteServersTls: true,
    responseTimeoutMs: 3001,
    bindTimeoutMs: 1001,
    enquireLinkMs: 10_001,
    reconnectMs: 501,
    enquireLinkTimeoutMs: 3003,
    pool: { toEsme: 'broadcast' },
  });
  expect(control.routing.smpp.algorithm).toBe('active-standby');
  expect(conversion.leftOvers.map(({ key }) => key)).toEqual(['javax.net.ssl.keyStore']);
});

test('with one network card smppHost is where ESMEs come in, and the system chooses the way to the SMSCs', () => {
  const { smpp } = configOf('smppHost=192.0.2.7\nsmppPort=2776\n');
  expect(smpp.listen.host).toBe('192.0.2.7');
  expect(smpp.sourceHost).toBeUndefined();
});

test.each([
  ['without a key store', ''],
  ['with a key store of Java', 'javax.net.ssl.keyStore=/etc/lb/keystore'],
])('a TLS port %s is left to a person, who is told where it goes', (_name, line) => {
  const { tree, leftOvers } = convert(`smppSslPort=2876\n${line}\n`);
  expect(configSchema.parse(tree).smpp.tlsPort).toBeNull();
  expect(leftOvers.find(({ key }) => key === 'smppSslPort')?.reason).toMatch(/smpp\.tlsPort beside smpp\.tls.*PKCS#12/);
});

test.each(['toNodeAlgorithmClass', 'toProviderAlgorithmClass'])('a class of their own as %s is left over', (key) => {
  const { tree, leftOvers } = convert(`${key}=com.example.OurWay\n`);
  expect(tree).toEqual({});
  expect(leftOvers).toMatchObject([{ key, value: 'com.example.OurWay' }]);
});

test.each([
  ['toNodeAlgorithmClass=x.ToNodeRoundRobin', 'round-robin', 'round-robin'],
  ['toProviderAlgorithmClass=x.ToProviderRoundRobin', 'round-robin', 'round-robin'],
])('%s is what the planes do anyway', (line, toEsme, algorithm) => {
  const { smpp, control } = configOf(line);
  expect([smpp.pool.toEsme, control.routing.smpp.algorithm]).toEqual([toEsme, algorithm]);
  expect(convert(line).leftOvers).toEqual([]);
});
