import { isIP } from 'node:net';
import type { Draft } from './draft';

const LEGS = ['external', 'internal'] as const;
const TRANSPORTS = ['Udp', 'Tcp', 'Tls', 'Ws', 'Wss'] as const;
const LARGEST_PORT = 65_535;

/** Addresses of IP load balancers, node health, scanners and the answers of our own. */
export function convertSipOptions(draft: Draft): void {
  const inVia = draft.take('useIpLoadBalancerAddressInViaHeaders')?.toLowerCase() === 'true';
  for (const leg of LEGS) convertAdvertised(draft, leg, inVia);
  convertAddress(draft, 'public-ip', 'sip.publicHost');
  convertAddress(draft, 'publicIpv6', 'sip.publicIpv6Host');
  convertHostName(draft);
  convertBlocked(draft);
  if (draft.take('isSendTrying')?.toLowerCase() === 'true') draft.put('sip.sendTrying', true);
  convertSendErrors(draft);
  convertHealth(draft);
}

/** The first address of the list is told to others, all of them are ours. */
function convertAdvertised(draft: Draft, leg: (typeof LEGS)[number], inVia: boolean): void {
  const key = `${leg}IpLoadBalancerAddress`;
  const value = draft.take(key);
  const ports = TRANSPORTS.map((transport) => [transport, draft.take(`${leg}IpLoadBalancer${transport}Port`)] as const);
  if (value === undefined) return;
  const [host, ...aliases] = listOf(value);
  if (host === undefined || [host, ...aliases].some((address) => isIP(address) === 0)) {
    draft.leave(key, value, `expected IP addresses; set sip.${leg}.advertised`);
    return;
  }
  const known = ports.flatMap(([transport, port]) =>
    isPort(port) ? [[`${transport.toLowerCase()}Port`, Number(port)] as const] : [],
  );
  draft.put(`sip.${leg}.advertised`, {
    host,
    ...Object.fromEntries(known),
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(inVia ? { inVia } : {}),
  });
}

function convertAddress(draft: Draft, key: string, target: string): void {
  const value = draft.take(key);
  if (value === undefined || value === '') return;
  if (isIP(value) === 0) draft.leave(key, value, `expected an IP address; set ${target}`);
  else draft.put(target, value);
}

/** With isFilterSubdomain the name stands for what is below it, else for itself. */
function convertHostName(draft: Draft): void {
  const below = draft.take('isFilterSubdomain')?.toLowerCase() === 'true';
  const name = draft.take('matchingHostnameForRoute');
  if (name !== undefined && name !== '') draft.put('sip.hostNames', [below ? `*.${name}` : name]);
}

function convertBlocked(draft: Draft): void {
  const value = draft.take('blocked-values');
  if (value === undefined) return;
  const texts = listOf(value);
  const short = texts.find((text) => text.length < 3);
  if (short === undefined) draft.put('sip.blockedValues', texts);
  else
    draft.leave('blocked-values', value, `expected texts of 3 characters or more, got ${short}; set sip.blockedValues`);
}

/** The predecessor sent 503 whatever the code said, which stood in Reason; here the code is the status. */
function convertSendErrors(draft: Draft): void {
  const sends = draft.take('isSend5xxResponse')?.toLowerCase();
  const codes = ['isSend5xxResponseSatusCode', 'isSend5xxResponseStatusCode'].map((key) => draft.take(key));
  const reason = draft.take('isSend5xxResponseReasonHeader');
  const code = Number(codes.find((value) => value !== undefined) ?? 503);
  if (sends === 'false') draft.put('sip.sendErrorStatus', null);
  else if (sends === 'true' && code >= 500 && code <= 599) draft.put('sip.sendErrorStatus', code);
  if (reason !== undefined && /^[^"\\\r\n]{1,100}$/.test(reason)) draft.put('sip.errorReason', reason);
}

const HEALTH: readonly (readonly [key: string, target: string])[] = [
  ['maxNumberResponsesWithError', 'sip.health.maxFailures'],
  ['maxErrorTime', 'sip.health.failureWindowMs'],
  ['maxRequestNumberWithoutResponse', 'sip.health.maxUnanswered'],
  ['maxResponseTime', 'sip.health.unansweredMs'],
];

function convertHealth(draft: Draft): void {
  for (const key of ['responsesStatusCodeNodeRemoval', 'responseStatusCodeNodeRemoval']) {
    const value = draft.take(key);
    if (value === undefined) continue;
    const codes = listOf(value).map(Number);
    if (codes.every((code) => code >= 300 && code <= 699)) draft.put('sip.health.failureCodes', codes);
    else draft.leave(key, value, 'expected status codes from 300 to 699; set sip.health.failureCodes');
  }
  for (const [key, target] of HEALTH) {
    const value = draft.take(key);
    if (value === undefined) continue;
    if (/^[1-9]\d{0,5}$/.test(value)) draft.put(target, Number(value));
    else draft.leave(key, value, `expected a whole number from 1 to 999999; set ${target}`);
  }
}

const isPort = (text: string | undefined): boolean =>
  text !== undefined && Number(text) > 0 && Number(text) <= LARGEST_PORT;

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
