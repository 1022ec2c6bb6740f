import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  Ack,
  AlgorithmDescriptor,
  Hello,
  Protocol,
  SubscribeRequest,
  type PlaneServiceClient,
  type SubscribeResponse,
} from '../../../proto';

/** Called for each response that a plane has acked. */
export type OnAck = (index: number) => void;

/** Many planes in one process: they subscribe and ack everything. */
export class SimulatedPlanes {
  readonly #calls: ClientDuplexStream<SubscribeRequest, SubscribeResponse>[] = [];
  /** Nodes that the first plane holds. */
  readonly nodes = new Set<string>();
  guardActive = false;
  #listening: OnAck = () => undefined;

  /** Resolves when each holds a whole snapshot. */
  async subscribe(client: PlaneServiceClient, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, index) => this.#subscribe(client, index)));
  }

  onAck(listener: OnAck): void {
    this.#listening = listener;
  }

  close(): void {
    for (const call of this.#calls) call.cancel();
  }

  #subscribe(client: PlaneServiceClient, index: number): Promise<void> {
    const call = client.subscribe();
    this.#calls.push(call);
    call.on('error', () => undefined);
    const hello = Hello.create({
      planeId: `p${index}`,
      incarnation: 'i1',
      protocol: Protocol.SIP,
      algorithms: [AlgorithmDescriptor.create({ name: 'round-robin' })],
    });
    call.write(SubscribeRequest.create({ message: { $case: 'hello', value: hello } }));
    return new Promise((resolve) => {
      call.on('data', (response: SubscribeResponse) => {
        if (index === 0) this.#hold(response);
        const ack = Ack.create({ nonce: response.nonce });
        call.write(SubscribeRequest.create({ message: { $case: 'ack', value: ack } }));
        if (response.content?.$case === 'snapshot' && !response.content.value.more) resolve();
        this.#listening(response.revision?.index ?? 0);
      });
    });
  }

  #hold({ content }: SubscribeResponse): void {
    if (content === undefined) return;
    const nodes = content.$case === 'snapshot' ? content.value.nodes : content.value.upserts;
    for (const { nodeId } of nodes) this.nodes.add(nodeId);
    if (content.$case === 'delta') for (const id of content.value.removals) this.nodes.delete(id);
    this.guardActive = content.value.settings?.guardActive ?? this.guardActive;
  }
}
