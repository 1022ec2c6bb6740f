import { status } from '@grpc/grpc-js';

/** Why a caller is turned away; docs/errors.md says what to do about each. */
export type DenialReason =
  | 'CREDENTIALS_MISSING'
  | 'CERTIFICATE_MISSING'
  | 'IDENTITY_UNKNOWN'
  | 'TOKEN_UNKNOWN'
  | 'TOKEN_EXPOSED'
  | 'TOKEN_WITHDRAWN'
  | 'ROLE_DENIED'
  | 'ID_DENIED';

export interface Denial {
  readonly reason: DenialReason;
  /** For the caller. Never a secret. */
  readonly message: string;
}

/** PERMISSION_DENIED for those whom we know, UNAUTHENTICATED for those whom we do not. */
export function statusOfDenial({ reason }: Denial): status {
  return reason === 'ROLE_DENIED' || reason === 'ID_DENIED' ? status.PERMISSION_DENIED : status.UNAUTHENTICATED;
}

/** `PERMISSION_DENIED`. */
export function statusName(denial: Denial): string {
  return status[statusOfDenial(denial)];
}
