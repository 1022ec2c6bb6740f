import { execFile, spawn } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { compileGenerator, type Load } from '../../bench/sip/compile-generator';
import { freePort } from '../../support/free-port';
import { residentMb } from '../../support/process-memory';
import { Cluster } from '../../support/processes';

/**
 * `npm run soak sip-memory -- [--minutes 30] [--rate N] [--every 30]`: calls through the SIP plane's own process at half of what it can
 * do (or at N INVITEs a second), every one with a new Call-ID and no end, so that all its tables fill. Prints its resident memory every
 * so many seconds. Flat: after the first fifth, the least of the last third is at most 5 % above the least of the first third (the least,
 * because memory that waits for the collector goes up and down by half in between).
 */
const WINDOW = 256;
const CLOSED_LOOP_SECONDS = 10;
const MOST_GROWTH = 1.05;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '0' },
    every: { type: 'string', default: '30' },
  },
});

const run = promisify(execFile);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Sample {
  readonly atSeconds: number;
  readonly mb: number;
}

/** What was kept after the start, and what at the end, MB. */
function firstAndLast(samples: readonly Sample[], seconds: number): readonly [number, number] {
  const settled = samples.filter(({ atSeconds }) => atSeconds >= seconds / 5).map(({ mb }) => mb);
  const third = Math.max(1, Math.floor(settled.length / 3));
  return [Math.min(...settled.slice(0, third)), Math.min(...settled.slice(-third))];
}

/** Runs the load to its end and looks at the plane meanwhile. */
async function watch(args: readonly string[], pid: number): Promise<{ load: Load; samples: readonly Sample[] }> {
  const [generator = '', ...rest] = args;
  const child = spawn(generator, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const timer = setInterval(
    () => {
      const sample = { atSeconds: Math.round((performance.now() - startedAt) / 1000), mb: residentMb(pid) };
      samples.push(sample);
      say(`${String(sample.atSeconds).padStart(6)} s  ${sample.mb.toFixed(1).padStart(7)} MB`);
    },
    Number(values.every) * 1000,
  );
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { load: JSON.parse(text) as Load, samples };
}

async function main(): Promise<void> {
  const generator = compileGenerator();
  const seconds = Number(values.minutes) * 60;
  const nodePort = await freePort();
  const cluster = await new Cluster().start();
  try {
    await cluster.startNode('app1', '--sip-udp', `${nodePort}`);
    const port = cluster.sip.addresses['external.udp']?.split(':').at(-1) ?? '';
    const target = [port, `${nodePort}`, `${WINDOW}`];
    let rate = Number(values.rate);
    if (rate === 0) {
      const { stdout } = await run(generator, [...target, `${CLOSED_LOOP_SECONDS}`, '0']);
      rate = Math.floor((JSON.parse(stdout) as Load).perSecond / 2);
    }
    say(`${rate} INVITEs a second for ${values.minutes} minutes; ${residentMb(cluster.sip.pid).toFixed(1)} MB before`);
    const { load, samples } = await watch([generator, ...target, `${seconds}`, `${rate}`], cluster.sip.pid);
    const [first, last] = firstAndLast(samples, seconds);
    say(`${load.answered} of ${load.sent} answered, ${load.lost} lost; ${first.toFixed(1)} -> ${last.toFixed(1)} MB`);
    const flat = samples.length > 0 && last <= first * MOST_GROWTH;
    say(flat ? 'flat' : 'NOT FLAT');
    process.exitCode = flat ? 0 : 1;
  } finally {
    await cluster.close();
  }
}

void main();
