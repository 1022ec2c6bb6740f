import type { ListNodesResponse, WatchNodesResponse } from '../../proto';
import type { Globals } from '../globals';
import { printJson, printJsonLine, printText, quantity, repaint, table } from '../output';
import { explain, withAdmin, type AdminSession } from './admin-session';
import { eachSecond } from './each-second';
import { NODE_COLUMNS, rowOf, viewOf, type NodeView } from './node-view';

export interface ListNodesOptions {
  readonly watch?: boolean;
  /** Undefined: all pools. */
  readonly pool?: string;
}

/** `triplane nodes [--watch] [--pool P]`. */
export async function listNodes(globals: Globals, { watch = false, pool = '' }: ListNodesOptions): Promise<void> {
  await withAdmin(globals, async (session) => {
    if (watch) {
      await eachSecond((shown) => watchNodes(session, { json: globals.json, pool, shown }));
      return;
    }
    const { nodes, guardActive } = await allNodes(session, pool);
    if (globals.json) printJson({ nodes, guardActive });
    else printText(textOf(nodes, guardActive));
  });
}

interface NodeList {
  readonly nodes: readonly NodeView[];
  readonly guardActive: boolean;
}

async function allNodes({ client, call }: AdminSession, pool: string): Promise<NodeList> {
  const nodes: NodeView[] = [];
  let page: ListNodesResponse;
  let pageToken = '';
  do {
    // Each page names the next one.
    // eslint-disable-next-line no-await-in-loop
    page = await call(client.listNodes, { pageSize: 0, pageToken, pool });
    nodes.push(...page.nodes.map(viewOf));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return { nodes, guardActive: page.guardActive };
}

function textOf(nodes: readonly NodeView[], guardActive: boolean): string {
  if (nodes.length === 0)
    return 'no nodes; register one with "triplane node --id app1 --address 127.0.0.1 --sip-udp 5080"';
  const guard = guardActive ? '\nthe mass-removal guard is up: SUSPECT nodes stay in use' : '';
  return `${table(NODE_COLUMNS, nodes.map(rowOf))}\n${quantity(nodes.length, 'node')}${guard}`;
}

interface Watch {
  readonly json: boolean;
  readonly pool: string;
  /** Called at each change. */
  readonly shown: () => void;
}

/** One stream of changes, until it breaks; rejects then. A new one begins with the whole list. */
async function watchNodes({ client, address }: AdminSession, { json, pool, shown }: Watch): Promise<void> {
  const known = new Map<string, NodeView>();
  const stream = client.watchNodes({});
  stream.on('data', (change: WatchNodesResponse) => {
    const upserts = change.upserts.map(viewOf).filter((view) => pool === '' || view.pool === pool);
    for (const view of upserts) known.set(view.nodeId, view);
    for (const id of change.removals) known.delete(id);
    if (json) printJsonLine({ revision: change.revision?.index ?? 0, upserts, removals: change.removals });
    else repaint(textOf(byId(known), false));
    shown();
  });
  await new Promise<void>((resolve, reject) => {
    stream.on('error', (error) => reject(explain(error, address)));
    stream.on('end', resolve);
  });
}

function byId(nodes: ReadonlyMap<string, NodeView>): NodeView[] {
  return [...nodes.values()].toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}
