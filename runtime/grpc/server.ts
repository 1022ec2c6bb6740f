import { Server, ServerCredentials, type ServerInterceptor } from '@grpc/grpc-js';
import { TriplaneError } from '../errors';
import type { TlsMaterial } from '../tls';
import { serverChannelOptions, silenceGrpcLibrary } from './channel';
import { Entrance } from './entrance';
import { isLoopback } from './loopback';
import { TlsServerCredentials } from './tls-server-credentials';

export interface ListenOptions {
  /** Names the listener in errors, as in "control plane gRPC". */
  readonly what: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Allows plain text, and callers that show nothing, on addresses other than loopback. */
  readonly insecure: boolean;
  /** Absent: plain text. */
  readonly tls?: TlsMaterial | undefined;
  /** True: callers must show who they are. */
  readonly authenticated?: boolean;
}

const entrances = new WeakMap<Server, Entrance>();

/** A gRPC server with the keepalive that finds frozen peers. */
export function createServer(interceptors: ServerInterceptor[] = []): Server {
  // What goes wrong is told by our own errors and log; the library's lines on standard error are for those who ask.
  silenceGrpcLibrary();
  return new Server({ ...serverChannelOptions, interceptors });
}

/** Binds and returns `host:port` as bound. ADDRESS_IN_USE, ADDRESS_INVALID, INSECURE_REFUSED. */
export async function listen(server: Server, options: ListenOptions): Promise<string> {
  const { what, host, port, tls } = options;
  refuseOpenDoor(options);
  const credentials = tls === undefined ? ServerCredentials.createInsecure() : new TlsServerCredentials(tls);
  const entrance = new Entrance(server.createConnectionInjector(credentials));
  const bound = await entrance.open(what, host, port);
  entrances.set(server, entrance);
  return `${host.includes(':') ? `[${host}]` : host}:${bound}`;
}

/** Where others can reach it, a listener has TLS and asks who calls, unless the network is said to be trusted. */
function refuseOpenDoor({ what, host, port, insecure, tls, authenticated = false }: ListenOptions): void {
  if (insecure || isLoopback(host)) return;
  const or = 'use a loopback address, or set cluster.insecure: true in a network that you trust';
  if (tls === undefined) {
    const text = `${what}: plain-text gRPC on ${host}:${port} is refused; configure its tls, ${or}`;
    throw new TriplaneError('INSECURE_REFUSED', text);
  }
  if (!authenticated) {
    const how = 'set its tls.clientCertificates: required or control.auth.tokensFile';
    const text = `${what}: gRPC on ${host}:${port} for everybody is refused; ${how}, ${or}`;
    throw new TriplaneError('INSECURE_REFUSED', text);
  }
}

/** Ends a server: open calls get `graceMs` to finish, then they are cut. Peers that do not answer cannot hold it up. */
export async function stopServer(server: Server, graceMs: number): Promise<void> {
  const entrance = entrances.get(server);
  entrance?.close();
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      server.forceShutdown();
      entrance?.cut();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
  entrance?.cut();
}
