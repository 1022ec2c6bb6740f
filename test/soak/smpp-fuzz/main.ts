import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { startService, type RunningProcess } from '../../support/processes';
import { seededRandom } from '../../support/seeded-random';
import { RawSmsc, boundEsme } from '../../support/smpp-peer';
import { until } from '../../support/until';
import { Fuzzers } from './fuzzers';
import { rssMb } from './rss';
import { silentSink } from './silent-sink';
import { SteadyLoad, quantilesOf, type Quantiles } from './steady-load';

/**
 * `npm run soak smpp-fuzz -- [--frames 100000] [--pace 3000] [--idle 10]`: mutated frames from ESMEs and an SMSC against a running plane in session
 * and pool mode, while 20 other sessions submit: prints their p99 with nothing else to do and meanwhile, and the plane's memory. Then
 * floods towards SMSCs that do not answer, and do not read. Ends with 1 when the plane dies, a session is lost or deaf, or memory grows.
 */
const SESSIONS = 20;
const RATE = 400;
const PARALLEL = 4;
const MAX_GROWTH_MB = 96;
const MAX_SILENT_MB = 200;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    frames: { type: 'string', default: '100000' },
    pace: { type: 'string', default: '3000' },
    idle: { type: 'string', default: '10' },
  },
});
const FRAMES = Number(values.frames);
/** Mutated frames a second: the fuzzers share the machine with what they are to leave undisturbed. */
const PACE = Number(values.pace);
const IDLE_MS = Number(values.idle) * 1000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Outcome {
  readonly frames: number;
  readonly idle: Quantiles;
  readonly meanwhile: Quantiles;
  readonly rss: readonly number[];
  readonly faults: readonly string[];
}

async function fuzz(mode: 'session' | 'pool'): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-smpp-fuzz-'));
  const file = path.join(folder, 'triplane.yaml');
  const [well, wild] = [await RawSmsc.start(), await RawSmsc.start()];
  well.keep = false;
  const write = (...smscs: readonly RawSmsc[]): void => {
    const servers = smscs.map(({ port }) => `127.0.0.1:${port}`);
    writeFileSync(file, JSON.stringify({ smpp: { remoteServers: servers } }));
  };
  // The well-behaved bind while there is one SMSC, so that in session mode the wild one has only those that misbehave.
  write(well);
  const set = ['listen.port=0', 'admin.port=0', `mode=${mode}`, 'responseTimeoutMs=500', 'maxInFlight=100'];
  const plane = await startService('smpp-plane', {
    config: file,
    set: [...set.map((one) => `smpp.${one}`), `cluster.stateDir=${folder}`, 'log.level=error'],
  });
  const address = plane.addresses['smpp'] ?? '';
  const steady = await SteadyLoad.start(address, { sessions: SESSIONS, rate: RATE });
  write(well, wild);
  process.kill(plane.pid, 'SIGHUP');
  await pause(1000);
  await steady.report();
  await pause(IDLE_MS);
  const idle = quantilesOf((await steady.report()).latencies);

  const rss = [rssMb(plane.pid)];
  const random = seededRandom(mode === 'session' ? 5 : 6);
  const fuzzers = new Fuzzers(address, wild, (limit) => Math.floor(random() * limit));
  const from = performance.now();
  const run = async (frames: number): Promise<void> => {
    while (fuzzers.frames < frames) {
      await fuzzers.once();
      await pause(Math.max(0, (fuzzers.frames / PACE) * 1000 - (performance.now() - from)));
    }
  };
  for (const share of [0.5, 1]) {
    await Promise.all(Array.from({ length: PARALLEL }, () => run(FRAMES * share)));
    rss.push(rssMb(plane.pid));
  }
  const { latencies, failures, open } = await steady.report();
  const faults: string[] = [];
  if (plane.exitCode() !== undefined) faults.push(`the plane ended: ${plane.output()}`);
  if (open !== SESSIONS) faults.push(`${SESSIONS - open} of the other sessions were lost`);
  if (failures.length > 0)
    faults.push(`${failures.length} submits of other sessions were refused: ${[...new Set(failures)].join(' ')}`);
  await pause(1000);
  if ((await steady.report()).unanswered > RATE / 2) faults.push('submits of other sessions stay unanswered');
  const fresh = await boundEsme(address, 'fresh');
  if ((await fresh.ask(0x15, 7)).status !== 0) faults.push('a fresh session is deaf');
  fresh.destroy();
  if ((rss[2] ?? 0) - (rss[0] ?? 0) > MAX_GROWTH_MB) faults.push('memory grew');
  steady.stop();
  await until('every connection is gone', async () => (await connections(plane)) === 0, 30_000).catch(() =>
    faults.push('connections are left'),
  );
  await plane.stop();
  await Promise.all([well.close(), wild.close()]);
  rmSync(folder, { recursive: true, force: true });
  return { frames: fuzzers.frames, idle, meanwhile: quantilesOf(latencies), rss, faults };
}

async function connections(plane: RunningProcess): Promise<number> {
  const metrics = await (await fetch(`http://${plane.addresses['admin']}/metrics`)).text();
  return Number(/^\w*smpp_connections\S*\s+(\d+)/m.exec(metrics)?.[1] ?? Number.NaN);
}

const ms = ({ count, p50Ms, p99Ms }: Quantiles): string =>
  `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms of ${count} submits`;

async function main(): Promise<void> {
  let faults = 0;
  const judge = (found: readonly string[]): void => {
    for (const fault of found) say(`  FAULT: ${fault}`);
    faults += found.length;
  };
  for (const mode of ['session', 'pool'] as const) {
    const { frames, idle, meanwhile, rss, faults: found } = await fuzz(mode);
    say(`${mode} mode, ${frames} mutated frames; ${SESSIONS} other sessions`);
    say(`  idle:      ${ms(idle)}\n  meanwhile: ${ms(meanwhile)}`);
    say(`  RSS at start, middle, end: ${rss.map((mb) => mb.toFixed(0)).join(', ')} MB`);
    judge(found);
  }
  for (const kind of ['does not answer', 'does not read'] as const) {
    const { sent, highestMb } = await silentSink(kind);
    say(`an SMSC that ${kind}: ${sent} MB offered by 100 ESMEs, highest RSS ${highestMb.toFixed(0)} MB`);
    judge(highestMb < MAX_SILENT_MB ? [] : [`expected less than ${MAX_SILENT_MB} MB`]);
  }
  process.exitCode = faults === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
