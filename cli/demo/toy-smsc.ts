import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type PDU, type Server, type Session } from 'smpp';
import { Endpoint, Protocol, Transport } from '../../proto';
import type { ToyNode } from './toy-node';

const BINDS: ReadonlySet<string> = new Set(['bind_transceiver', 'bind_transmitter', 'bind_receiver']);

/** An SMSC that takes every bind and every message. */
export class ToySmsc implements ToyNode {
  readonly id: string;
  readonly protocol = 'SMPP';
  readonly #server: Server;
  answered = 0;

  private constructor(id: string, server: Server) {
    this.id = id;
    this.#server = server;
  }

  static async start(id: string): Promise<ToySmsc> {
    const sessions = new Set<Session>();
    const server = createServer((session) => {
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
      session.on('error', () => session.destroy());
      session.on('pdu', (pdu: PDU) => smsc.#answer(session, pdu));
    });
    const smsc = new ToySmsc(id, server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return smsc;
  }

  get endpoints(): readonly Endpoint[] {
    const { address, port } = this.#server.address() as AddressInfo;
    return [Endpoint.create({ protocol: Protocol.SMPP, transport: Transport.TCP, host: address, port })];
  }

  async close(): Promise<void> {
    for (const session of this.#server.sessions) session.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(session: Session, pdu: PDU): void {
    if (pdu.isResponse()) return;
    if (pdu.command === 'submit_sm') {
      this.answered += 1;
      session.send(pdu.response({ message_id: `${this.id}-${this.answered}` }));
      return;
    }
    session.send(pdu.response(BINDS.has(pdu.command) ? { system_id: this.id } : {}));
    if (pdu.command === 'unbind') session.close();
  }
}
