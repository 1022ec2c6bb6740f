import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import type { SipConfig } from '../runtime/config';
import { TriplaneError, listenError } from '../runtime/errors';
import { workerCount, type WorkerPlan } from '../runtime/workers';
import { loadNativeUdp, type NativeUdp } from './native';

/** One address with a UDP port. */
interface Place {
  /** As listeners are named: `external`, `internal`, `external.2`. */
  readonly name: string;
  readonly host: string;
  readonly udpPort: number;
  readonly tcpPort: number | null;
}

const MAX_PORT_TRIES = 20;

/**
 * How the SIP plane runs as several processes. The sockets of UDP are bound here and handed down: the system gives each sender to one of
 * them, and since they outlive the workers a worker's end moves nobody else's traffic. Each worker also has a port of its own inside,
 * which nodes answer to. Undefined: one process is enough. Rejects with ADDRESS_…, or CONFIG_INVALID when the addon is not there.
 */
export async function planSipWorkers(config: SipConfig): Promise<WorkerPlan | undefined> {
  const places = udpPlaces(config);
  const native = loadNativeUdp();
  const count = workerCount(config.workers);
  if (count === 1) return undefined;
  if (config.workers === 'auto' && (config.internal === null || (native === undefined && places.length > 0))) {
    return undefined;
  }
  const sockets = Array.from({ length: count }, () => new Map<string, number>());
  if (places.length > 0) {
    if (native === undefined) throw missingAddon();
    for (const place of places) await bindPlace(native, place, sockets);
  }
  return {
    count,
    admin: config.admin,
    socketsOf: (index) => sockets[index - 1] ?? new Map(),
    close: () => closeAll(sockets),
  };
}

function udpPlaces({ external, internal }: SipConfig): Place[] {
  const legs = [{ leg: 'external', ...external }, ...(internal === null ? [] : [{ leg: 'internal', ...internal }])];
  return legs.flatMap(({ leg, listeners, ...first }) =>
    [first, ...listeners].flatMap(({ host, udpPort, tcpPort }, index) =>
      udpPort === null ? [] : [{ name: index === 0 ? leg : `${leg}.${index + 1}`, host, udpPort, tcpPort }],
    ),
  );
}

/** A socket for each worker on the place's port, and on the inside another of its own. */
async function bindPlace(native: NativeUdp, place: Place, sockets: readonly Map<string, number>[]): Promise<void> {
  const { name, host } = place;
  const port = place.udpPort === 0 ? await freePort(native, place) : place.udpPort;
  try {
    // Sockets that share would also share with those of another plane, and nobody would be told.
    closeSync(native.bind(host, port, false));
    for (const each of sockets) {
      each.set(`${name}.udp`, native.bind(host, port, true));
      if (name.startsWith('internal')) each.set(`${name}.own.udp`, native.bind(host, 0, false));
    }
  } catch (error) {
    closeAll(sockets);
    throw listenError(`sip ${name} udp`, host, port, error);
  }
}

/** UDP and TCP belong on one port (RFC 3261 18.2.1), also when the system chooses it. */
async function freePort(native: NativeUdp, { name, host, tcpPort }: Place): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const probe = native.bind(host, 0, false);
    const port = native.port(probe);
    closeSync(probe);
    if (tcpPort !== 0 || (await isFree(host, port))) return port;
    if (tries === MAX_PORT_TRIES) throw listenError(`sip ${name} tcp`, host, port, { code: 'EADDRINUSE' });
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function closeAll(sockets: readonly Map<string, number>[]): void {
  for (const each of sockets) {
    for (const descriptor of each.values()) closeSync(descriptor);
    each.clear();
  }
}

function missingAddon(): TriplaneError {
  return new TriplaneError(
    'CONFIG_INVALID',
    'sip.workers: expected 1 or auto, since the native UDP engine was not built here; install a C compiler and run npm run build',
  );
}
