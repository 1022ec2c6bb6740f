import { once } from 'node:events';
import { connect, type PDU, type Session } from 'smpp';

const LIMIT_MS = 8000;

/** A bound SMPP client. */
export class ToyEsme {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
    session.on('pdu', (pdu: PDU) => {
      if (pdu.command === 'enquire_link') session.send(pdu.response());
    });
  }

  /** Binds as a transceiver at the SMPP plane, `host:port`; undefined when the bind was refused or not answered. */
  static async bind(plane: string, systemId: string): Promise<ToyEsme | undefined> {
    const at = plane.lastIndexOf(':');
    const session = connect({ host: plane.slice(0, at), port: Number(plane.slice(at + 1)) });
    session.on('error', () => session.destroy());
    const fields = { system_id: systemId, password: 'demo', interface_version: 0x34 };
    const answer = await answered((done) => session.bind_transceiver(fields, done));
    if (answer?.command_status === 0) return new ToyEsme(session);
    session.destroy();
    return undefined;
  }

  /** One message; true if it was accepted. */
  async submit(text: string): Promise<boolean> {
    const fields = { source_addr: 'triplane', destination_addr: '15550100', short_message: text };
    const answer = await answered((done) => this.#session.submit_sm(fields, done));
    return answer?.command_status === 0;
  }

  async close(): Promise<void> {
    if (this.#session.socket.destroyed) return;
    const closed = once(this.#session, 'close');
    await answered((done) => this.#session.unbind({}, done), 1000);
    this.#session.destroy();
    await closed;
  }
}

/** The answer to what `send` sends, or undefined when none came in time. */
function answered(send: (done: (pdu: PDU) => void) => boolean, limitMs = LIMIT_MS): Promise<PDU | undefined> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(undefined), limitMs);
    const done = (pdu: PDU | undefined): void => {
      clearTimeout(limit);
      resolve(pdu);
    };
    if (!send(done)) done(undefined);
  });
}
