import { fromMs, type NodeStatus } from '../../proto';
import type { Globals } from '../globals';
import { printJson, printText, quantity } from '../output';
import { withAdmin } from './admin-session';
import { viewOf, type NodeView } from './node-view';

/** `triplane drain NODE [--timeout S]`: undefined seconds leave the time to the control plane, 0 is at once. */
export async function drainNode(globals: Globals, nodeId: string, timeoutSeconds: number | undefined): Promise<void> {
  const timeout = timeoutSeconds === undefined ? undefined : fromMs(timeoutSeconds * 1000);
  await withAdmin(globals, async ({ client, call }) => {
    const { node } = await call(client.drainNode, { nodeId, timeout });
    report(globals, node, nodeId);
  });
}

/** `triplane resume NODE`. */
export async function resumeNode(globals: Globals, nodeId: string): Promise<void> {
  await withAdmin(globals, async ({ client, call }) => {
    const { node } = await call(client.resumeNode, { nodeId });
    report(globals, node, nodeId);
  });
}

/** `triplane remove NODE`. */
export async function removeNode(globals: Globals, nodeId: string): Promise<void> {
  await withAdmin(globals, async ({ client, call }) => {
    await call(client.removeNode, { nodeId });
    if (globals.json) printJson({ removed: nodeId });
    else printText(`${nodeId}: removed; it comes back by itself if it is alive and not stopped`);
  });
}

function report(globals: Globals, status: NodeStatus | undefined, nodeId: string): void {
  const view = status === undefined ? undefined : viewOf(status);
  if (globals.json) printJson({ node: view ?? null });
  else printText(view === undefined ? `${nodeId}: done` : sentence(view));
}

function sentence(view: NodeView): string {
  const sessions = `${quantity(view.sessions, 'session')} left`;
  switch (view.state) {
    case 'DRAINING':
      return `${view.nodeId}: DRAINING, ${sessions}${view.drainDeadline === null ? '' : `, until ${view.drainDeadline}`}`;
    case 'MAINTENANCE':
      return `${view.nodeId}: MAINTENANCE, takes no work until "triplane resume ${view.nodeId}"`;
    default:
      return `${view.nodeId}: ${view.state}`;
  }
}
