/** The command_status values that the balancer itself answers with or looks at (SMPP 5.0, 4.7.6). */
export const Status = {
  OK: 0x00,
  /** command_length is not possible. */
  INVALID_COMMAND_LENGTH: 0x02,
  /** No such command. */
  INVALID_COMMAND: 0x03,
  /** The request is not legal in this state of the session. */
  INVALID_BIND_STATUS: 0x04,
  ALREADY_BOUND: 0x05,
  SYSTEM_ERROR: 0x08,
  BIND_FAILED: 0x0d,
  INVALID_PASSWORD: 0x0e,
  INVALID_SYSTEM_ID: 0x0f,
  THROTTLED: 0x58,
  /** No ESME is there to receive; the SMSC tries again later. */
  NO_APPLICATION: 0x64,
} as const;
