import {
  InterceptingCall,
  credentials,
  type ChannelCredentials,
  type ClientOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { Clock } from '../clock';
import { TriplaneError } from '../errors';
import { TokenSource } from '../identity';
import type { Logger } from '../logger';
import { TlsMaterial, type TlsSettings } from '../tls';
import { channelCredentials, clientChannelOptions, silenceGrpcLibrary } from './channel';
import { hostOf, isLoopback } from './loopback';

/** How a process reaches control planes and what it shows them; the `cluster` section of the configuration is one. */
export interface DialSettings {
  /** Allows plain text to addresses other than loopback. */
  readonly insecure: boolean;
  /** Absent: plain text. */
  readonly tls?: TlsSettings | undefined;
  /** The name that the control planes' certificates must have; absent: the host that is dialled. */
  readonly serverName?: string | undefined;
  /** Its first line is the token to show. */
  readonly tokenFile?: string | undefined;
}

export interface DialerOptions {
  readonly settings: DialSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A generated client's class. */
type ClientClass<T> = new (address: string, credentials: ChannelCredentials, options?: ClientOptions) => T;

/** Makes gRPC clients of control planes, each with the newest certificate and token. Closing it leaves the clients that it made alone. */
export class Dialer {
  readonly #settings: DialSettings;
  readonly #material: TlsMaterial | undefined;
  readonly #token: TokenSource | undefined;

  /** Throws TLS_MATERIAL, TOKEN_FILE. */
  constructor({ settings, clock, logger }: DialerOptions) {
    const { tls, tokenFile } = settings;
    this.#settings = settings;
    this.#material = tls && new TlsMaterial(tls, { what: 'cluster.tls', clock, logger });
    try {
      this.#token = tokenFile === undefined ? undefined : new TokenSource({ file: tokenFile, clock, logger });
    } catch (error) {
      this.#material?.close();
      throw error;
    }
  }

  /** Throws INSECURE_REFUSED when `host:port` would be reached in plain text, or a token would be shown there in it. */
  check(target: string): void {
    this.#credentialsFor(target);
  }

  /** A new client of `host:port`; whoever asks closes it. Throws INSECURE_REFUSED. */
  client<T>(Client: ClientClass<T>, target: string): T {
    const options: ClientOptions = { ...clientChannelOptions };
    if (this.#token !== undefined) options.interceptors = [showing(this.#token)];
    if (this.#material !== undefined) options['grpc.ssl_target_name_override'] = this.#nameFor(target);
    return new Client(target, this.#credentialsFor(target), options);
  }

  close(): void {
    this.#material?.close();
    this.#token?.close();
  }

  /** What stands in the handshake. An address may not, and Node warns of one; the check of the certificate knows what to expect. */
  #nameFor(target: string): string {
    const host = hostOf(target);
    return this.#settings.serverName ?? (isIP(host) === 0 ? host : 'triplane');
  }

  #credentialsFor(target: string): ChannelCredentials {
    const host = hostOf(target);
    if (this.#material === undefined) {
      if (this.#token !== undefined && !isLoopback(host)) {
        const text = `a token for ${target} would travel in plain text; configure cluster.tls, or no cluster.tokenFile`;
        throw new TriplaneError('INSECURE_REFUSED', text);
      }
      return channelCredentials(target, this.#settings.insecure);
    }
    silenceGrpcLibrary();
    const expected = this.#settings.serverName ?? host;
    return credentials.createFromSecureContext(this.#material.context, {
      checkServerIdentity: (_name: string, certificate: PeerCertificate) => checkServerIdentity(expected, certificate),
    });
  }
}

/** Adds the token of the moment to each call. */
function showing(source: TokenSource): Interceptor {
  return (options, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, start) {
        metadata.set('authorization', `Bearer ${source.token}`);
        start(metadata, listener);
      },
    });
}
