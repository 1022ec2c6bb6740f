import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Endpoint, Protocol, Transport } from '../../proto';
import { headerOf, headersOf, isResponse, methodOf, parseSip, sipBytes, type SipText } from './sip-text';
import type { ToyNode } from './toy-node';

/** A SIP server over UDP that takes every call and every BYE. Counts calls. */
export class ToyUas implements ToyNode {
  readonly id: string;
  readonly protocol = 'SIP';
  readonly #socket: Socket;
  readonly #calls = new Set<string>();

  private constructor(id: string, socket: Socket) {
    this.id = id;
    this.#socket = socket;
    socket.on('message', (data, from) => this.#receive(parseSip(data), from));
  }

  static async start(id: string): Promise<ToyUas> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new ToyUas(id, socket);
  }

  get answered(): number {
    return this.#calls.size;
  }

  get endpoints(): readonly Endpoint[] {
    const { address, port } = this.#socket.address();
    return [Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: address, port })];
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #receive(message: SipText, from: RemoteInfo): void {
    const method = methodOf(message);
    if (isResponse(message) || method === 'ACK') return;
    // The retransmission of an INVITE is answered again and counted once: Call-ID and node are the call.
    if (method === 'INVITE') this.#calls.add(headerOf(message, 'Call-ID'));
    this.#socket.send(this.#ok(message), from.port, from.address);
  }

  #ok(request: SipText): Buffer {
    const { address, port } = this.#socket.address();
    const to = headerOf(request, 'To');
    return sipBytes('SIP/2.0 200 OK', [
      ...headersOf(request, 'Via').map((via) => ['Via', via] as const),
      ...headersOf(request, 'Record-Route').map((route) => ['Record-Route', route] as const),
      ['From', headerOf(request, 'From')],
      ['To', to.includes(';tag=') ? to : `${to};tag=${this.id}`],
      ['Call-ID', headerOf(request, 'Call-ID')],
      ['CSeq', headerOf(request, 'CSeq')],
      ['Contact', `<sip:${this.id}@${address}:${port}>`],
      ['Server', this.id],
    ]);
  }
}
