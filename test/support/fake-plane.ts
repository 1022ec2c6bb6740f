import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import {
  Ack,
  AlgorithmDescriptor,
  Hello,
  Nack,
  Protocol,
  Rejection,
  SubscribeRequest,
  type PlaneServiceClient,
  type SubscribeResponse,
} from '../../proto';

/** A plane as the control plane sees it: subscribes over gRPC and answers when the test says so. */
export class FakePlane {
  readonly got: SubscribeResponse[] = [];
  readonly #stream: ClientDuplexStream<SubscribeRequest, SubscribeResponse>;
  #error: ServiceError | undefined;

  /** `hello` undefined: says nothing. */
  constructor(client: PlaneServiceClient, hello?: Partial<Hello>) {
    this.#stream = client.subscribe();
    this.#stream.on('data', (response: SubscribeResponse) => void this.got.push(response));
    this.#stream.on('error', (error: ServiceError) => void (this.#error = error));
    if (hello !== undefined) this.hello(hello);
  }

  hello(hello: Partial<Hello> = {}): void {
    const algorithms = [
      AlgorithmDescriptor.create({ name: 'round-robin' }),
      AlgorithmDescriptor.create({ name: 'call-id-affinity', parameters: ['maxEntries'] }),
    ];
    const value = Hello.create({ planeId: 'p1', incarnation: 'i1', protocol: Protocol.SIP, algorithms, ...hello });
    this.send({ $case: 'hello', value });
  }

  /** Answers the last response. */
  ack(nonce = this.last.nonce): void {
    this.send({ $case: 'ack', value: Ack.create({ nonce }) });
  }

  nack(resource: Rejection['resource'], reason = 'no'): void {
    const rejections = [Rejection.create({ resource, reason })];
    this.send({ $case: 'nack', value: Nack.create({ nonce: this.last.nonce, rejections }) });
  }

  send(message: SubscribeRequest['message']): void {
    this.#stream.write(SubscribeRequest.create({ message }));
  }

  get last(): SubscribeResponse {
    const last = this.got.at(-1);
    if (last === undefined) throw new Error('nothing was received yet');
    return last;
  }

  /** How the stream ended, if it did. */
  get error(): ServiceError | undefined {
    return this.#error;
  }

  close(): void {
    this.#stream.on('error', () => undefined);
    this.#stream.cancel();
  }
}
