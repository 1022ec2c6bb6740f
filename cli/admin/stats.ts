import type { GetStatsResponse, NodeStats, PlaneStats } from '../../proto';
import { contractWord } from '../contract-word';
import type { Globals } from '../globals';
import { count, printJson, printJsonLine, printText, repaint, table } from '../output';
import { withAdmin, type AdminSession } from './admin-session';
import { eachSecond } from './each-second';
import { missingText } from './missing-text';

export interface ShowStatsOptions {
  /** Only figures whose name begins with it. */
  readonly prefix?: string;
  readonly watch?: boolean;
  /** Figures that are zero too. */
  readonly all?: boolean;
}

/** `triplane stats [PREFIX] [--watch] [--all]`: figures summed over the planes, and each plane's own with `--json`. */
export async function showStats(globals: Globals, options: ShowStatsOptions): Promise<void> {
  const { prefix = '', watch = false, all = false } = options;
  await withAdmin(globals, async (session) => {
    if (!watch) {
      const stats = await statsOf(session);
      if (globals.json) printJson(viewOf(stats, prefix));
      else printText(textOf(stats, prefix, all));
      return;
    }
    await eachSecond(async () => {
      const stats = await statsOf(session);
      if (globals.json) printJsonLine(viewOf(stats, prefix));
      else repaint(textOf(stats, prefix, all));
    });
  });
}

function statsOf({ client, call }: AdminSession): Promise<GetStatsResponse> {
  return call(client.getStats, {});
}

function viewOf(stats: GetStatsResponse, prefix: string): unknown {
  return {
    missingControlPlanes: stats.missingControlPlanes,
    nodes: stats.nodes.map(nodeView),
    counters: named(stats.counters, prefix),
    gauges: named(stats.gauges, prefix),
    planes: stats.planes.map((plane: PlaneStats) => ({
      planeId: plane.planeId,
      protocol: contractWord(plane.protocol),
      observedAt: plane.observedAt?.toISOString() ?? null,
      nodes: plane.nodes.map(nodeView),
      counters: named(plane.counters, prefix),
      gauges: named(plane.gauges, prefix),
    })),
  };
}

function nodeView({ activeSessions, ...rest }: NodeStats): unknown {
  return { ...rest, sessions: activeSessions };
}

function named(figures: ReadonlyMap<string, number>, prefix: string): Record<string, number> {
  return Object.fromEntries(chosen(figures, prefix));
}

function chosen(figures: ReadonlyMap<string, number>, prefix: string): [string, number][] {
  return [...figures].filter(([name]) => name.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function textOf(stats: GetStatsResponse, prefix: string, all: boolean): string {
  const nodes = table(
    ['NODE', 'SESSIONS', 'REQUESTS', 'FAILURES', 'BYTES IN', 'BYTES OUT'],
    stats.nodes.map((node) => [
      node.nodeId,
      ...[node.activeSessions, node.requests, node.failures, node.bytesIn, node.bytesOut].map(count),
    ]),
  );
  const figures = [...chosen(stats.counters, prefix), ...chosen(stats.gauges, prefix)].filter(
    ([, value]) => all || value !== 0,
  );
  const rows = figures.map(([name, value]) => [name, count(value)]);
  const parts = [
    prefix === '' && stats.nodes.length > 0 ? `${nodes}\n` : '',
    table(['FIGURE', 'VALUE'], rows),
    missingText(stats.missingControlPlanes, 'figures'),
  ];
  return parts.filter((part) => part !== '').join('\n');
}
