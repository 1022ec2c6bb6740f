import { Protocol, Transport, type Endpoint } from '../../proto';
import { probeHttp } from './http-get';
import { probeSipTcp, probeSipUdp } from './sip-options';
import { probeSmpp } from './smpp-enquire';
import { probeTcp } from './tcp-connect';

export interface ProbeSettings {
  /** An endpoint must answer within this time, ms. */
  readonly timeoutMs: number;
  /** What HTTP endpoints are asked for: `/health`. */
  readonly path: string;
}

/** Asks one endpoint. Resolves with undefined when it is well, else with the reason in words; never rejects. */
export type Probe = () => Promise<string | undefined>;

/**
 * The probe that fits an endpoint: SIP OPTIONS over UDP and TCP, HTTP GET, SMPP enquire_link;
 * for everything else (TLS, WebSocket) whether it accepts a connection.
 */
export function probeOf(endpoint: Endpoint, settings: ProbeSettings): Probe {
  const { protocol, transport } = endpoint;
  if (protocol === Protocol.SIP && transport === Transport.UDP) return () => probeSipUdp(endpoint, settings.timeoutMs);
  if (transport !== Transport.TCP) return () => probeTcp(endpoint, settings.timeoutMs);
  switch (protocol) {
    case Protocol.SIP:
      return () => probeSipTcp(endpoint, settings.timeoutMs);
    case Protocol.HTTP:
      return () => probeHttp(endpoint, settings);
    case Protocol.SMPP:
      return () => probeSmpp(endpoint, settings.timeoutMs);
    default:
      return () => probeTcp(endpoint, settings.timeoutMs);
  }
}
