/** The ESME-facing side of a session (guides 1.8, "server part"). */
export type EsmeState =
  /** Connected; takes a bind. */
  | 'OPEN'
  /** An SMSC is being looked for and asked. */
  | 'BINDING'
  | 'BOUND'
  /** The SMSC is lost and another is being bound: requests are turned back with ESME_RSYSERR. */
  | 'REBINDING'
  /** One side said goodbye. */
  | 'UNBINDING'
  | 'CLOSED';

/** The SMSC-facing side of a session (guides 1.8, "client part"). */
export type SmscState =
  /** Not connected yet. */
  | 'INITIAL'
  /** Connected. */
  | 'OPEN'
  /** The bind is sent. */
  | 'BINDING'
  | 'BOUND'
  /** The connection dropped; another is being made. */
  | 'REBINDING'
  | 'UNBINDING'
  | 'CLOSED';
