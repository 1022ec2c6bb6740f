import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { until } from './until';

/** A PDU as a test sees it. */
export interface RawPdu {
  readonly bytes: Buffer;
  readonly command: number;
  readonly status: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** Builds a PDU by hand; `length` lies about command_length. */
export function rawPdu(
  command: number,
  sequence: number,
  { body = Buffer.alloc(0), status = 0, length }: { body?: Buffer; status?: number; length?: number } = {},
): Buffer {
  const pdu = Buffer.alloc(16 + body.length);
  pdu.writeUInt32BE(length ?? pdu.length, 0);
  pdu.writeUInt32BE(command >>> 0, 4);
  pdu.writeUInt32BE(status, 8);
  pdu.writeUInt32BE(sequence >>> 0, 12);
  body.copy(pdu, 16);
  return pdu;
}

/** A bind's body: system_id, password, system_type, interface_version 3.4, no address. */
export function bindBody(systemId: string, password = 'secret'): Buffer {
  return Buffer.concat([Buffer.from(`${systemId}\0${password}\0test\0`, 'latin1'), Buffer.from([0x34, 0, 0, 0])]);
}

/** The PDU without its sequence number, which is all that a balancer may change. */
export function withoutSequence(pdu: Buffer): string {
  return `${pdu.toString('hex', 0, 12)}|${pdu.toString('hex', 16)}`;
}

/** One end of an SMPP connection that knows nothing but frames: what it got, in order, and what a test tells it to send. */
export class RawSmppPeer {
  readonly socket: Socket;
  readonly got: RawPdu[] = [];
  /** Called for each PDU; default: only remembers. */
  onPdu: ((pdu: RawPdu) => void) | undefined;
  /** False: PDUs are handed to `onPdu` but not kept in `got`. */
  keep = true;
  /** The bodies of the answers that were sent with `send`, as text without NUL, for SMSCs whose ids a test follows. */
  readonly gave: string[] = [];
  ended = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
    });
  }

  send(...pdus: readonly Buffer[]): void {
    for (const pdu of pdus) {
      if (pdu.length > 16 && pdu.readUInt32BE(4) === 0x8000_0004)
        this.gave.push(pdu.toString('latin1', 16, pdu.length - 1));
    }
    this.socket.write(Buffer.concat(pdus));
  }

  /** Sends a request and waits for the answer with its sequence number. */
  async ask(command: number, sequence: number, body?: Buffer): Promise<RawPdu> {
    const before = this.got.length;
    this.send(rawPdu(command, sequence, body === undefined ? {} : { body }));
    return await this.answer(sequence, before);
  }

  async answer(sequence: number, from = 0): Promise<RawPdu> {
    return await until(`the answer ${sequence} has come`, () =>
      this.got.slice(from).find((pdu) => pdu.sequence === sequence && pdu.command >= 0x8000_0000),
    );
  }

  async request(command: number, from = 0): Promise<RawPdu> {
    return await until(`a request ${command} has come`, () =>
      this.got.slice(from).find((pdu) => pdu.command === command),
    );
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 16) {
      const length = this.#rest.readUInt32BE(0);
      if (length < 16) throw new Error(`the plane sent a PDU of length ${length}`);
      if (this.#rest.length < length) return;
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      const pdu = {
        bytes,
        command: bytes.readUInt32BE(4),
        status: bytes.readUInt32BE(8),
        sequence: bytes.readUInt32BE(12),
        body: bytes.subarray(16),
      };
      if (this.keep) this.got.push(pdu);
      this.onPdu?.(pdu);
    }
  }
}

const BINDS: ReadonlySet<number> = new Set([1, 2, 9]);

/** An SMSC made of raw frames: accepts binds, answers enquire_link, unbind and (unless told otherwise) every request with status 0. */
export class RawSmsc {
  readonly server: Server;
  readonly port: number;
  readonly connections: RawSmppPeer[] = [];
  /** Requests other than enquire_link, of all connections, in order of arrival. */
  readonly requests: RawPdu[] = [];
  /** The status and the body that binds are answered with. */
  bindStatus = 0;
  bindBody: Buffer = Buffer.from('smsc\0', 'latin1');
  /** What is sent right behind a bind_resp. */
  afterBind: Buffer | undefined;
  /** True: it says nothing at all. */
  mute = false;
  /** Answers a request other than bind, enquire_link and unbind; undefined answers with a bare status 0. */
  onRequest: ((pdu: RawPdu, from: RawSmppPeer) => void) | undefined;
  keep = true;

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(port = 0): Promise<RawSmsc> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new RawSmsc(server);
  }

  /** Connections that are bound and open. */
  get bound(): RawSmppPeer[] {
    return this.connections.filter((peer) => !peer.ended && peer.got.some(({ command }) => BINDS.has(command)));
  }

  /** As if the process was killed. */
  async kill(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const { socket } of this.connections) socket.resetAndDestroy();
    await closed;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    await this.kill();
  }

  #accept(socket: Socket): void {
    const peer = new RawSmppPeer(socket);
    this.connections.push(peer);
    peer.onPdu = (pdu) => this.#answer(peer, pdu);
  }

  #answer(peer: RawSmppPeer, pdu: RawPdu): void {
    if (pdu.command >= 0x8000_0000 || this.mute) return;
    const response = (pdu.command | 0x8000_0000) >>> 0;
    if (pdu.command === 0x15) {
      peer.send(rawPdu(response, pdu.sequence));
      return;
    }
    peer.keep = this.keep;
    if (this.keep) this.requests.push(pdu);
    if (BINDS.has(pdu.command)) {
      const answer = rawPdu(response, pdu.sequence, { body: this.bindBody, status: this.bindStatus });
      peer.send(...(this.afterBind === undefined ? [answer] : [answer, this.afterBind]));
    } else if (pdu.command !== 0x06 && this.onRequest !== undefined) this.onRequest(pdu, peer);
    else peer.send(rawPdu(response, pdu.sequence));
  }
}

/** Connects an ESME made of raw frames. */
export async function rawEsme(address: string): Promise<RawSmppPeer> {
  const colon = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  await once(socket, 'connect');
  return new RawSmppPeer(socket);
}

/** Connects and binds as transceiver; fails when the bind is refused. */
export async function boundEsme(address: string, systemId = 'esme', bind = 0x09): Promise<RawSmppPeer> {
  const esme = await rawEsme(address);
  const answer = await esme.ask(bind, 1, bindBody(systemId));
  if (answer.status !== 0) throw new Error(`bind refused with ${answer.status}`);
  return esme;
}
