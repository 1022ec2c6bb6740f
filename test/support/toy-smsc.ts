import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type PDU, type Server, type Session } from 'smpp';

interface Submitted {
  readonly text: string;
  readonly pdu: PDU;
}

/** An SMSC made with the `smpp` package: gives ids, reports every message as delivered, sends texts of its own. */
export class ToySmsc {
  readonly submitted: Submitted[] = [];
  readonly sessions: Session[] = [];
  /** Statuses of answers to deliver_sm. */
  readonly answers: number[] = [];
  readonly #server: Server;
  #issued = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ToySmsc> {
    const sessions: ((session: Session) => void)[] = [];
    const server = createServer((session) => {
      for (const take of sessions) take(session);
    });
    const smsc = new ToySmsc(server);
    sessions.push((session) => smsc.#accept(session));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return smsc;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sends a text to the ESME of the newest session. */
  deliver(text: string, fields: Record<string, unknown> = {}): void {
    const session = this.sessions.at(-1);
    session?.deliver_sm({ source_addr: '4916', destination_addr: '4917', short_message: text, ...fields }, (answer) => {
      this.answers.push(answer.command_status);
    });
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(session: Session): void {
    session.on('error', () => {});
    session.on('pdu', (pdu: PDU) => this.#take(session, pdu));
  }

  #take(session: Session, pdu: PDU): void {
    if (pdu.isResponse()) return;
    if (pdu.command.startsWith('bind')) {
      this.sessions.push(session);
      session.send(pdu.response({ system_id: 'toy' }));
    } else if (pdu.command === 'submit_sm') this.#submitted(session, pdu);
    else session.send(pdu.response());
  }

  #submitted(session: Session, pdu: PDU): void {
    const id = String((this.#issued += 1));
    const { message } = pdu['short_message'] as { message: string | Buffer };
    this.submitted.push({ text: message.toString(), pdu });
    session.send(pdu.response({ message_id: id }));
    if (pdu['registered_delivery'] !== 1) return;
    const text = `id:${id} sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:DELIVRD err:000 text:`;
    session.deliver_sm(
      {
        esm_class: 4,
        source_addr: '4916',
        destination_addr: '4917',
        short_message: text,
        receipted_message_id: id,
        message_state: 2,
      },
      (answer) => void this.answers.push(answer.command_status),
    );
  }
}
