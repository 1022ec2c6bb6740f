import { SpanKind } from '@opentelemetry/api';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  Ack,
  Hello,
  Nack,
  SubscribeRequest,
  type PlaneServiceClient,
  type Rejection,
  type SubscribeResponse,
} from '../../proto';
import type { Logger } from '../../runtime/logger';
import { contextOf, type Telemetry } from '../../runtime/telemetry';
import type { TableState } from '../nodes';
import type { Replica } from './replica';

export interface SubscriptionOptions {
  readonly client: PlaneServiceClient;
  readonly replica: Replica;
  /** Everything but resume_from. */
  readonly hello: Omit<Hello, 'resumeFrom'>;
  /** False: ask for a whole snapshot. */
  readonly resume: boolean;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  /** A new state, already checked. */
  readonly onState: (state: TableState) => void;
  /** The stream is over, whoever ended it; `resumable` false: the next one must not resume. Called once. */
  readonly onEnd: (reason: string, resumable: boolean) => void;
}

/** One Subscribe stream: hello, then each response applied and acked or nacked. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #stream: ClientDuplexStream<SubscribeRequest, SubscribeResponse>;
  #ended = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    options.replica.startStream();
    this.#stream = options.client.subscribe();
    this.#stream.on('data', (response: SubscribeResponse) => this.#apply(response));
    this.#stream.on('error', (error) => this.#end(error.message, true));
    this.#stream.on('end', () => this.#end('the control plane ended the stream', true));
    const resumeFrom = options.resume ? options.replica.state.revision : undefined;
    this.#send({ $case: 'hello', value: Hello.create({ ...options.hello, resumeFrom }) });
  }

  close(): void {
    this.#ended = true;
    this.#stream.cancel();
  }

  #apply(response: SubscribeResponse): void {
    const { replica, telemetry, onState } = this.#options;
    const span = telemetry.tracer.startSpan(
      'plane.apply',
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          'triplane.revision': response.revision?.index ?? 0,
          'triplane.plane.id': this.#options.hello.planeId,
        },
      },
      contextOf(response.traceparent),
    );
    const result = replica.apply(response);
    switch (result.kind) {
      case 'page':
        this.#ack(response.nonce);
        break;
      case 'state':
        onState(result.state);
        if (result.rejections.length === 0) this.#ack(response.nonce);
        else this.#nack(response.nonce, result.rejections);
        break;
      case 'broken':
        this.#end(result.reason, false);
        break;
    }
    span.setAttribute('triplane.apply', result.kind);
    span.end();
  }

  #ack(nonce: number): void {
    this.#send({ $case: 'ack', value: Ack.create({ nonce }) });
  }

  #nack(nonce: number, rejections: readonly Rejection[]): void {
    for (const { resource, reason } of rejections) {
      this.#options.logger.warn(
        { resource: resource?.value, reason },
        'rejected a resource of the control plane, keeping the old one',
      );
    }
    this.#send({ $case: 'nack', value: Nack.create({ nonce, rejections: [...rejections] }) });
  }

  #send(message: NonNullable<SubscribeRequest['message']>): void {
    this.#stream.write(SubscribeRequest.create({ message }));
  }

  #end(reason: string, resumable: boolean): void {
    if (this.#ended) return;
    this.close();
    this.#options.onEnd(reason, resumable);
  }
}
