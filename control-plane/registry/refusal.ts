/** Why a request is refused; the server turns each into a gRPC status. */
export type RefusalReason =
  | 'INVALID'
  | 'NODE_ID_TAKEN'
  | 'INCARNATION_REPLACED'
  | 'LEASE_UNKNOWN'
  | 'NODE_UNKNOWN'
  | 'TOO_MANY_NODES'
  | 'TOO_MANY_REGISTRATIONS'
  | 'TOO_MANY_PLANES'
  | 'ALGORITHM_UNKNOWN'
  | 'CONFIG_UNKNOWN'
  | 'ETAG_MISMATCH'
  | 'OUT_OF_ORDER'
  | 'PLANE_UNKNOWN'
  | 'PLANE_SILENT'
  | 'PLANE_REPLACED'
  | 'NEW_LINEAGE'
  | 'FROZEN'
  | 'CONTENDED'
  | 'SHUTTING_DOWN';

/** A request that cannot be done; `message` is for the one who asked. */
export class Refusal extends Error {
  readonly reason: RefusalReason;
  /** Facts for programs: the field, the id. Never a secret. */
  readonly facts: Readonly<Record<string, string>>;

  constructor(reason: RefusalReason, message: string, facts: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.reason = reason;
    this.facts = facts;
  }
}
