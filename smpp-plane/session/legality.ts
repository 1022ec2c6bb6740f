import { Command } from '../wire';

/** What a session is bound for; TRANSCEIVER is both (SMPP 5.0, 2.3). */
export const Bound = {
  NONE: 0,
  TRANSMITTER: 1,
  RECEIVER: 2,
  TRANSCEIVER: 3,
} as const;

const ESME_MAY = 0;
const SMSC_MAY = 2;

/** Requests that only some sessions may carry: which bound states permit them, from the ESME and (shifted) from the SMSC. */
const permitted = new Map<number, number>([
  [Command.SUBMIT_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.SUBMIT_MULTI, Bound.TRANSMITTER << ESME_MAY],
  [Command.QUERY_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.REPLACE_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.CANCEL_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.BROADCAST_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.QUERY_BROADCAST_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.CANCEL_BROADCAST_SM, Bound.TRANSMITTER << ESME_MAY],
  [Command.DATA_SM, (Bound.TRANSMITTER << ESME_MAY) | (Bound.RECEIVER << SMSC_MAY)],
  [Command.DELIVER_SM, Bound.RECEIVER << SMSC_MAY],
  [Command.ALERT_NOTIFICATION, Bound.RECEIVER << SMSC_MAY],
  [Command.BIND_RECEIVER, 0],
  [Command.BIND_TRANSMITTER, 0],
  [Command.BIND_TRANSCEIVER, 0],
  [Command.OUTBIND, 0],
]);

const STANDARD_IDS = 0x200;
/** Vendor commands and unassigned ids are for the endpoints to judge: they pass. */
const flags = new Uint8Array(STANDARD_IDS).fill(0xff);
for (const [command, mask] of permitted) flags[command] = mask;

/** May the ESME send this request on a session bound like that? Table T1 (SMPP 5.0, 2.4, table 2-1). */
export function esmeMaySend(command: number, bound: number): boolean {
  return command >= STANDARD_IDS || (((flags[command] as number) >> ESME_MAY) & bound) !== 0;
}

/** May the SMSC send this request on a session bound like that? Table T1 (SMPP 5.0, 2.4, table 2-1). */
export function smscMaySend(command: number, bound: number): boolean {
  return command >= STANDARD_IDS || (((flags[command] as number) >> SMSC_MAY) & bound) !== 0;
}

/** What a successful bind makes of a session. */
export function boundBy(bind: number): number {
  switch (bind) {
    case Command.BIND_TRANSMITTER:
      return Bound.TRANSMITTER;
    case Command.BIND_RECEIVER:
      return Bound.RECEIVER;
    case Command.BIND_TRANSCEIVER:
      return Bound.TRANSCEIVER;
    default:
      return Bound.NONE;
  }
}

/** True for commands of the standard set; others are vendors'. */
export function isStandard(command: number): boolean {
  return command < STANDARD_IDS;
}
