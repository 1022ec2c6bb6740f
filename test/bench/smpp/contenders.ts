import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A process between the generator and the sink. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** User and system time of the process so far, microseconds; undefined: there is no process. */
  cpuMicros(): number | undefined;
  /** Resident set, MB. */
  rssMb(): number | undefined;
  stop(): Promise<void>;
}

export interface SinkPorts {
  readonly smsc: number;
  readonly collector: number;
}

const ROOT = path.resolve(__dirname, '..', '..', '..', '..', '..');
const FIRST_PORT = 29_100;
let ports = FIRST_PORT;

/** No process between: what the harness itself costs. */
export function direct(sink: SinkPorts): Contender {
  return { name: 'direct', port: sink.smsc, cpuMicros: () => undefined, rssMb: () => undefined, stop: async () => {} };
}

/** Triplane's SMPP plane as `npm start` runs it, without a control plane; `traceRatio`: share of submits that are traced. */
export async function triplane(
  sink: SinkPorts,
  { name, traceRatio, settings = [] }: { name: string; traceRatio?: number; settings?: readonly string[] },
): Promise<Contender> {
  const port = (ports += 1);
  const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-bench-'));
  const sets = [
    `smpp.listen.port=${port}`,
    'smpp.admin.port=0',
    `smpp.remoteServers=["127.0.0.1:${sink.smsc}"]`,
    `cluster.stateDir=${stateDir}`,
    'log.level=error',
    ...(traceRatio === undefined ? [] : [`telemetry.traceRatio=${traceRatio}`]),
    ...settings,
  ];
  const env =
    traceRatio === undefined
      ? process.env
      : {
          ...process.env,
          OTEL_TRACES_EXPORTER: 'otlp',
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.collector}`,
        };
  const child = fork(
    path.join(ROOT, 'dist', 'smpp-plane', 'main.js'),
    sets.flatMap((set) => ['--set', set]),
    { env },
  );
  await isReady(child);
  const contender = processContender(name, port, child);
  return {
    ...contender,
    async stop() {
      await contender.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** A relay of two `smpp` sessions. */
export async function nodeSmppRelay(sink: SinkPorts): Promise<Contender> {
  const port = (ports += 1);
  const child = fork(path.join(__dirname, 'relay.js'), [String(port), String(sink.smsc)]);
  await isReady(child);
  return processContender('node-smpp relay', port, child);
}

/** HAProxy in mode tcp with one thread; undefined when it is not installed. */
export async function haproxy(sink: SinkPorts): Promise<Contender | undefined> {
  if (spawnSync('haproxy', ['-v']).status !== 0) return undefined;
  const port = (ports += 1);
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-bench-'));
  const file = path.join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    [
      'global',
      '  nbthread 1',
      'defaults',
      '  mode tcp',
      '  timeout connect 5s',
      '  timeout client 60s',
      '  timeout server 60s',
      'listen smpp',
      `  bind 127.0.0.1:${port}`,
      `  server sink 127.0.0.1:${sink.smsc}`,
      '',
    ].join('\n'),
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  await accepts(port);
  const contender = processContender('haproxy tcp', port, child);
  return {
    ...contender,
    async stop() {
      await contender.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function processContender(name: string, port: number, child: ChildProcess): Contender {
  const pid = child.pid ?? 0;
  return {
    name,
    port,
    cpuMicros: () => cpuMicrosOf(pid),
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Clock ticks of Linux are 10 ms. */
function cpuMicrosOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Waits for the first message of a child; fails when it ends instead. */
async function isReady(child: ChildProcess): Promise<void> {
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`a contender ended with ${String(code)} before it was ready`);
    }),
  ]);
}

async function accepts(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => {
        setTimeout(() => resolve(false), 50);
      });
    });
    if (open) return;
  }
  throw new Error(`nothing listens on ${port}`);
}
