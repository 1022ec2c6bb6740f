import { setTimeout as pause } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { NodeServiceClient, PlaneServiceClient } from '../../../proto';
import { startControlProcess, type ControlProcess } from './control-process';
import { SimulatedNodes } from './simulated-nodes';
import { SimulatedPlanes } from './simulated-planes';

/** `npm run bench control [nodes] [planes] [seconds]`: heartbeats, commit to ack, and many nodes silent at once. */
const NODES = Number(process.argv[2] ?? 10_000);
const PLANES = Number(process.argv[3] ?? 100);
const SECONDS = Number(process.argv[4] ?? 20);
const INTERVAL_MS = 2000;
const CHANGES = 100;
const CHANGE_EVERY_MS = 100;

interface Cost {
  readonly corePercent: number;
  readonly seconds: number;
}

async function costOf(control: ControlProcess, work: () => Promise<void>): Promise<Cost> {
  const cpu = control.cpuSeconds();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  return { corePercent: (100 * (control.cpuSeconds() - cpu)) / seconds, seconds };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Ms from asking for a change until each plane has acked a revision with it, one sample per change and plane. */
async function commitToAck(nodes: SimulatedNodes, planes: SimulatedPlanes): Promise<number[]> {
  const samples: number[] = [];
  for (let change = 0; change < CHANGES; change += 1) {
    const asked = performance.now();
    const acked = new Promise<void>((resolve) => {
      let left = PLANES;
      planes.onAck(() => {
        samples.push(performance.now() - asked);
        left -= 1;
        if (left === 0) resolve();
      });
    });
    await Promise.all([nodes.change(change, change + 101), acked]);
    await pause(CHANGE_EVERY_MS);
  }
  return samples.sort((a, b) => a - b);
}

async function main(): Promise<void> {
  const control = await startControlProcess();
  const target = control.addresses['grpc'] ?? '';
  const nodes = new SimulatedNodes(new NodeServiceClient(target, credentials.createInsecure()), INTERVAL_MS);
  const planes = new SimulatedPlanes();
  try {
    const registering = await costOf(control, () => nodes.register(NODES));
    console.log(`${NODES} nodes registered in ${registering.seconds.toFixed(1)} s`);
    const joining = await costOf(control, () =>
      planes.subscribe(new PlaneServiceClient(target, credentials.createInsecure()), PLANES),
    );
    console.log(`${PLANES} planes hold the snapshot after ${joining.seconds.toFixed(1)} s`);

    const { sent, answered } = nodes;
    const steady = await costOf(control, () => pause(SECONDS * 1000));
    const rate = (nodes.answered - answered) / steady.seconds;
    console.log(
      `heartbeats: ${Math.round(rate)}/s answered of ${Math.round((nodes.sent - sent) / steady.seconds)}/s sent, ` +
        `${nodes.unknown} unknown; ${steady.corePercent.toFixed(0)} % of a core (budget 50), ${control.rssMb().toFixed(0)} MB`,
    );

    const samples = await commitToAck(nodes, planes);
    const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => percentile(samples, share).toFixed(0));
    console.log(`commit to ack by ${PLANES} planes: p50 ${p50} ms, p99 ${p99} ms (budget 250), worst ${worst} ms`);

    planes.onAck(() => undefined);
    const silent = Math.floor((NODES * 0.31) / 100) * 100;
    nodes.silence(silent);
    await pause(15_000);
    console.log(
      `${silent} nodes silent at once: guard ${planes.guardActive ? 'up' : 'DOWN'}, ` +
        `planes hold ${planes.nodes.size} nodes, ${control.rssMb().toFixed(0)} MB`,
    );
  } finally {
    nodes.close();
    planes.close();
    control.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
