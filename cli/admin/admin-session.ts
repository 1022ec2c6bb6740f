import { status, type Client, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { AdminServiceClient } from '../../proto';
import { systemClock } from '../../runtime/clock';
import type { ClusterConfig } from '../../runtime/config';
import { findAdmin } from '../../runtime/discovery';
import { TriplaneError, messageOf } from '../../runtime/errors';
import { callUnary, Dialer, statusOf } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { configOf, type Globals } from '../globals';

type AdminMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** A connection to the admin service for the length of one command. */
export interface AdminSession {
  readonly address: string;
  readonly client: AdminServiceClient;
  /** Rejects with CONTROL_PLANE_UNREACHABLE or REQUEST_REFUSED. */
  call<Request, Response>(method: AdminMethod<Request, Response>, request: Request): Promise<Response>;
}

/** Runs a command against the admin service that `--admin`, Consul or `cluster.admin` names, and closes the connection after it. */
export async function withAdmin<T>(globals: Globals, run: (session: AdminSession) => Promise<T>): Promise<T> {
  const { cluster } = await configOf(globals);
  const dialer = new Dialer({ settings: cluster, clock: systemClock, logger: silentLogger() });
  const address = globals.admin ?? (await adminByConsul(cluster)) ?? cluster.admin;
  const client = dialer.client(AdminServiceClient, address);
  const call: AdminSession['call'] = async (method, request) => {
    try {
      return await callUnary(client as Client, method, request);
    } catch (error) {
      throw explain(error, address);
    }
  };
  try {
    return await run({ address, client, call });
  } finally {
    client.close();
    dialer.close();
  }
}

async function adminByConsul({ consul }: ClusterConfig): Promise<string | undefined> {
  if (consul?.discover !== true) return undefined;
  try {
    return await findAdmin(consul, { clock: systemClock, logger: silentLogger() });
  } catch (error) {
    const text = `Consul at ${consul.address} does not say where control planes are: ${messageOf(error)}; start it, or name one with --admin`;
    throw new TriplaneError('CONTROL_PLANE_UNREACHABLE', text, { cause: error });
  }
}

const TLS_FAULT = /certificate|altnames|SSL routines|TLS/i;
const NOBODY_THERE = /no connection established|failed to connect|connection dropped|ECONNREFUSED|name resolution/i;

/** A failed call in the words of an operator. */
export function explain(error: unknown, address: string): unknown {
  const code = statusOf(error);
  if (code === undefined) return error;
  const said = (error as ServiceError).details;
  if (code === status.UNAVAILABLE && TLS_FAULT.test(said)) return tlsFault(said, address, error);
  if (code === status.UNAVAILABLE && /Last error: Failed to connect/.test(said)) return notPlain(address, error);
  if (code === status.DEADLINE_EXCEEDED || (code === status.UNAVAILABLE && NOBODY_THERE.test(said))) {
    const next = 'start one with "triplane up", or name another with --admin HOST:PORT';
    return new TriplaneError('CONTROL_PLANE_UNREACHABLE', `no control plane answered at ${address}; ${next}`, {
      details: { address },
      cause: error,
    });
  }
  return new TriplaneError('REQUEST_REFUSED', `${address} says ${status[code]}: ${said}`, {
    details: { address, status: status[code] },
    cause: error,
  });
}

/** The library wraps the cause: `No connection established. Last error: Error: <cause>. Resolution note:`. */
function tlsFault(said: string, address: string, cause: unknown): TriplaneError {
  const [, fault = said] = /Last error: (?:Error)?(?: ?\[\w+\])?:? ?(.*?)\.?\s*(?:Resolution note|$)/s.exec(said) ?? [];
  const why = /wrong version number|packet length/.test(fault) ? 'it speaks plain text there' : fault;
  const text = `no TLS with ${address}: ${why}; check cluster.tls, cluster.serverName and the control plane's certificate`;
  return new TriplaneError('CONTROL_PLANE_UNREACHABLE', text, { details: { address }, cause });
}

/** Somebody took the connection and hung up at the first words. */
function notPlain(address: string, cause: unknown): TriplaneError {
  const text = `${address} does not answer plain-text gRPC; if it speaks TLS, configure cluster.tls`;
  return new TriplaneError('CONTROL_PLANE_UNREACHABLE', text, { details: { address }, cause });
}
