/** How one key of the predecessor becomes keys of triplane.yaml. */
export interface Rule {
  /** Keys of triplane.yaml that get the value. */
  readonly to: readonly string[];
  readonly as: 'text' | 'integer' | 'list';
}

const text = (...to: string[]): Rule => ({ to, as: 'text' });
const integer = (...to: string[]): Rule => ({ to, as: 'integer' });

/** Keys with a straight counterpart, by their name in the properties dialect. */
export const RULES: Readonly<Record<string, Rule>> = {
  host: text('sip.external.host', 'sip.internal.host', 'http.listen.host'),
  externalHost: text('sip.external.host'),
  internalHost: text('sip.internal.host'),
  externalUdpPort: integer('sip.external.udpPort'),
  externalTcpPort: integer('sip.external.tcpPort'),
  externalWsPort: integer('sip.external.wsPort'),
  internalUdpPort: integer('sip.internal.udpPort'),
  internalTcpPort: integer('sip.internal.tcpPort'),
  internalWsPort: integer('sip.internal.wsPort'),
  httpPort: integer('http.listen.port'),
  unavailableHost: text('http.unavailableHost'),
  httpAffinityKey: text('http.affinityKey'),
  requestCheckPattern: text('http.requestCheckPattern'),
  statisticPort: integer('control.http.port'),
  apiPort: integer('control.http.port'),
  shutdownTimeout: integer('operator.stopDelayMs'),
  login: text('operator.login'),
  heartbeatPort: integer('control.jsonHeartbeat.port'),
  smppPort: integer('smpp.listen.port'),
  remoteServers: { to: ['smpp.remoteServers'], as: 'list' },
  timeoutResponse: integer('smpp.responseTimeoutMs'),
  timeoutConnection: integer('smpp.bindTimeoutMs'),
  timeoutEnquire: integer('smpp.enquireLinkMs'),
  reconnectPeriod: integer('smpp.reconnectMs'),
  timeoutConnectionCheckClientSide: integer('smpp.enquireLinkTimeoutMs'),
  timeoutConnectionCheckServerSide: integer('smpp.enquireLinkTimeoutMs'),
  'gov.nist.javax.sip.MAX_MESSAGE_SIZE': integer('sip.maxMessageBytes'),
};
