import { createHash } from 'node:crypto';

/** Everything from outside goes through `textContent`: names of nodes are what nodes say. */
const SCRIPT = `
const cell = (text) => { const made = document.createElement('td'); made.textContent = String(text ?? '-'); return made; };
const fill = (id, rows) => document.getElementById(id).replaceChildren(...rows.map((cells) => {
  const row = document.createElement('tr');
  row.append(...cells.map(cell));
  return row;
}));
const ask = async (page) => { const answer = await fetch(page); if (!answer.ok) throw new Error(page); return answer.json(); };
const show = async () => {
  const [info, { Metrics: figures }] = await Promise.all([ask('/lbinfo'), ask('/lbstat')]);
  fill('nodes', info.nodes.map((node) => {
    const { activeSessions, requests, failures } = figures.nodes[node.nodeId] ?? {};
    return [node.nodeId, node.state, node.pool || 'default', node.weight, activeSessions ?? 0, requests ?? 0, failures ?? 0,
      node.lastHeardSeconds, node.endpoints.join(', ')];
  }));
  fill('planes', info.planes.map((plane) => [plane.planeId, plane.protocol, plane.connected ? (plane.lagging ? 'LAGGING' : 'CONNECTED') : 'AWAY',
    (plane.acked ?? '-') + ' of ' + (plane.sent ?? '-'), plane.rejections.map(({ reason }) => reason).join('; ') || '-']));
  fill('figures', [
    ['SIP requests', figures.NumberOfRequestsProcessed], ['SIP responses', figures.NumberOfResponsesProcessed], ['calls up', figures.NumberOfActiveCalls],
    ['HTTP requests', figures.NumberOfHttpRequests], ['HTTP connections', figures.NumberOfActiveHttpConnections],
    ['SMPP requests to servers', figures.NumberOfSmppRequestsToServer], ['SMPP requests to clients', figures.NumberOfSmppRequestsToClient],
    ['SMPP sessions', figures.NumberOfActiveSmppConnections]]);
  const notes = [];
  if (info.guardActive) notes.push('the mass-removal guard is up');
  if (info.missingControlPlanes.length > 0) notes.push('no answer from control planes ' + info.missingControlPlanes.join(', ') + ': planes and figures may be missing');
  document.getElementById('notes').textContent = notes.join('; ');
};
const loop = () => show().catch(() => { document.getElementById('notes').textContent = 'the control plane does not answer'; }).finally(() => setTimeout(loop, 2000));
loop();
`;

const STYLE = `
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222 }
table { border-collapse: collapse; margin-bottom: 2em }
th, td { text-align: left; padding: .2em 1em .2em 0; border-bottom: 1px solid #ddd }
#notes { color: #b00; font-weight: bold; min-height: 1.5em }
`;

const table = (id: string, title: string, heads: readonly string[]): string =>
  `<h2>${title}</h2><table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody id="${id}"></tbody></table>`;

/** The page `/` of the control plane: nodes, planes and main figures of the cluster, from `/lbinfo` and `/lbstat` every 2 s. */
export const DASHBOARD = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Triplane</title><style>${STYLE}</style></head><body>
<h1>Triplane</h1><p id="notes"></p>
${table('nodes', 'Nodes', ['node', 'state', 'pool', 'weight', 'sessions', 'requests', 'failures', 'heard s ago', 'endpoints'])}
${table('planes', 'Planes', ['plane', 'protocol', 'state', 'revision', 'rejected'])}
${table('figures', 'Figures', ['figure', 'value'])}
<script>${SCRIPT}</script></body></html>
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing but its own script and style runs in it, and it asks nobody but its own server. */
export const DASHBOARD_POLICY = `default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${hashOf(STYLE)}; connect-src 'self'; frame-ancestors 'none'`;
