import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { headerOf, headersOf, isResponse, methodOf, parseSip, sipBytes, statusOf, type SipText } from './sip-text';

const T1_MS = 500;
const LIMIT_MS = 8000;

interface Dialog {
  readonly callId: string;
  readonly from: string;
  /** With the callee's tag once it is known. */
  readonly to: string;
  readonly target: string;
  readonly routes: readonly string[];
}

/** A SIP client over UDP: INVITE, ACK, BYE, with retransmission and Record-Route. */
export class ToyUac {
  readonly #socket: Socket;
  readonly #plane: { readonly host: string; readonly port: number };
  /** Of open requests: Call-ID and method to whoever waits. */
  readonly #waiting = new Map<string, (response: SipText) => void>();

  private constructor(socket: Socket, plane: string) {
    const at = plane.lastIndexOf(':');
    this.#socket = socket;
    this.#plane = { host: plane.slice(0, at), port: Number(plane.slice(at + 1)) };
    socket.on('message', (data) => this.#receive(parseSip(data)));
  }

  /** `plane`: `host:port` of the external leg. */
  static async start(plane: string): Promise<ToyUac> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new ToyUac(socket, plane);
  }

  /** One whole call. True if INVITE and BYE were both answered 200, by the same node. */
  async call(holdMs: number): Promise<boolean> {
    const callId = randomBytes(8).toString('hex');
    const { host, port } = this.#plane;
    const from = `<sip:toy@127.0.0.1>;tag=${callId.slice(0, 6)}`;
    const fresh: Dialog = {
      callId,
      from,
      to: '<sip:demo@example.com>',
      target: `sip:demo@${host}:${port}`,
      routes: [],
    };
    const answer = await this.#request('INVITE', 1, fresh);
    if (answer === undefined || statusOf(answer) !== 200) return false;
    const dialog: Dialog = {
      ...fresh,
      to: headerOf(answer, 'To'),
      target: /<([^>]+)>/.exec(headerOf(answer, 'Contact'))?.[1] ?? fresh.target,
      routes: headersOf(answer, 'Record-Route').toReversed(),
    };
    this.#send('ACK', 1, dialog);
    await new Promise((resolve) => {
      setTimeout(resolve, holdMs);
    });
    const goodbye = await this.#request('BYE', 2, dialog);
    return (
      goodbye !== undefined && statusOf(goodbye) === 200 && headerOf(goodbye, 'Server') === headerOf(answer, 'Server')
    );
  }

  close(): void {
    this.#socket.close();
  }

  /** The final response, or undefined when none came in time. */
  async #request(method: string, cseq: number, dialog: Dialog): Promise<SipText | undefined> {
    const key = `${dialog.callId} ${method}`;
    let again: NodeJS.Timeout | undefined;
    let limit: NodeJS.Timeout | undefined;
    const bytes = this.#bytes(method, cseq, dialog);
    const repeat = (waitMs: number): void => {
      this.#transmit(bytes);
      again = setTimeout(() => repeat(waitMs * 2), waitMs);
    };
    try {
      return await new Promise((resolve) => {
        this.#waiting.set(key, resolve);
        limit = setTimeout(() => resolve(undefined), LIMIT_MS);
        repeat(T1_MS);
      });
    } finally {
      clearTimeout(again);
      clearTimeout(limit);
      this.#waiting.delete(key);
    }
  }

  #send(method: string, cseq: number, dialog: Dialog): void {
    this.#transmit(this.#bytes(method, cseq, dialog));
  }

  #transmit(bytes: Buffer): void {
    this.#socket.send(bytes, this.#plane.port, this.#plane.host);
  }

  #bytes(method: string, cseq: number, dialog: Dialog): Buffer {
    const { address, port } = this.#socket.address();
    return sipBytes(`${method} ${dialog.target} SIP/2.0`, [
      ['Via', `SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${randomBytes(6).toString('hex')}`],
      ...dialog.routes.map((route) => ['Route', route] as const),
      ['Max-Forwards', '70'],
      ['From', dialog.from],
      ['To', dialog.to],
      ['Call-ID', dialog.callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', `<sip:toy@${address}:${port}>`],
    ]);
  }

  #receive(message: SipText): void {
    if (!isResponse(message) || statusOf(message) < 200) return;
    this.#waiting.get(`${headerOf(message, 'Call-ID')} ${methodOf(message)}`)?.(message);
  }
}
