import { createHttpPlane } from '../../http-plane';
import { Endpoint, Protocol, Transport, type Node } from '../../proto';
import { loadConfig, type HttpConfig } from '../../runtime/config';
import type { Service } from '../../runtime/service';
import { fakeCore, testNode, type FakeCore } from './fake-core';

export interface HttpPlaneFixture {
  readonly core: FakeCore;
  readonly plane: Service;
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  counter(name: string): number;
  gauge(name: string): number;
}

/** An HTTP plane on a free port of loopback over the given nodes. */
export async function httpPlane(
  nodes: readonly Node[],
  overrides: Partial<HttpConfig> = {},
): Promise<HttpPlaneFixture> {
  const core = fakeCore(Protocol.HTTP, nodes);
  const config: HttpConfig = {
    ...loadConfig().http,
    listen: { host: '127.0.0.1', port: 0 },
    ...overrides,
  };
  const plane = await createHttpPlane(core, config);
  const port = Number(plane.addresses['http']?.split(':').at(-1));
  return {
    core,
    plane,
    port,
    origin: `http://127.0.0.1:${port}`,
    counter: (name) => core.counters.snapshotCounters().get(name) ?? 0,
    gauge: (name) => core.counters.snapshotGauges().get(name) ?? 0,
  };
}

/** A node of the contract with one HTTP port on loopback, and a WebSocket port when given. */
export function httpNode(id: string, port: number, rest: Partial<Node> & { readonly wsPort?: number } = {}): Node {
  const { wsPort, ...fields } = rest;
  const webSocket = wsPort === undefined ? [] : [loopback(Transport.WS, wsPort)];
  return testNode(id, [loopback(Transport.TCP, port), ...webSocket], fields);
}

function loopback(transport: Transport, port: number): Endpoint {
  return Endpoint.create({ protocol: Protocol.HTTP, transport, host: '127.0.0.1', port });
}
