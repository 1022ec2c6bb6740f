import { HeaderKind, type FramerEvents, type MessageParser, type MessageView } from '../message';

const CR = 13;
const LF = 10;

/** The counterpart of a stream's framer where each chunk is one message already (RFC 7118 5); what follows Content-Length is not part of it. */
export class WholeMessages {
  readonly partial = false;
  readonly #parser: MessageParser;
  readonly #events: FramerEvents;
  readonly #view: MessageView;

  constructor(parser: MessageParser, events: FramerEvents, view: MessageView) {
    this.#parser = parser;
    this.#events = events;
    this.#view = view;
  }

  push(chunk: Buffer): void {
    if (isKeepalive(chunk)) {
      if (chunk.length >= 4) this.#events.ping();
      return;
    }
    const view = this.#view;
    this.#parser.parseDatagram(view, chunk, 0, chunk.length);
    // Without any Via it cannot be answered or forwarded, whatever it is.
    if (view.header(HeaderKind.VIA) >= 0) this.#events.message(view);
    else this.#events.broken(view);
  }
}

/** Only line ends: a ping when there are two of them (RFC 5626 3.5.1, RFC 7118 6). */
function isKeepalive(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at += 1) if (chunk[at] !== CR && chunk[at] !== LF) return false;
  return true;
}
