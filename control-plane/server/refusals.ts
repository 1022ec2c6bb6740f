import { status } from '@grpc/grpc-js';
import { StatusError, refusalDetails } from '../../runtime/grpc';
import { Refusal, type RefusalReason } from '../registry';
import { StoreUnavailable } from '../store';

const STATUS: Readonly<Record<RefusalReason, status>> = {
  INVALID: status.INVALID_ARGUMENT,
  NODE_ID_TAKEN: status.ALREADY_EXISTS,
  INCARNATION_REPLACED: status.ALREADY_EXISTS,
  LEASE_UNKNOWN: status.NOT_FOUND,
  NODE_UNKNOWN: status.NOT_FOUND,
  TOO_MANY_NODES: status.RESOURCE_EXHAUSTED,
  TOO_MANY_REGISTRATIONS: status.RESOURCE_EXHAUSTED,
  TOO_MANY_PLANES: status.RESOURCE_EXHAUSTED,
  ALGORITHM_UNKNOWN: status.FAILED_PRECONDITION,
  CONFIG_UNKNOWN: status.NOT_FOUND,
  ETAG_MISMATCH: status.ABORTED,
  OUT_OF_ORDER: status.FAILED_PRECONDITION,
  PLANE_UNKNOWN: status.NOT_FOUND,
  PLANE_SILENT: status.DEADLINE_EXCEEDED,
  PLANE_REPLACED: status.ABORTED,
  NEW_LINEAGE: status.UNAVAILABLE,
  FROZEN: status.UNAVAILABLE,
  CONTENDED: status.UNAVAILABLE,
  SHUTTING_DOWN: status.UNAVAILABLE,
};

const RETRY_MS = 1000;
const WORTH_RETRYING = new Set([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]);

/** A refusal as the status that its caller gets, with its reason in the trailers; anything else stays what it is. */
export function asStatus(error: unknown): unknown {
  if (error instanceof StoreUnavailable) return asStatus(new Refusal('FROZEN', error.message));
  if (!(error instanceof Refusal)) return error;
  const { reason, message, facts } = error;
  const code = STATUS[reason];
  const retryMs = WORTH_RETRYING.has(code) ? RETRY_MS : undefined;
  const metadata = refusalDetails({ code, message, reason, facts, field: facts['field'], retryMs });
  return new StatusError(code, message, metadata);
}
