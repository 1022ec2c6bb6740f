import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { KeepAliveRequest, KeepAliveResponse, NodeServiceClient } from '../proto';
import { messageOf } from '../runtime/errors';

export interface LeaseStreamEvents {
  readonly onAnswer: (answer: KeepAliveResponse) => void;
  /** At most once, and not after `close()`. */
  readonly onBroken: (reason: string) => void;
}

/** One KeepAlive call. It has no deadline, since a deadline would end it; whoever owns it watches for silence. */
export class LeaseStream {
  readonly #call: ClientDuplexStream<KeepAliveRequest, KeepAliveResponse>;
  readonly #events: LeaseStreamEvents;
  #over = false;

  constructor(client: NodeServiceClient, events: LeaseStreamEvents) {
    this.#events = events;
    this.#call = client.keepAlive();
    this.#call.on('data', (answer: KeepAliveResponse) => {
      if (!this.#over) events.onAnswer(answer);
    });
    this.#call.on('error', (error) => this.#broken(messageOf(error)));
    this.#call.on('end', () => this.#broken('the control plane ended the stream'));
  }

  send(request: KeepAliveRequest): void {
    if (!this.#over) this.#call.write(request);
  }

  /** Cancels the call: a stream that is only dropped stays open at the server. */
  close(): void {
    this.#over = true;
    this.#call.cancel();
  }

  #broken(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#events.onBroken(reason);
  }
}
