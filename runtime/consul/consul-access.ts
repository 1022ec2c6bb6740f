import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { connect as connectPlain, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectSecure, type ConnectionOptions } from 'node:tls';
import type { Clock } from '../clock';
import { hostOf, isLoopback } from '../grpc';
import type { Logger } from '../logger';
import { TlsMaterial, type TlsSettings } from '../tls';
import { connectConsul, type ConsulClient } from './consul-client';
import { ConsulToken } from './consul-token';

/** How an agent is reached. */
export interface ConsulSettings {
  /** `host:port`. */
  readonly address: string;
  /** Absent: CONSUL_HTTP_TOKEN, if set. */
  readonly tokenFile?: string | undefined;
  /** Absent: plain HTTP. */
  readonly tls?: TlsSettings | undefined;
  /** The name that the agent's certificate must have; absent: the host that is dialled. */
  readonly serverName?: string | undefined;
}

export interface ConsulAccessOptions {
  readonly settings: ConsulSettings;
  /** Names the section of the configuration in errors: `cluster.consul`. */
  readonly what: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Agents cut off an address with more than 200 connections, and other processes of this machine ask too. */
const MAX_CONNECTIONS = 24;

/** Makes clients of one Consul agent, each with the newest token and certificate. Closing it leaves the clients that it made alone. */
export class ConsulAccess {
  readonly #settings: ConsulSettings;
  readonly #token: ConsulToken;
  readonly #material: TlsMaterial | undefined;

  /** Throws TOKEN_FILE, TLS_MATERIAL. */
  constructor({ settings, what, clock, logger }: ConsulAccessOptions) {
    const { tls, tokenFile, address } = settings;
    this.#settings = settings;
    this.#token = new ConsulToken({ file: tokenFile, clock, logger });
    try {
      this.#material = tls && new TlsMaterial(tls, { what: `${what}.tls`, clock, logger });
    } catch (error) {
      this.#token.close();
      throw error;
    }
    if (tls === undefined && this.#token.text !== '' && !isLoopback(hostOf(address)))
      logger.warn({ what, address }, 'the Consul token travels in plain text; configure tls there');
  }

  /** A new client with connections of its own; whoever asks closes it. */
  client(): ConsulClient {
    const { address, serverName } = this.#settings;
    const host = hostOf(address);
    return connectConsul({
      host: host.includes(':') ? `[${host}]` : host,
      port: Number(address.slice(address.lastIndexOf(':') + 1)),
      token: () => this.#token.text,
      secure: this.#material !== undefined,
      connections: this.#material === undefined ? plainAgent(host) : secureAgent(host, this.#material, serverName),
    });
  }

  close(): void {
    this.#token.close();
    this.#material?.close();
  }
}

const POOL = { keepAlive: true, maxSockets: MAX_CONNECTIONS };

/** The package hands an IPv6 host on with its brackets, which no connection can be made to. */
function plainAgent(host: string): Agent {
  const createConnection = (options: TcpNetConnectOpts): Socket => connectPlain({ ...options, host });
  return Object.assign(new Agent(POOL), { createConnection });
}

/** Opens each connection with the newest certificate. */
function secureAgent(host: string, material: TlsMaterial, serverName: string | undefined): Agent {
  const name = serverName === undefined ? {} : { servername: serverName };
  const createConnection = (options: ConnectionOptions): Socket =>
    connectSecure({ ...options, ...name, host, secureContext: material.context });
  return Object.assign(new SecureAgent(POOL), { createConnection });
}
