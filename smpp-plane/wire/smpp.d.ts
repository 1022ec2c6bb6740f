/** What Triplane uses of the `smpp` package, which comes without types: ESMEs and SMSCs of tests and demos, never the packet path. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  export interface PDU {
    command: string;
    command_id: number;
    command_status: number;
    sequence_number: number;
    isResponse(): boolean;
    response(fields?: Record<string, unknown>): PDU;
    toBuffer(): Buffer;
    [field: string]: unknown;
  }

  export const PDU: {
    new (command: string, fields?: Record<string, unknown>): PDU;
    fromBuffer(buffer: Buffer): PDU;
  };

  export interface Session extends EventEmitter {
    readonly socket: Socket;
    send(pdu: PDU, onResponse?: (pdu: PDU) => void): boolean;
    bind_transceiver(fields: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    bind_transmitter(fields: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    bind_receiver(fields: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    submit_sm(fields: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    deliver_sm(fields: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    enquire_link(fields?: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    unbind(fields?: Record<string, unknown>, onResponse?: (pdu: PDU) => void): boolean;
    pause(): void;
    resume(): void;
    close(onClosed?: () => void): void;
    destroy(onClosed?: () => void): void;
  }

  export interface Server extends NetServer {
    readonly sessions: Session[];
  }

  export function createServer(onSession: (session: Session) => void): Server;
  export function connect(options: { url: string } | { host: string; port: number }): Session;
}
