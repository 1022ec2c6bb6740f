import { status } from '@grpc/grpc-js';
import { StatusError } from '../../runtime/grpc';
import { Refusal, type RefusalReason } from '../registry';

const STATUS: Readonly<Record<RefusalReason, status>> = {
  INVALID: status.INVALID_ARGUMENT,
  NODE_ID_TAKEN: status.ALREADY_EXISTS,
  INCARNATION_REPLACED: status.ALREADY_EXISTS,
  LEASE_UNKNOWN: status.NOT_FOUND,
  NODE_UNKNOWN: status.NOT_FOUND,
  TOO_MANY_NODES: status.RESOURCE_EXHAUSTED,
  TOO_MANY_PLANES: status.RESOURCE_EXHAUSTED,
  ALGORITHM_UNKNOWN: status.FAILED_PRECONDITION,
  ETAG_MISMATCH: status.ABORTED,
  OUT_OF_ORDER: status.FAILED_PRECONDITION,
  CONTENDED: status.UNAVAILABLE,
  SHUTTING_DOWN: status.UNAVAILABLE,
};

/** A refusal as the status that its caller gets; anything else stays what it is. */
export function asStatus(error: unknown): unknown {
  return error instanceof Refusal ? new StatusError(STATUS[error.reason], error.message) : error;
}
