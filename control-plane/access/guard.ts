import {
  ServerInterceptingCall,
  type Metadata,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { hostOf, refusalDetails, setCaller } from '../../runtime/grpc';
import type { Identity, TokenBook } from '../../runtime/identity';
import { authenticate, isDenial } from './authenticator';
import { checkId, checkRole } from './authorizer';
import { statusOfDenial, type Denial } from './denial';
import type { DenialLog } from './denial-log';
import { ruleOf, type LeaseOwner, type Rule } from './rules';

export interface GuardOptions {
  readonly trustDomain: string;
  /** True: a token does not stand in for a certificate. */
  readonly certificateRequired: boolean;
  /** True: the listener speaks TLS. */
  readonly secure: boolean;
  readonly tokens: TokenBook | undefined;
  readonly log: DenialLog;
  readonly leaseOwner: LeaseOwner;
}

/** Stands before every call of a listener: who calls, may they call this, may they speak for that id. A stream ends when its token goes. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #open = new Set<GuardedCall>();

  constructor(options: GuardOptions) {
    this.#options = options;
    options.tokens?.onChange(() => this.#checkTokens());
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const rule = ruleOf(path);
    if (rule === 'open') return new ServerInterceptingCall(call);
    const guarded = new GuardedCall(this.#options, call, path, rule);
    this.#open.add(guarded);
    return guarded.intercept(() => this.#open.delete(guarded));
  };

  #checkTokens(): void {
    for (const call of this.#open) call.checkToken();
  }
}

/** One call, from its first byte to its end. */
class GuardedCall {
  readonly #options: GuardOptions;
  readonly #call: ServerInterceptingCallInterface;
  readonly #path: string;
  readonly #rule: Rule | undefined;
  #identity: Identity | undefined;
  #denied = false;

  constructor(options: GuardOptions, call: ServerInterceptingCallInterface, path: string, rule: Rule | undefined) {
    this.#options = options;
    this.#call = call;
    this.#path = path;
    this.#rule = rule;
  }

  intercept(onEnd: () => void): ServerInterceptingCall {
    return new ServerInterceptingCall(this.#call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            if (this.#admits(metadata)) pass(metadata);
          },
          onReceiveMessage: (message: unknown, pass) => {
            if (this.#allows(message)) pass(message);
          },
          onReceiveHalfClose: (pass) => {
            if (!this.#denied) pass();
          },
          onCancel: onEnd,
        }),
    });
  }

  /** A token that was taken out of the file ends what began with it. */
  checkToken(): void {
    const { tokens } = this.#options;
    if (this.#denied || this.#identity?.how !== 'token' || tokens?.stillHolds(this.#identity) !== false) return;
    this.#deny({ reason: 'TOKEN_WITHDRAWN', message: 'the token is no longer known here' });
  }

  #admits(metadata: Metadata): boolean {
    const found = authenticate(
      {
        peerHost: hostOf(this.#call.getPeer()),
        secure: this.#options.secure,
        certificate: this.#certificate(),
        authorization: metadata.get('authorization')[0]?.toString(),
      },
      this.#options,
    );
    metadata.remove('authorization');
    if (isDenial(found)) return this.#deny(found);
    this.#identity = found;
    setCaller(metadata, found);
    const denial = checkRole(found, this.#rule, this.#method);
    return denial === undefined || this.#deny(denial);
  }

  #allows(message: unknown): boolean {
    if (this.#denied || this.#identity === undefined || this.#rule === undefined) return false;
    const denial = checkId(this.#identity, this.#rule, message, this.#options.leaseOwner);
    return denial === undefined || this.#deny(denial);
  }

  /** Only of a certificate that the handshake has verified. */
  #certificate(): { subjectAltName: string | undefined } | undefined {
    const certificate = this.#call.getAuthContext().sslPeerCertificate;
    return certificate && { subjectAltName: certificate.subjectaltname };
  }

  get #method(): string {
    return this.#path.slice(1);
  }

  #deny(denial: Denial): false {
    const { reason, message } = denial;
    this.#denied = true;
    this.#options.log.note({ method: this.#method, peer: this.#call.getPeer(), who: this.#identity?.name }, denial);
    const code = statusOfDenial(denial);
    this.#call.sendStatus({ code, details: message, metadata: refusalDetails({ code, message, reason }) });
    return false;
  }
}
