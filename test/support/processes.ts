import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until';

/** Where the built services are. */
export const DIST = path.join(packageRoot(__dirname), 'dist');

/** The checkout, whether this file runs from its sources or from a compiled copy inside it. */
function packageRoot(folder: string): string {
  return existsSync(path.join(folder, 'package.json')) ? folder : packageRoot(path.dirname(folder));
}

export type Room = 'control-plane' | 'sip-plane' | 'http-plane' | 'smpp-plane';

/** A process of the product, as a test sees it. */
export interface RunningProcess {
  readonly pid: number;
  /** Listener name to `host:port`; empty for commands. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Everything that it wrote so far, both streams. */
  readonly output: () => string;
  /** Undefined while it runs. */
  readonly exitCode: () => number | undefined;
  /** Sends the signal (default SIGTERM) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function manage(child: ChildProcess): Omit<RunningProcess, 'addresses'> {
  running.add(child);
  let output = '';
  let exitCode: number | undefined;
  const append = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout?.on('data', append);
  child.stderr?.on('data', append);
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      exitCode = code ?? (signal === null ? 0 : 128);
      running.delete(child);
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exitCode: () => exitCode,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}

export interface ServiceOptions {
  /** The file for --config. */
  readonly config?: string;
  /** `key=value`, as for --set. */
  readonly set?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Network namespace to run in. */
  readonly namespace?: string;
}

/** Starts the built main of a service and waits until it is ready. */
export async function startService(room: Room, options: ServiceOptions = {}): Promise<RunningProcess> {
  const args = (options.set ?? []).flatMap((assignment) => ['--set', assignment]);
  if (options.config !== undefined) args.push('--config', options.config);
  const { namespace, env } = options;
  const inside =
    namespace === undefined ? {} : { execPath: 'ip', execArgv: ['netns', 'exec', namespace, process.execPath] };
  const main = path.join(DIST, room, 'main.js');
  const child = fork(main, args, { silent: true, env: { ...process.env, ...env }, ...inside });
  let addresses: Readonly<Record<string, string>> | undefined;
  child.on('message', (message: { type?: unknown; addresses?: Readonly<Record<string, string>> }) => {
    if (message.type === 'ready') addresses = message.addresses ?? {};
  });
  const managed = manage(child);
  await until(`${room} is ready`, () => {
    if (managed.exitCode() !== undefined)
      throw new Error(`${room} ended with ${managed.exitCode()}:\n${managed.output()}`);
    return addresses;
  });
  return { ...managed, addresses: addresses ?? {} };
}

/** Starts any program; the caller waits for what it does. */
export function startProgram(command: string, args: readonly string[], cwd?: string): RunningProcess {
  return { ...manage(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd })), addresses: {} };
}

/** The arguments that run the built `triplane` command under Node. */
export const TRIPLANE: readonly string[] = [path.join(DIST, 'cli', 'main.js')];

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `triplane ARGS` to its end. Blocks: not for commands that talk to this very process. */
export function triplane(...args: readonly string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...TRIPLANE, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: status ?? -1, stdout, stderr };
}

/** One control plane and three planes on free ports, their state in a folder of their own. */
export class Cluster {
  readonly stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-test-'));
  readonly #env: Readonly<Record<string, string>>;
  readonly #set: readonly string[];
  readonly #processes = new Set<RunningProcess>();
  #control: RunningProcess | undefined;
  #sip: RunningProcess | undefined;
  #http: RunningProcess | undefined;
  #smpp: RunningProcess | undefined;

  constructor(options: ServiceOptions = {}) {
    this.#set = options.set ?? [];
    this.#env = options.env ?? {};
  }

