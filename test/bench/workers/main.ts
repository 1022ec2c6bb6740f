import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { freePort } from '../../support/free-port';
import { Cluster, type RunningProcess } from '../../support/processes';
import { until } from '../../support/until';
import { nginxNode } from '../http/contenders';
import { compileGenerator, type Load } from '../sip/compile-generator';

const run = promisify(execFile);
const SECONDS = Number(process.argv[2] ?? 4);
const COUNTS = (process.argv[3] ?? '1,2').split(',').map(Number);
/** Senders of SIP: with one alone, one worker would get all. */
const SENDERS = 6;
const CONNECTIONS = 16;
const TICK_MICROS = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Row {
  readonly what: string;
  readonly workers: number;
  readonly perSecond: number;
  /** CPU of supervisor and workers per unit, µs. */
  readonly cpu: number;
  /** What each worker did of it, percent. */
  readonly shares: readonly number[];
  readonly errors: number;
}

/** `npm run bench workers [SECONDS [COUNTS]]`: SIP over UDP and HTTP through planes with so many workers, each in a run of its own. */
async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const workers of COUNTS) {
    const cluster = new Cluster({ set: [`sip.workers=${workers}`, `http.workers=${workers}`, 'log.level=info'] });
    await cluster.startControl();
    await Promise.all([cluster.startSip(), cluster.startHttp()]);
    rows.push(await sip(cluster, workers), await http(cluster, workers));
    await cluster.close();
  }
  console.log(`${SECONDS} s each, ${SENDERS} SIP senders, ${CONNECTIONS} HTTP connections\n`);
  console.log('                              workers  per second  CPU us each  errors  share of each worker, %');
  for (const { what, workers, perSecond, cpu, errors, shares } of rows) {
    const cells = [String(workers).padEnd(9), String(Math.round(perSecond)).padEnd(12), cpu.toFixed(1).padEnd(13)];
    console.log(what.padEnd(30) + cells.join('') + String(errors).padEnd(8) + shares.join(' '));
  }
}

async function sip(cluster: Cluster, workers: number): Promise<Row> {
  const generator = compileGenerator();
  const port = cluster.sip.addresses['external.udp']?.split(':').at(-1) ?? '';
  const nodes = await Promise.all(Array.from({ length: SENDERS }, freePort));
  for (const [i, node] of nodes.entries()) await cluster.startNode(`sip${i}`, '--sip-udp', `${node}`);
  const load = async (): Promise<Load[]> => {
    const runs = nodes.map((node) => run(generator, [port, `${node}`, '64', `${SECONDS}`, '0']));
    return (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout) as Load);
  };
  const name = 'sip_external_requests_INVITE_total';
  const [before, cpuBefore] = [await figures(cluster.sip, name), cpuOf(cluster.sip.pid)];
  const loads = await load();
  const answered = sum(loads.map((one) => one.answered));
  const cpu = (cpuOf(cluster.sip.pid) - cpuBefore) / (2 * answered);
  const shares = sharesOf(await figures(cluster.sip, name), before);
  const perSecond = 2 * sum(loads.map((one) => one.perSecond));
  return {
    what: 'SIP messages forwarded',
    workers,
    perSecond,
    cpu,
    shares,
    errors: sum(loads.map(({ lost }) => lost)),
  };
}

async function http(cluster: Cluster, workers: number): Promise<Row> {
  const backend = await nginxNode();
  await cluster.startNode('web', '--http', `${backend.port}`);
  const url = `http://${cluster.http.addresses['http']}/small`;
  await until('the plane knows the node', async () => (await fetch(url)).ok);
  const name = 'http_requests_GET_total';
  const [before, cpuBefore] = [await figures(cluster.http, name), cpuOf(cluster.http.pid)];
  const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, url]);
  const after = await figures(cluster.http, name);
  const cpu = (cpuOf(cluster.http.pid) - cpuBefore) / (sum(after) - sum(before));
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const errors = /(?:Non-2xx|Socket errors).*/.exec(stdout) === null ? 0 : 1;
  if (errors > 0) console.log(stdout);
  backend.stop();
  return { what: 'HTTP GET of 100 bytes', workers, perSecond, cpu, errors, shares: sharesOf(after, before) };
}

/** A figure of each worker, or of the one process. */
async function figures({ addresses }: RunningProcess, name: string): Promise<number[]> {
  const text = await (await fetch(`http://${addresses['admin']}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^triplane_${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))].map(([, value]) =>
    Number(value),
  );
}

function sharesOf(after: readonly number[], before: readonly number[]): number[] {
  const grown = after.map((value, i) => value - (before[i] ?? 0));
  return grown.map((value) => Math.round((100 * value) / sum(grown)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** CPU of a process and of those that it started, µs. */
function cpuOf(pid: number): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return sum(processes.map((name) => (isOf(name, pid) ? ticksOf(name) * TICK_MICROS : 0)));
}

function isOf(name: string, pid: number): boolean {
  return Number(name) === pid || Number(fieldsOf(name)[1]) === pid;
}

function ticksOf(name: string): number {
  const fields = fieldsOf(name);
  return Number(fields[11]) + Number(fields[12]);
}

/** From the state on; none of a process that has ended. */
function fieldsOf(name: string): string[] {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

void main();
