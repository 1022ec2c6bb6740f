/** SMPP command ids that the balancer knows by name (SMPP 5.0, 4.7.5). */
export const Command = {
  BIND_RECEIVER: 0x01,
  BIND_TRANSMITTER: 0x02,
  QUERY_SM: 0x03,
  SUBMIT_SM: 0x04,
  DELIVER_SM: 0x05,
  UNBIND: 0x06,
  REPLACE_SM: 0x07,
  CANCEL_SM: 0x08,
  BIND_TRANSCEIVER: 0x09,
  OUTBIND: 0x0b,
  ENQUIRE_LINK: 0x15,
  SUBMIT_MULTI: 0x21,
  ALERT_NOTIFICATION: 0x102,
  DATA_SM: 0x103,
  BROADCAST_SM: 0x111,
  QUERY_BROADCAST_SM: 0x112,
  CANCEL_BROADCAST_SM: 0x113,
  /** Looks like a response, is one to anything. */
  GENERIC_NACK: 0x8000_0000,
} as const;

/** Bit 31 makes a command id a response. */
export const RESPONSE_BIT = 0x8000_0000;

/** Place in `commandNames` of commands without a name of their own. */
const VENDOR_INDEX = 0;

const named: readonly (readonly [id: number, name: string])[] = [
  [Command.BIND_RECEIVER, 'bind_receiver'],
  [Command.BIND_TRANSMITTER, 'bind_transmitter'],
  [Command.QUERY_SM, 'query_sm'],
  [Command.SUBMIT_SM, 'submit_sm'],
  [Command.DELIVER_SM, 'deliver_sm'],
  [Command.UNBIND, 'unbind'],
  [Command.REPLACE_SM, 'replace_sm'],
  [Command.CANCEL_SM, 'cancel_sm'],
  [Command.BIND_TRANSCEIVER, 'bind_transceiver'],
  [Command.OUTBIND, 'outbind'],
  [Command.ENQUIRE_LINK, 'enquire_link'],
  [Command.SUBMIT_MULTI, 'submit_multi'],
  [Command.ALERT_NOTIFICATION, 'alert_notification'],
  [Command.DATA_SM, 'data_sm'],
  [Command.BROADCAST_SM, 'broadcast_sm'],
  [Command.QUERY_BROADCAST_SM, 'query_broadcast_sm'],
  [Command.CANCEL_BROADCAST_SM, 'cancel_broadcast_sm'],
  // generic_nack without its response bit; no request has the id 0.
  [0, 'generic_nack'],
];

const STANDARD_IDS = 0x200;
const indexes = new Uint8Array(STANDARD_IDS);
for (const [place, [id]] of named.entries()) indexes[id] = place + 1;

/** Names of requests by index; a response has the index of its request, everything unknown is `vendor`. */
export const commandNames: readonly string[] = ['vendor', ...named.map(([, name]) => name)];

/** Index of a request's command id in `commandNames`. */
export function commandIndex(id: number): number {
  return id < STANDARD_IDS ? (indexes[id] as number) : VENDOR_INDEX;
}

/** The command id of the response to a request. */
export function responseTo(command: number): number {
  return (command | RESPONSE_BIT) >>> 0;
}

/** True for requests that have no response (SMPP 5.0, 4.1.1.3 and 4.3.2): they take no window slot and no response timer. */
export function isUnanswered(command: number): boolean {
  return command === Command.ALERT_NOTIFICATION || command === Command.OUTBIND;
}

/** True for the three binds. */
export function isBind(command: number): boolean {
  return (
    command === Command.BIND_TRANSCEIVER || command === Command.BIND_TRANSMITTER || command === Command.BIND_RECEIVER
  );
}
