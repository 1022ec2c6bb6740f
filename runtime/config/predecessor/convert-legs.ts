import type { Draft } from './draft';
import { reasonFor } from './reasons';

const LEGS = ['external', 'internal'] as const;
type Leg = (typeof LEGS)[number];

const PORTS = ['udpPort', 'tcpPort', 'wsPort'] as const;

/** Ports and transports of the SIP legs, as far as one key alone does not say it. Runs after everything else. */
export function convertLegs(draft: Draft): void {
  const transports = LEGS.map((leg) => draft.take(`${leg}Transport`));
  const webSocket = draft.take('isTransportWs')?.toLowerCase() === 'true';
  const old = LEGS.some((leg) => draft.entries.has(`${leg}Port`));
  LEGS.forEach((leg, index) =>
    convertOldPort(draft, leg, webSocket ? 'ws' : (transports[index] ?? 'udp').toLowerCase()),
  );
  // The XML gave the older guide's key a meaning of its own.
  if (!old && transports[1] !== undefined) convertInternalTransport(draft, transports[1]);
  for (const leg of LEGS) convertIpv6(draft, leg);
  draft.take('ipv6Host');
}

/** A leg that names some of its ports has no others, and one that names none is not there: nothing listens that was not asked for. */
export function closeUnnamedPorts(draft: Draft): void {
  const named = (leg: Leg): boolean =>
    [...draft.entries.keys()].some((key) => new RegExp(`^${leg}(Udp|Tcp|Tls|Ws|Wss|Secure)?Port$`).test(key));
  for (const leg of LEGS) {
    if (!named(leg)) continue;
    for (const port of ['udpPort', 'tcpPort']) {
      if (draft.at(`sip.${leg}.${port}`) === undefined) draft.put(`sip.${leg}.${port}`, null);
    }
  }
  if (named('external') && !named('internal')) draft.put('sip.internal', null);
}

/** The older guide has one port for each leg and a transport beside it. */
function convertOldPort(draft: Draft, leg: Leg, transport: string): void {
  const key = `${leg}Port`;
  const value = draft.take(key);
  if (value === undefined) return;
  const target = `sip.${leg}.${transport}Port`;
  // TLS needs a certificate that such a file does not have.
  const clear = transport === 'udp' || transport === 'tcp' || transport === 'ws';
  if (clear && draft.knows(target) && /^\d+$/.test(value)) draft.put(target, Number(value));
  else draft.leave(key, value, reasonFor('externalTlsPort'));
}

function convertInternalTransport(draft: Draft, value: string): void {
  const transport = value.toLowerCase();
  if (draft.knows('sip.internalTransport') && ['udp', 'tcp', 'ws'].includes(transport)) {
    draft.put('sip.internalTransport', transport);
  } else draft.leave('internalTransport', value, 'not in this version');
}

/** IPv6 has a listener of its own beside the leg's. */
function convertIpv6(draft: Draft, leg: Leg): void {
  const host = draft.take(`${leg}Ipv6Host`) ?? draft.entries.get('ipv6Host');
  const listener: Record<string, unknown> = {};
  for (const port of PORTS) {
    const value = draft.take(`${leg}Ipv6${port[0]?.toUpperCase()}${port.slice(1)}`);
    if (value !== undefined && /^[1-9]\d*$/.test(value)) listener[port] = Number(value);
  }
  if (Object.keys(listener).length > 0) draft.put(`sip.${leg}.listeners`, [{ host: host ?? '::1', ...listener }]);
}
