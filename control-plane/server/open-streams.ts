import { status, type Metadata, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { StatusError } from '../../runtime/grpc';
import type { Logger } from '../../runtime/logger';
import { Refusal } from '../registry';
import { asStatus } from './refusals';

/** The sending side of a stream that is open. */
export interface OpenStream<Response> {
  /** False: the peer reads too slowly, wait for `onDrain`. */
  send(response: Response): boolean;
  /** Ends the stream with the status of a Refusal or StatusError; INTERNAL for anything else. */
  fail(error: unknown): void;
}

export interface StreamHandlers<Request> {
  /** What it throws ends the stream. */
  readonly onMessage?: (request: Request) => void;
  /** The peer reads again. */
  readonly onDrain?: () => void;
  /** The stream is over, whoever ended it. Called once. */
  readonly onClose?: () => void;
}

type Call<Request, Response> = ServerDuplexStream<Request, Response> | ServerWritableStream<Request, Response>;

/** The streams of this control plane's services: bounded by back-pressure, ended together. */
export class OpenStreams {
  readonly #logger: Logger;
  /** Stream to its kind. */
  readonly #streams = new Map<OpenStream<never>, string>();
  #closing = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Wires a call. A duplex peer that does not read our answers is not read from either. */
  open<Request, Response>(
    call: Call<Request, Response>,
    makeHandlers: (stream: OpenStream<Response>) => StreamHandlers<Request>,
    kind = '',
  ): void {
    let open = true;
    const stream: OpenStream<Response> = {
      send: (response) => {
        if (!open) return true;
        const more = call.write(response);
        if (!more && 'pause' in call) call.pause();
        return more;
      },
      fail: (error) => {
        if (!open) return;
        close();
        call.emit('error', this.#statusOf(error));
      },
    };
    // Assigned below, before anything can call it.
    let handlers: StreamHandlers<Request> = {};
    const close = (): void => {
      if (!open) return;
      open = false;
      this.#streams.delete(stream);
      handlers.onClose?.();
    };
    const guarded = (work: () => void): void => {
      if (!open) return;
      try {
        work();
      } catch (error) {
        stream.fail(error);
      }
    };
    call.on('error', close);
    call.on('cancelled', close);
    call.on('close', close);
    if (this.#closing) {
      stream.fail(shuttingDown());
      return;
    }
    this.#streams.set(stream, kind);
    guarded(() => (handlers = makeHandlers(stream)));
    call.on('drain', () =>
      guarded(() => {
        if ('resume' in call) call.resume();
        handlers.onDrain?.();
      }),
    );
    if (!('pause' in call)) return;
    call.on('data', (request: Request) => guarded(() => handlers.onMessage?.(request)));
    call.on('end', () => {
      close();
      call.end();
    });
  }

  /** Ends all streams of a kind. */
  endAll(kind: string, reason: Refusal): void {
    for (const [stream, ofKind] of this.#streams) if (ofKind === kind) stream.fail(reason);
  }

  /** Ends all streams and refuses new ones. */
  close(): void {
    this.#closing = true;
    for (const stream of this.#streams.keys()) stream.fail(shuttingDown());
  }

  #statusOf(error: unknown): { code: status; details: string; metadata?: Metadata } {
    const refused = asStatus(error);
    if (refused instanceof StatusError) {
      const { code, message, metadata } = refused;
      return { code, details: message, ...(metadata && { metadata }) };
    }
    this.#logger.error({ err: error }, 'a bug: stream handler failed');
    return { code: status.INTERNAL, details: 'internal error' };
  }
}

/** What everyone is told who comes or stays too late. */
export function shuttingDown(): Refusal {
  return new Refusal('SHUTTING_DOWN', 'this control plane is shutting down; try another one');
}
