import { configSchema, type SmppConfig } from '../../runtime/config';
import { Protocol, Transport, type Node } from '../../proto';
import { createSmppPlane } from '../../smpp-plane';
import { fakeCore, testNode, type FakeCore } from './fake-core';
import type { RawSmsc } from './smpp-peer';

/** A running SMPP plane without a control plane. */
export interface TestSmppPlane {
  readonly core: FakeCore;
  readonly address: string;
  readonly addresses: Readonly<Record<string, string>>;
  counter(name: string): number;
  gauge(name: string): number;
  useRemoteServers(remoteServers: readonly string[]): void;
  close(): Promise<void>;
}

/** The SMPP configuration with a free port and short waits; `overrides` win. */
export function testSmppConfig(overrides: Partial<SmppConfig> = {}): SmppConfig {
  const { smpp } = configSchema.parse({});
  return {
    ...smpp,
    listen: { host: '127.0.0.1', port: 0 },
    reconnectMs: 50,
    ...overrides,
  };
}

/** An SMSC of a test as a registered node. */
export function smscNode(id: string, smsc: Pick<RawSmsc, 'port'>, rest: Partial<Node> = {}): Node {
  return testNode(
    id,
    [{ protocol: Protocol.SMPP, transport: Transport.TCP, host: '127.0.0.1', port: smsc.port }],
    rest,
  );
}

export async function startTestPlane(
  nodes: readonly Node[],
  overrides: Partial<SmppConfig> = {},
  core: FakeCore = fakeCore(Protocol.SMPP, nodes),
): Promise<TestSmppPlane> {
  const plane = await createSmppPlane(core, testSmppConfig(overrides));
  return {
    core,
    address: plane.addresses['smpp'] ?? '',
    addresses: plane.addresses,
    counter: (name) => core.counters.snapshotCounters().get(name) ?? 0,
    gauge: (name) => core.counters.snapshotGauges().get(name) ?? 0,
    useRemoteServers: (remoteServers) => plane.useRemoteServers({ remoteServers }),
    close: () => plane.close(),
  };
}
