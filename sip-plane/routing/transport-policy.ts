import { Transport } from '../../proto';

/** How requests reach nodes, as the configuration says. */
export interface TransportSettings {
  /** Whatever the client came by; null: as the client came. */
  readonly internalTransport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss' | null;
  /** TLS ends here. */
  readonly terminateTls: boolean;
}

const { UDP, TCP, TLS, WS, WSS } = Transport;

const BY_NAME = { udp: UDP, tcp: TCP, tls: TLS, ws: WS, wss: WSS } as const;

/** Towards a node that lacks the first: what carries long messages goes before UDP, what is secret stays so as long as it can. */
const ORDERS: ReadonlyMap<Transport, readonly Transport[]> = new Map([
  [UDP, [UDP, TCP, TLS, WS, WSS]],
  [TCP, [TCP, TLS, UDP, WS, WSS]],
  [TLS, [TLS, WSS, TCP, UDP, WS]],
  [WS, [WS, TCP, UDP, TLS, WSS]],
  [WSS, [WSS, TLS, WS, TCP, UDP]],
]);

/** The transports from a plane to its nodes: the client's own, what TLS becomes when it ends here, or the one that is forced. */
export class TransportPolicy {
  readonly #settings: TransportSettings;

  constructor(settings: TransportSettings = { internalTransport: null, terminateTls: false }) {
    this.#settings = settings;
  }

  /** What a request that came by `arrived` should go on by. */
  wanted(arrived: Transport): Transport {
    const { internalTransport, terminateTls } = this.#settings;
    if (internalTransport !== null) return BY_NAME[internalTransport];
    if (!terminateTls) return arrived;
    if (arrived === TLS) return TCP;
    return arrived === WSS ? WS : arrived;
  }

  /** Is UDP forced, so that length does not matter? */
  get forced(): boolean {
    return this.#settings.internalTransport !== null;
  }
}

/** The transports to try for a node, best first. */
export function transportOrder(wanted: Transport): readonly Transport[] {
  return ORDERS.get(wanted) ?? [UDP, TCP, TLS, WS, WSS];
}
