import {
  AlgorithmCatalog,
  Balancer,
  DEFAULT_POOL,
  LiveRegistry,
  NodeTable,
  type PlaneCore,
  type TableListener,
} from '../../data-plane';
import {
  ClusterSettings,
  Node,
  NodeState,
  RoutingConfig,
  fromMs,
  type Endpoint,
  type Protocol,
  type SipHeartbeat,
} from '../../proto';
import { systemClock, type Clock } from '../../runtime/clock';
import { Counters } from '../../runtime/counters';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';

/** A plane's core without a control plane: tests set its nodes and algorithm. */
export interface FakeCore extends PlaneCore {
  /** Replaces all nodes. */
  setNodes(nodes: readonly Node[]): void;
  setAlgorithm(algorithm: string, parameters?: Readonly<Record<string, string>>): void;
  readonly heartbeats: readonly SipHeartbeat[];
}

/** A node of the contract with the fields that tests care for. */
export function testNode(id: string, endpoints: readonly Endpoint[], rest: Partial<Node> = {}): Node {
  return Node.create({ nodeId: id, incarnation: 'i1', endpoints: [...endpoints], state: NodeState.ACTIVE, ...rest });
}

export function fakeCore(protocol: Protocol, nodes: readonly Node[] = [], clock: Clock = systemClock): FakeCore {
  const settings = ClusterSettings.create({
    leaseTtl: fromMs(6000),
    guardActive: false,
    hintKeys: [{ keyId: 'a', secret: Buffer.alloc(32, 7) }],
  });
  let index = 0;
  let held = nodes;
  let config = RoutingConfig.create({ protocol, pool: DEFAULT_POOL, algorithm: 'round-robin' });
  const lives = new LiveRegistry();
  const build = (): NodeTable =>
    new NodeTable(
      {
        revision: { lineage: 'test', index: (index += 1) },
        nodes: new Map(held.map((node) => [node.nodeId, node])),
        configs: new Map([[DEFAULT_POOL, config]]),
        settings,
      },
      protocol,
      lives,
    );
  let table = build();
  const listeners: TableListener[] = [];
  const balancer = new Balancer(table, { catalog: new AlgorithmCatalog(), clock, random: Math.random });
  const swap = (): void => {
    const previous = table;
    table = build();
    balancer.use(table);
    for (const listener of listeners) listener(table, previous);
  };
  const heartbeats: SipHeartbeat[] = [];
  return {
    protocol,
    get table() {
      return table;
    },
    balancer,
    counters: new Counters(),
    clock,
    random: Math.random,
    logger: silentLogger(),
    telemetry: noTelemetry,
    heartbeats,
    onTable: (listener) => void listeners.push(listener),
    reportSipHeartbeat: (heartbeat) => void heartbeats.push(heartbeat),
    setNodes(next) {
      held = next;
      swap();
    },
    setAlgorithm(algorithm, parameters = {}) {
      config = RoutingConfig.create({
        protocol,
        pool: DEFAULT_POOL,
        algorithm,
        parameters: new Map(Object.entries(parameters)),
      });
      swap();
    },
  };
}
