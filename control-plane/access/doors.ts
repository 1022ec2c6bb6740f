import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Clock } from '../../runtime/clock';
import type { ControlConfig } from '../../runtime/config';
import type { Counters } from '../../runtime/counters';
import { TokenBook } from '../../runtime/identity';
import type { Logger } from '../../runtime/logger';
import { TlsMaterial } from '../../runtime/tls';
import { DenialLog } from './denial-log';
import { Guard } from './guard';
import type { LeaseOwner } from './rules';

/** How one gRPC listener is entered. */
export interface Door {
  /** Undefined: plain text. */
  readonly tls: TlsMaterial | undefined;
  /** True: callers must show who they are. */
  readonly authenticated: boolean;
  /** For the server behind it. */
  readonly interceptors: ServerInterceptor[];
}

export interface DoorsOptions {
  readonly config: ControlConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly leaseOwner: LeaseOwner;
}

type TlsConfig = ControlConfig['grpc']['tls'];

/**
 * The doors of a control plane: `grpc` for nodes and planes, `admin` for operators, which has the TLS of `grpc` unless it has its own.
 * A door asks who calls when client certificates or a tokens file are configured, otherwise it is open to all who reach it.
 */
export class Doors {
  readonly grpc: Door;
  readonly admin: Door;
  readonly #options: DoorsOptions;
  readonly #log: DenialLog;
  readonly #tokens: TokenBook | undefined;
  readonly #opened: { close(): void }[] = [];

  /** Throws TLS_MATERIAL, TOKEN_FILE. */
  constructor(options: DoorsOptions) {
    const { grpc, admin, auth } = options.config;
    this.#options = options;
    this.#log = new DenialLog(options);
    try {
      this.#tokens = auth.tokensFile === undefined ? undefined : new TokenBook({ ...options, file: auth.tokensFile });
      if (this.#tokens !== undefined) this.#opened.push(this.#tokens);
      this.grpc = this.#door('control.grpc.tls', grpc.tls);
      this.admin = this.#door('control.admin.tls', admin.tls ?? grpc.tls);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const one of this.#opened.splice(0)) one.close();
  }

  #door(what: string, settings: TlsConfig): Door {
    const tls = settings && new TlsMaterial(settings, { ...this.#options, what });
    if (tls !== undefined) this.#opened.push(tls);
    const certificates = settings?.clientCertificates ?? 'disabled';
    const authenticated = certificates !== 'disabled' || this.#tokens !== undefined;
    if (!authenticated) return { tls, authenticated, interceptors: [] };
    const guard = new Guard({
      trustDomain: this.#options.config.auth.trustDomain,
      certificateRequired: certificates === 'required',
      secure: tls !== undefined,
      tokens: this.#tokens,
      log: this.#log,
      leaseOwner: this.#options.leaseOwner,
    });
    return { tls, authenticated, interceptors: [guard.interceptor] };
  }
}
