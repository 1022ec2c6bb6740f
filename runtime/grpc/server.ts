import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { TriplaneError, listenError } from '../errors';
import { serverChannelOptions, silenceGrpcLibrary } from './channel';
import { isLoopback } from './loopback';

export interface ListenOptions {
  /** Names the listener in errors, as in "control plane gRPC". */
  readonly what: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Allows plain text on addresses other than loopback. */
  readonly insecure: boolean;
}

/** A gRPC server with the keepalive that finds frozen peers. */
export function createServer(): Server {
  // What goes wrong is told by our own errors and log; the library's lines on standard error are for those who ask.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  silenceGrpcLibrary();
  return new Server(serverChannelOptions);
}

/** Binds and returns `host:port` as bound. ADDRESS_IN_USE, ADDRESS_INVALID, INSECURE_REFUSED. */
export async function listen(server: Server, { what, host, port, insecure }: ListenOptions): Promise<string> {
  if (!insecure && !isLoopback(host)) {
    throw new TriplaneError(
      'INSECURE_REFUSED',
      `${what}: plain-text gRPC on ${host}:${port} is refused; use a loopback address, or set cluster.insecure: true in a network that you trust`,
    );
  }
  const target = host.includes(':') ? `[${host}]` : host;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${target}:${port}`, ServerCredentials.createInsecure(), (error, boundPort) => {
      if (error === null) resolve(boundPort);
      else reject(listenError(what, host, port, withSystemCode(error)));
    });
  });
  return `${target}:${bound}`;
}

/** grpc-js hides the system's error code in its text. */
function withSystemCode(error: Error): Error {
  const code = /\b(EADDRINUSE|EADDRNOTAVAIL|EACCES|EINVAL)\b/.exec(error.message)?.[1];
  return code === undefined ? error : Object.assign(new Error(error.message), { code });
}

/** Ends a server: open calls get `graceMs` to finish, then they are cut. */
export async function stopServer(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
