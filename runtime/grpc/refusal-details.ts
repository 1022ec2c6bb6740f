import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo, Status, fromMs, type Any } from '../../proto';

/** What a refusal tells programs. */
export interface RefusalFacts {
  /** gRPC status code. */
  readonly code: number;
  readonly message: string;
  /** A stable word in capitals: `NODE_ID_TAKEN`. */
  readonly reason: string;
  /** The field at fault, as `node.endpoints[0].host`. */
  readonly field?: string | undefined;
  readonly facts?: Readonly<Record<string, string>>;
  /** Trying again makes sense after this time, ms. */
  readonly retryMs?: number | undefined;
}

const TRAILER = 'grpc-status-details-bin';
const DOMAIN = 'triplane';
const TYPES = 'type.googleapis.com/';

/** The trailer in which gRPC libraries look for `google.rpc` details: ErrorInfo always, BadRequest and RetryInfo where they fit. */
export function refusalDetails({ code, message, reason, field, facts = {}, retryMs }: RefusalFacts): Metadata {
  const info = ErrorInfo.create({ reason, domain: DOMAIN, metadata: new Map(Object.entries(facts)) });
  const details = [packed('google.rpc.ErrorInfo', ErrorInfo.encode(info).finish())];
  if (field !== undefined) {
    const bad = BadRequest.create({ fieldViolations: [{ field, description: message }] });
    details.push(packed('google.rpc.BadRequest', BadRequest.encode(bad).finish()));
  }
  if (retryMs !== undefined) {
    const retry = RetryInfo.create({ retryDelay: fromMs(retryMs) });
    details.push(packed('google.rpc.RetryInfo', RetryInfo.encode(retry).finish()));
  }
  const metadata = new Metadata();
  metadata.set(TRAILER, Buffer.from(Status.encode(Status.create({ code, message, details })).finish()));
  return metadata;
}

/** The ErrorInfo of a failed call, or undefined when it has none of ours. */
export function errorReason(error: unknown): ErrorInfo | undefined {
  const [trailer] = (error as Partial<ServiceError> | null)?.metadata?.get(TRAILER) ?? [];
  if (!Buffer.isBuffer(trailer)) return undefined;
  try {
    const info = Status.decode(trailer).details.find(({ typeUrl }) => typeUrl === `${TYPES}google.rpc.ErrorInfo`);
    const decoded = info && ErrorInfo.decode(info.value);
    return decoded?.domain === DOMAIN ? decoded : undefined;
  } catch {
    // Somebody else's trailer.
    return undefined;
  }
}

function packed(type: string, value: Uint8Array): Any {
  return { typeUrl: `${TYPES}${type}`, value: Buffer.from(value) };
}
