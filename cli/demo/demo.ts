import { setTimeout as sleep } from 'node:timers/promises';
import { TriplaneError } from '../../runtime/errors';
import type { Globals } from '../globals';
import { printJson, printJsonLine, printText, repaint } from '../output';
import { onStopSignal } from '../stop-signal';
import { DemoCluster } from './demo-cluster';
import { problemsOf, scoreOf, scoreText, type Score } from './score';
import type { ToyNode } from './toy-node';
import { ToySmsc } from './toy-smsc';
import { ToyUas } from './toy-uas';
import { ToyWebServer } from './toy-web-server';
import { Traffic } from './traffic';

export interface DemoOptions extends Globals {
  readonly once?: boolean;
  readonly seconds?: number;
}

/** `triplane demo`. Rejects with DEMO_FAILED when a request was not answered or a node got nothing. */
export async function demo(options: DemoOptions): Promise<void> {
  const cluster = new DemoCluster(options.set);
  const stop = new AbortController();
  onStopSignal(
    async () => stop.abort(),
    () => {
      cluster.kill();
      process.exit(1);
    },
  );
  const toys: ToyNode[] = [];
  try {
    await cluster.start();
    toys.push(...(await startToys()));
    await cluster.register(toys);
    await play({ cluster, toys, options, stop: stop.signal });
  } catch (error) {
    // A service that could not start has printed its line; an interrupted demo needs none.
    const said = error instanceof TriplaneError && error.code === 'SERVICE_DIED';
    if (!said && !stop.signal.aborted) throw error;
    process.exitCode = stop.signal.aborted ? 0 : 1;
  } finally {
    await cluster.close();
    await Promise.all(toys.map((toy) => toy.close()));
  }
}

function startToys(): Promise<ToyNode[]> {
  return Promise.all([
    ToyUas.start('sip1'),
    ToyUas.start('sip2'),
    ToyWebServer.start('web1'),
    ToyWebServer.start('web2'),
    ToySmsc.start('smsc1'),
    ToySmsc.start('smsc2'),
  ]);
}

interface Stage {
  readonly cluster: DemoCluster;
  readonly toys: readonly ToyNode[];
  readonly options: DemoOptions;
  readonly stop: AbortSignal;
}

async function play(stage: Stage): Promise<void> {
  const { cluster, options } = stage;
  const traffic = await Traffic.start(cluster.entrances);
  try {
    if (options.once === true) {
      await traffic.once();
      await reported(stage);
    } else await runUntilStopped(stage, traffic);
    const score = await scoreNow(stage, traffic);
    if (options.json) printJson(score);
    else printText(options.once === true ? scoreText(score) : `\n${scoreText(score)}`);
    judge(score);
  } finally {
    await traffic.close();
  }
}

async function scoreNow({ cluster, toys }: Stage, traffic: Traffic): Promise<Score> {
  return scoreOf(toys, await cluster.nodes(), traffic.tallies);
}

/** Until each plane's last figures have reached the control plane, or 3 s: they are shown, not judged. */
async function reported({ cluster }: Stage): Promise<void> {
  for (let i = 0; i < 30; i += 1) {
    // eslint-disable-next-line no-await-in-loop
    const nodes = await cluster.nodes();
    if (nodes.every(({ requests }) => requests > 0)) break;
    // eslint-disable-next-line no-await-in-loop
    await sleep(100);
  }
  await sleep(600);
}

async function runUntilStopped(stage: Stage, traffic: Traffic): Promise<void> {
  const { cluster, options, stop } = stage;
  const endMs = performance.now() + (options.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const running = traffic.run();
  while (!stop.aborted && performance.now() < endMs) {
    // eslint-disable-next-line no-await-in-loop
    const score = await scoreNow(stage, traffic);
    if (options.json) printJsonLine(score);
    else repaint(`${scoreText(score)}\n\nall figures: ${cluster.statistics}   Ctrl-C ends`);
    // eslint-disable-next-line no-await-in-loop
    await sleep(1000, undefined, { signal: stop }).catch(() => undefined);
  }
  traffic.stop();
  await running;
}

function judge(score: Score): void {
  const problems = problemsOf(score);
  if (problems.length > 0) throw new TriplaneError('DEMO_FAILED', problems.join('; '));
}
