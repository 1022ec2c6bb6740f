import { configSchema, convertPredecessor, type Conversion } from '../../../../../runtime/config';

const convert = (text: string): Conversion => convertPredecessor(text, 'lb.properties');
const sip = (text: string): unknown => configSchema.parse(convert(text).tree).sip;

test('addresses of IP load balancers, the first one told to others, the rest known as ours', () => {
  const text = `externalUdpPort=5060
internalUdpPort=5065
externalIpLoadBalancerAddress=203.0.113.5,203.0.113.6
externalIpLoadBalancerUdpPort=111
internalIpLoadBalancerAddress=10.0.0.200
internalIpLoadBalancerTcpPort=117
useIpLoadBalancerAddressInViaHeaders=true
public-ip=203.0.113.9
`;
  expect(sip(text)).toMatchObject({
    external: {
      advertised: { host: '203.0.113.5', udpPort: 111, tcpPort: null, aliases: ['203.0.113.6'], inVia: true },
    },
    internal: { advertised: { host: '10.0.0.200', udpPort: null, tcpPort: 117 } },
    publicHost: '203.0.113.9',
  });
  expect(convert(text).leftOvers).toEqual([]);
});

test.each([
  ['matchingHostnameForRoute=lb.example.com', { hostNames: ['lb.example.com'] }],
  ['matchingHostnameForRoute=example.com\nisFilterSubdomain=true', { hostNames: ['*.example.com'] }],
  ['blocked-values=sipvicious, sipcli', { blockedValues: ['sipvicious', 'sipcli'] }],
  ['isSendTrying=true', { sendTrying: true }],
  ['isSendTrying=false', { sendTrying: false }],
  ['isSend5xxResponse=false', { sendErrorStatus: null }],
  [
    'isSend5xxResponse=true\nisSend5xxResponseSatusCode=500\nisSend5xxResponseReasonHeader=Destination not available',
    { sendErrorStatus: 500, errorReason: 'Destination not available' },
  ],
  [
    'responsesStatusCodeNodeRemoval=503,500\nmaxNumberResponsesWithError=7\nmaxErrorTime=60000',
    { health: { failureCodes: [503, 500], maxFailures: 7, failureWindowMs: 60_000 } },
  ],
  ['maxRequestNumberWithoutResponse=10\nmaxResponseTime=4000', { health: { maxUnanswered: 10, unansweredMs: 4000 } }],
])('%s', (text, expected) => {
  expect(sip(text)).toMatchObject(expected);
  expect(convert(text).leftOvers).toEqual([]);
});

test.each([
  ['externalIpLoadBalancerAddress', 'lb.example.com'],
  ['public-ip', 'lb.example.com'],
  ['maxErrorTime', 'soon'],
  ['responsesStatusCodeNodeRemoval', '503,x'],
  ['blocked-values', 'x'],
])('what cannot be converted is named: %s=%s', (key, value) => {
  expect(convert(`${key}=${value}`).leftOvers.map((left) => left.key)).toEqual([key]);
});
