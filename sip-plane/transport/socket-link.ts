import type { Socket } from 'node:net';
import type { CloseCause, Link, LinkEvents } from './link';

/** How a dialled socket says that it can be written to. */
export type OpenEvent = 'connect' | 'secureConnect';

/** A TCP or TLS socket as a link. */
export class SocketLink implements Link {
  readonly whole = false;
  readonly #socket: Socket;
  readonly #openEvent: OpenEvent | undefined;
  #dialling: boolean;
  #reason: string | undefined;

  /** @param openEvent of a socket that is still connecting; absent: it came to us and is open. */
  constructor(socket: Socket, openEvent?: OpenEvent) {
    this.#socket = socket;
    this.#openEvent = openEvent;
    this.#dialling = openEvent !== undefined;
    socket.setNoDelay(true);
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  start(events: LinkEvents): void {
    const socket = this.#socket;
    if (this.#openEvent !== undefined) {
      socket.once(this.#openEvent, () => {
        this.#dialling = false;
        events.opened();
      });
    }
    socket.on('data', (chunk) => events.bytes(chunk));
    socket.on('error', (error) => (this.#reason = error.message));
    socket.on('end', () => events.closed());
    socket.on('close', () => events.closed(this.#reason));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  end(cause: CloseCause): void {
    if (cause === 'slow' || this.#dialling) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  check(): boolean {
    return true;
  }
}
