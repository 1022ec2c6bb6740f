interface Reason {
  readonly keys: RegExp;
  readonly reason: string;
}

const NO_JAVA = 'tunes the Java SIP stack, which Triplane does not have';
const TLS =
  'set TLS by hand, port and tls section together: it takes PEM or PKCS#12 files ' +
  '("keytool -importkeystore -deststoretype PKCS12" makes one of a Java keystore)';

/** Why a key has no counterpart. The first match counts. */
const REASONS: readonly Reason[] = [
  { keys: /^rmi/, reason: 'nodes register over gRPC ("triplane node") or by SIP heartbeat; there is no RMI' },
  { keys: /^jmxHtmlAdapterPort$/, reason: 'there is no JMX console; /lbstat and /metrics have the figures' },
  { keys: /^heartbeatInterval$/, reason: 'leases are checked as often as they need to be' },
  {
    keys: /^([pP]rotocolClassName|heartbeatPort)$/,
    reason:
      'nodes register over gRPC ("triplane node"), by SIP heartbeat, or by HTTP/JSON heartbeat at control.jsonHeartbeat',
  },
  {
    keys: /^(pullPeriod|nodeName)$/,
    reason: 'the Kubernetes heartbeat became a sidecar: run "triplane node" beside each server',
  },
  { keys: /^httpsPort$/, reason: `${TLS}; http.https.redirect sends plain requests there, as before` },
  { keys: /^(smppSslPort|.*(Tls|Wss|Secure)Port)$/, reason: TLS },
  {
    keys: /keyStorePassword$/,
    reason: 'write it into a file that only the service may read, and name that as passphraseFile of the tls section',
  },
  {
    keys: /^(javax\.net\.ssl\.|gov\.nist\.java(x)?\.sip\.(TLS_|ENABLED_CIPHER|USE_TLS)|javax\.net\.debug|keyStore|trustStore|tlsClientProtocols|enabledCipherSuites|terminateTLSTraffic)/,
    reason: TLS,
  },
  { keys: /^(gov\.nist|javax\.sip|org\.mobicents|pathName)/, reason: NO_JAVA },
  { keys: /WsPort$|^isTransportWs$/, reason: 'SIP over WebSocket is not in this version' },
  {
    keys: /IpLoadBalancer|LoadBalancerAddress|^routingRules|^ipPattern$|^patch$/,
    reason: 'set sip.external.advertised or sip.internal.advertised, and sip.directPeers for the rules, by hand',
  },
  { keys: /^(external|internal)Transport$/, reason: 'every transport that has a port is served' },
  {
    keys: /^(smppName|nonBlockingSocketsEnabled|defaultSessionCountersEnabled|isUseRrSendSmppRequestToClient)$/,
    reason: 'needs no setting',
  },
  { keys: /^maxConnectionSize$/, reason: 'was a number of threads; smpp.maxInFlight is the window of a session' },
  {
    keys: /^to(Node|Provider)AlgorithmClass$/,
    reason: 'SMPP is balanced by "triplane algorithm set smpp NAME", to ESMEs as smpp.pool.toEsme says',
  },
  {
    keys: /^subclusterMap$/,
    reason: 'belongs to ClusterSubdomainAffinityAlgorithm (subcluster-affinity), which is not chosen here',
  },
  {
    keys: /^(persistentConsistentHashCacheConfiguration|cacheConfig)/,
    reason: 'there is no replicated cache; every plane computes the same node for a key',
  },
  { keys: /^callIdAffinity|^userAffinity/, reason: 'belongs to an algorithm that is not chosen here' },
  { keys: /^isSendTrying$/, reason: 'a stateless proxy sends no 100 (RFC 3261 16.11); the node does' },
  {
    keys: /^(isSend5xx|response.*NodeRemoval|maxNumberResponses|maxErrorTime|maxRequestNumberWithoutResponse|maxResponseTime)/,
    reason: 'node health is the lease in this version',
  },
  { keys: /^urlrewrite$/, reason: 'write the rules as http.rewrite by hand; from and to mean the same' },
  {
    keys: /^(isUseWithNexmo|internalTransport|usePrettyEncoding)$/,
    reason: 'not in this version',
  },
  {
    keys: /^(securityRequired|password)$/,
    reason: '/lbstop and /lbloglevel always ask for a password: write it into a file, set operator.passwordFile',
  },
  {
    keys: /^(performanceTestingMode|earlyDialogWorstCase|keepalivePeriod|removeNodesOn500Response|maxContentLength)$/,
    reason: 'was for tests, or without effect',
  },
];

/** One sentence on why the key is left out. */
export function reasonFor(key: string): string {
  return (
    REASONS.find(({ keys }) => keys.test(key))?.reason ?? 'not a key of the predecessor that its guides or sources name'
  );
}
