import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port';
import { until } from './until';

interface Ports {
  readonly http: number;
  readonly server: number;
  readonly lan: number;
  readonly wan: number;
}

/** Three Consul servers that elect a leader, each of which can be killed and started again with what it has on disk. */
export class ConsulServers {
  readonly #binary: string;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'triplane-consul-'));
  readonly #ports: Ports[] = [];
  readonly #processes: (ChildProcess | undefined)[] = [];

  constructor(binary: string) {
    this.#binary = binary;
    // Elections as fast as on production servers.
    writeFileSync(path.join(this.#folder, 'fast.json'), JSON.stringify({ performance: { raft_multiplier: 1 } }));
  }

  async start(): Promise<void> {
    for (let i = 0; i < 3; i += 1) {
      const [http, server, lan, wan] = [await freePort(), await freePort(), await freePort(), await freePort()];
      this.#ports.push({ http, server, lan, wan });
    }
    for (let i = 0; i < 3; i += 1) this.run(i);
    await until('there is a leader', () => this.leader().then((index) => index >= 0), 30_000);
  }

  /** HTTP address of one. */
  address(index: number): string {
    return `127.0.0.1:${this.#ports[index]?.http}`;
  }

  /** Which one leads; -1: none. Asks those that run. */
  async leader(): Promise<number> {
    for (const [index, child] of this.#processes.entries()) {
      if (child === undefined) continue;
      const text = await fetch(`http://${this.address(index)}/v1/status/leader`).then(
        (response) => response.text(),
        () => '',
      );
      const found = this.#ports.findIndex(({ server }) => text.includes(`:${server}"`));
      if (found >= 0 && this.#processes[found] !== undefined) return found;
    }
    return -1;
  }

  run(index: number): void {
    const { http, server, lan, wan } = this.#ports[index] as Ports;
    const join = this.#ports.map((ports) => `-retry-join 127.0.0.1:${ports.lan}`).join(' ');
    const args = `agent -server -bootstrap-expect 3 -node s${index} -data-dir ${path.join(this.#folder, `${index}`)}
      -config-file ${path.join(this.#folder, 'fast.json')} -bind 127.0.0.1 -client 127.0.0.1 -log-level err
      -http-port ${http} -dns-port -1 -grpc-port -1 -server-port ${server} -serf-lan-port ${lan}
      -serf-wan-port ${wan} -retry-interval 1s ${join}`;
    this.#processes[index] = spawn(this.#binary, args.split(/\s+/), { stdio: 'ignore' });
  }

  async kill(index: number): Promise<void> {
    const child = this.#processes[index];
    this.#processes[index] = undefined;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }

  async close(): Promise<void> {
    for (const index of this.#processes.keys()) await this.kill(index);
    rmSync(this.#folder, { recursive: true });
  }
}