  get control(): RunningProcess {
    return started(this.#control);
  }
  get sip(): RunningProcess {
    return started(this.#sip);
  }
  get http(): RunningProcess {
    return started(this.#http);
  }
  get smpp(): RunningProcess {
    return started(this.#smpp);
  }

  /** All four; waits until every plane has the control plane's state. */
  async start(): Promise<this> {
    await this.startControl();
    await Promise.all([this.startSip(), this.startHttp(), this.startSmpp()]);
    await until('every plane is ready', async () => {
      const answers = await Promise.all(
        [this.sip, this.http, this.smpp].map(({ addresses }) => fetch(`http://${addresses['admin']}/readyz`)),
      );
      return answers.every(({ ok }) => ok);
    });
    return this;
  }

  /** The first time on free ports, then again on the same ones. */
  async startControl(): Promise<RunningProcess> {
    const port = (name: string): string => this.#control?.addresses[name]?.split(':').at(-1) ?? '0';
    const set = ['grpc', 'admin', 'http'].map((name) => `control.${name}.port=${port(name)}`);
    return (this.#control = await this.#startService('control-plane', set));
  }

  async startSip(): Promise<RunningProcess> {
    const port = (name: string): string => this.#sip?.addresses[name]?.split(':').at(-1) ?? '0';
    const set = ['external', 'internal'].flatMap((leg) =>
      ['udp', 'tcp'].map((transport) => `sip.${leg}.${transport}Port=${port(`${leg}.${transport}`)}`),
    );
    return (this.#sip = await this.#startService('sip-plane', [...set, 'sip.admin.port=0', 'sip.planeId=sip-test']));
  }

  async startHttp(set: readonly string[] = []): Promise<RunningProcess> {
    const port = this.#http?.addresses['http']?.split(':').at(-1) ?? '0';
    return (this.#http = await this.#startService('http-plane', [
      `http.listen.port=${port}`,
      'http.admin.port=0',
      'http.planeId=http-test',
      ...set,
    ]));
  }

  async startSmpp(): Promise<RunningProcess> {
    const port = this.#smpp?.addresses['smpp']?.split(':').at(-1) ?? '0';
    return (this.#smpp = await this.#startService('smpp-plane', [
      `smpp.listen.port=${port}`,
      'smpp.admin.port=0',
      'smpp.planeId=smpp-test',
    ]));
  }

  /** `triplane node ...` for this cluster; waits until the control plane lists the node as ACTIVE. */
  async startNode(id: string, ...args: readonly string[]): Promise<RunningProcess> {
    const agent = startProgram(process.execPath, [
      ...TRIPLANE,
      'node',
      '--id',
      id,
      '--address',
      '127.0.0.1',
      ...this.#controlArgs(),
      ...args,
    ]);
    this.#processes.add(agent);
    await until(`node ${id} is ACTIVE`, () => {
      if (agent.exitCode() !== undefined) throw new Error(`node ${id} ended:\n${agent.output()}`);
      return this.nodeState(id).then((state) => state === 'ACTIVE');
    });
    return agent;
  }

  /** The node's state as `/lbinfo` shows it, or undefined. */
  async nodeState(id: string): Promise<string | undefined> {
    return (await this.nodes()).get(id);
  }

  /** Node id to state. */
  async nodes(): Promise<Map<string, string>> {
    const { stdout } = await this.command('nodes', '--json');
    const { nodes } = JSON.parse(stdout) as { nodes: readonly { nodeId: string; state: string }[] };
    return new Map(nodes.map(({ nodeId, state }) => [nodeId, state.replace('NODE_STATE_', '')]));
  }

  /** Runs `triplane ARGS` against this cluster without blocking this process. */
  async command(...args: readonly string[]): Promise<CommandResult> {
    const child = spawn(process.execPath, [...TRIPLANE, ...args, '--admin', this.control.addresses['admin'] ?? '']);
    running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise<number>((resolve) => {
      child.once('close', (code) => resolve(code ?? -1));
    });
    running.delete(child);
    return { status, stdout, stderr };
  }

  /** `/lbstat` of the control plane. */
  async lbstat(): Promise<{
    readonly Metrics: Readonly<Record<string, unknown>> & { readonly counters: Readonly<Record<string, number>> };
  }> {
    const answer = await fetch(`http://${this.control.addresses['http']}/lbstat`);
    return (await answer.json()) as Awaited<ReturnType<Cluster['lbstat']>>;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#processes].filter((one) => one.exitCode() === undefined).map((one) => one.stop('SIGKILL')),
    );
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  #controlArgs(): string[] {
    return ['--set', `cluster.controlPlanes=["${this.control.addresses['grpc']}"]`];
  }

  async #startService(room: Room, set: readonly string[]): Promise<RunningProcess> {
    const shared = ['log.format=json', `cluster.stateDir=${this.stateDir}`];
    if (this.#control !== undefined) shared.push(`cluster.controlPlanes=["${this.#control.addresses['grpc']}"]`);
    const service = await startService(room, { set: [...shared, ...set, ...this.#set], env: this.#env });
    this.#processes.add(service);
    return service;
  }
}

function started(service: RunningProcess | undefined): RunningProcess {
  if (service === undefined) throw new Error('not started');
  return service;
}
