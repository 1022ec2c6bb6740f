import type { PlaneStatus, Rejection } from '../../proto';
import { contractWord } from '../contract-word';
import type { Globals } from '../globals';
import { printJson, printJsonLine, printText, quantity, repaint, table } from '../output';
import { withAdmin, type AdminSession } from './admin-session';
import { eachSecond } from './each-second';
import { missingText } from './missing-text';

/** `triplane planes [--watch]`. */
export async function listPlanes(globals: Globals, { watch = false }: { readonly watch?: boolean }): Promise<void> {
  await withAdmin(globals, async (session) => {
    if (!watch) {
      const view = await planesOf(session);
      if (globals.json) printJson(view);
      else printText(textOf(view));
      return;
    }
    await eachSecond(async () => {
      const view = await planesOf(session);
      if (globals.json) printJsonLine(view);
      else repaint(textOf(view));
    });
  });
}

interface PlanesView {
  readonly planes: readonly PlaneView[];
  readonly missingControlPlanes: readonly string[];
}

async function planesOf({ client, call }: AdminSession): Promise<PlanesView> {
  const { planes, missingControlPlanes } = await call(client.listPlanes, {});
  return { planes: planes.map(viewOf), missingControlPlanes };
}

type PlaneView = ReturnType<typeof viewOf>;

function viewOf(plane: PlaneStatus) {
  return {
    planeId: plane.planeId,
    protocol: contractWord(plane.protocol),
    state: stateOf(plane),
    version: plane.softwareVersion,
    incarnation: plane.incarnation,
    sent: plane.sent?.index ?? null,
    acked: plane.acked?.index ?? null,
    ackedAt: plane.ackedAt?.toISOString() ?? null,
    algorithms: plane.algorithms.map(({ name, parameters }) => ({ name, parameters })),
    rejections: plane.rejections.map(rejectionText),
  };
}

function stateOf(plane: PlaneStatus): string {
  if (!plane.connected) return 'AWAY';
  return plane.lagging ? 'LAGGING' : 'CONNECTED';
}

function rejectionText({ resource, reason }: Rejection): string {
  switch (resource?.$case) {
    case 'nodeId':
      return `node ${resource.value}: ${reason}`;
    case 'pool':
      return `pool ${resource.value}: ${reason}`;
    default:
      return reason;
  }
}

function textOf({ planes, missingControlPlanes }: PlanesView): string {
  const missing = missingText(missingControlPlanes, 'planes');
  if (planes.length === 0) {
    return [missing, 'no planes; start them with "triplane up", or one with "triplane sip"'].filter(Boolean).join('\n');
  }
  const rows = planes.map((plane) => [
    plane.planeId,
    plane.protocol,
    plane.state,
    `${plane.acked ?? '-'} of ${plane.sent ?? '-'}`,
    plane.version,
    plane.algorithms.map(({ name }) => name).join(', '),
    plane.rejections.join('\n') || '-',
  ]);
  const head = ['PLANE', 'PROTOCOL', 'STATE', 'REVISION', 'VERSION', 'ALGORITHMS', 'REJECTED'];
  return [table(head, rows), quantity(planes.length, 'plane'), missing].filter(Boolean).join('\n');
}
