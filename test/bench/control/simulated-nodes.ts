import type { ClientDuplexStream } from '@grpc/grpc-js';
import {
  Endpoint,
  KeepAliveRequest,
  Node,
  Protocol,
  RegisterRequest,
  Transport,
  type KeepAliveResponse,
  type NodeServiceClient,
} from '../../../proto';
import { callUnary } from '../../../runtime/grpc';

const LEASES_PER_STREAM = 100;
const REGISTERING_AT_ONCE = 50;
/** Each stream's leases are spread over so many slices of the interval, as nodes of their own would be. */
const SLICES = 10;

interface Stream {
  readonly call: ClientDuplexStream<KeepAliveRequest, KeepAliveResponse>;
  readonly leases: string[];
}

/** Many nodes in one process: they register one by one and send heartbeats over a few streams. */
export class SimulatedNodes {
  readonly #client: NodeServiceClient;
  readonly #intervalMs: number;
  readonly #streams: Stream[] = [];
  #timer: NodeJS.Timeout | undefined;
  #slice = 0;
  sent = 0;
  answered = 0;
  unknown = 0;

  constructor(client: NodeServiceClient, intervalMs: number) {
    this.#client = client;
    this.#intervalMs = intervalMs;
  }

  /** Heartbeats begin with the first registration. */
  async register(count: number): Promise<void> {
    this.#timer = setInterval(() => this.#beat(), this.#intervalMs / SLICES);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const index = next;
        next += 1;
        this.#streamFor(index).leases.push(await this.change(index, 100));
      }
    };
    await Promise.all(Array.from({ length: REGISTERING_AT_ONCE }, worker));
  }

  /** Registers a node (again) with a weight; the control plane commits what changed. Resolves to its lease. */
  async change(index: number, weight: number): Promise<string> {
    const host = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    const endpoints = [
      Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host, port: 5080 }),
      Endpoint.create({ protocol: Protocol.HTTP, transport: Transport.TCP, host, port: 8080 }),
    ];
    const node = Node.create({ nodeId: `n${index}`, incarnation: 'i1', endpoints, weight });
    const answer = await callUnary(this.#client, this.#client.register, RegisterRequest.create({ node }), {
      timeoutMs: 30_000,
    });
    return answer.leaseId;
  }

  /** The last nodes stop sending, without a word. */
  silence(count: number): void {
    for (const { leases } of this.#streams.slice(-count / LEASES_PER_STREAM)) leases.length = 0;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { call } of this.#streams) call.cancel();
  }

  #streamFor(index: number): Stream {
    const place = Math.floor(index / LEASES_PER_STREAM);
    return (this.#streams[place] ??= this.#open());
  }

  #open(): Stream {
    const call = this.#client.keepAlive();
    call.on('data', ({ known }: KeepAliveResponse) => {
      this.answered += 1;
      if (!known) this.unknown += 1;
    });
    call.on('error', () => undefined);
    return { call, leases: [] };
  }

  #beat(): void {
    this.#slice = (this.#slice + 1) % SLICES;
    for (const { call, leases } of this.#streams) {
      for (let i = this.#slice; i < leases.length; i += SLICES) {
        call.write(KeepAliveRequest.create({ leaseId: leases[i] ?? '' }));
        this.sent += 1;
      }
    }
  }
}
