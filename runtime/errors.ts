/**
 * Every error code that Triplane shows to people. Codes are stable: they are documented in docs/errors.md,
 * and a code that went out of use is never given a new meaning.
 */
export const errorCodes = {
  CONFIG_FILE: 'the configuration file cannot be read',
  CONFIG_SYNTAX: 'the configuration file is not YAML',
  CONFIG_UNKNOWN_KEY: 'the configuration has a key that Triplane does not know',
  CONFIG_INVALID: 'a configuration value is not what its key takes',
  ADDRESS_IN_USE: 'another process listens on the address and port',
  ADDRESS_INVALID: 'the address is not one of this machine, or not an address',
  ADDRESS_DENIED: 'this user may not listen on the port',
  INSECURE_REFUSED: 'gRPC in plain text, or open to everybody, was asked for on an address that others can reach',
  TLS_MATERIAL: 'a certificate, key or CA file cannot be used',
  TOKEN_FILE: 'a token or tokens file cannot be used',
  CONTROL_PLANE_UNREACHABLE: 'no control plane answered',
  REQUEST_REFUSED: 'the control plane refused the request',
  ALGORITHM_UNKNOWN: 'no such balancing algorithm',
  ALGORITHM_PARAMETER: 'a parameter of a balancing algorithm is unknown or has a bad value',
  ALGORITHM_FILE: 'a file with an algorithm of yours cannot be used',
  STATE_DIR: 'the state directory cannot be written',
  STORE_UNREACHABLE: 'the store that control planes share cannot be reached',
  USAGE: 'the command line is not understood',
  START_TIMEOUT: 'a service did not become ready in time',
  SERVICE_DIED: 'a service ended by itself',
  DEMO_FAILED: 'a request of the demo was not answered, or a toy node got nothing',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** Facts for programs: the key, the address, the node. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error type that reaches people: `message` says what was expected, what came, where, and what to do. */
export class TriplaneError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorDetails = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TriplaneError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Turns the error of a failed listen into one clear line; `what` names the listener, as in "sip external udp". */
export function listenError(what: string, host: string, port: number, thrown: unknown): TriplaneError {
  const where = `${what}: ${host}:${port}`;
  const details = { what, host, port };
  switch ((thrown as { code?: unknown }).code) {
    case 'EADDRINUSE':
      return new TriplaneError(
        'ADDRESS_IN_USE',
        `${where} is in use by another process; stop it or configure another port`,
        {
          details,
          cause: thrown,
        },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new TriplaneError(
        'ADDRESS_INVALID',
        `${where} is not an address of this machine; configure one that "ip address" lists`,
        { details, cause: thrown },
      );
    case 'EACCES':
      return new TriplaneError(
        'ADDRESS_DENIED',
        `${where} needs more rights; use a port above 1023 or grant the capability`,
        {
          details,
          cause: thrown,
        },
      );
    default:
      return new TriplaneError('ADDRESS_INVALID', `${where} cannot be listened on: ${messageOf(thrown)}`, {
        details,
        cause: thrown,
      });
  }
}
