import type { Cluster, RunningProcess } from '../../support/processes';
import { SipServer } from '../../support/sip-endpoints';

/** A node of the soak: a SIP server in this process and its agent in another. */
export interface ChurnNode {
  readonly id: string;
  readonly server: SipServer;
  readonly agent: RunningProcess;
  /** Set when it was killed: performance.now(). */
  crashedAtMs?: number;
}

/** Nodes that join, leave, drain, resume and crash, one event at a time, round and round. */
export class NodeChurn {
  /** All that ever were. */
  readonly nodes: ChurnNode[] = [];
  readonly #cluster: Cluster;
  readonly #alive = new Set<ChurnNode>();
  #serial = 0;
  #events = 0;
  #drained: ChurnNode | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async join(): Promise<string> {
    const server = await SipServer.start();
    const id = `node${(this.#serial += 1)}`;
    const agent = await this.#cluster.startNode(id, '--sip-udp', `${server.port}`, '--drain-timeout', '120');
    const node: ChurnNode = { id, server, agent };
    this.nodes.push(node);
    this.#alive.add(node);
    return `${id} joins`;
  }

  /** The next event; keeps four nodes or more alive. */
  async next(): Promise<string> {
    const events = [
      () => this.join(),
      () => this.#crash(),
      () => this.join(),
      () => this.#leave(),
      () => this.#drain(),
      () => this.#resume(),
    ];
    const event = events[(this.#events += 1) % events.length];
    return (await event?.()) ?? 'nothing';
  }

  async close(): Promise<void> {
    for (const { server, crashedAtMs } of this.nodes) if (crashedAtMs === undefined) server.close();
    await Promise.all([...this.#alive].map(({ agent }) => agent.stop('SIGKILL')));
  }

  #oldest(): ChurnNode | undefined {
    return [...this.#alive].find((node) => node !== this.#drained);
  }

  async #crash(): Promise<string> {
    const node = this.#oldest();
    if (node === undefined || this.#alive.size < 4) return 'too few nodes to crash one';
    this.#alive.delete(node);
    node.server.close();
    node.crashedAtMs = performance.now();
    await node.agent.stop('SIGKILL');
    return `${node.id} crashes`;
  }

  /** The agent asks for a drain and goes; the server keeps serving the calls that it has. */
  async #leave(): Promise<string> {
    const node = this.#oldest();
    if (node === undefined || this.#alive.size < 4) return 'too few nodes for one to leave';
    this.#alive.delete(node);
    await node.agent.stop('SIGTERM');
    return `${node.id} leaves`;
  }

  async #drain(): Promise<string> {
    this.#drained = [...this.#alive].at(-1);
    if (this.#drained === undefined) return 'no node to drain';
    await this.#cluster.command('drain', this.#drained.id);
    return `${this.#drained.id} is drained`;
  }

  async #resume(): Promise<string> {
    const node = this.#drained;
    this.#drained = undefined;
    if (node === undefined) return 'no node to resume';
    await this.#cluster.command('resume', node.id);
    return `${node.id} is resumed`;
  }
}
