import { Transport } from '../../proto';
import type { SipConfig } from '../../runtime/config';
import { canonicalIpv6 } from './ipv6';
import type { Advertised, Leg } from './listener';

type LegConfig = NonNullable<SipConfig[Leg]>;

/** One listener's place in the configuration. */
export interface AdvertisedPlace extends Pick<LegConfig, 'host' | 'advertised'> {
  readonly leg: Leg;
}

/** By which address a listener is known outside: its place's `advertised`, else the public address before the external leg; undefined: its own. */
export function advertisedAs(
  { leg, host, advertised }: AdvertisedPlace,
  transport: Transport,
  port: number,
  { publicHost, publicIpv6Host }: Pick<SipConfig, 'publicHost' | 'publicIpv6Host'>,
): Advertised | undefined {
  if (advertised !== undefined) {
    const known = canonicalIpv6(advertised.host) ?? advertised.host;
    return { host: known, port: portOf(advertised, transport) ?? port, inVia: advertised.inVia };
  }
  const publicAddress = host.includes(':') ? publicIpv6Host : publicHost;
  if (leg !== 'external' || publicAddress === null) return undefined;
  return { host: canonicalIpv6(publicAddress) ?? publicAddress, port, inVia: false };
}

function portOf(advertised: NonNullable<LegConfig['advertised']>, transport: Transport): number | null {
  switch (transport) {
    case Transport.TCP:
      return advertised.tcpPort;
    case Transport.TLS:
      return advertised.tlsPort;
    case Transport.WS:
      return advertised.wsPort;
    case Transport.WSS:
      return advertised.wssPort;
    default:
      return advertised.udpPort;
  }
}
