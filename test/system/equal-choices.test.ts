import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { rendezvous } from '../../data-plane';
import { planeNode } from '../support/plane-nodes';

const KEYS = 5000;
const WEIGHTS = { a: 1, b: 100, c: 250, d: 7, e: 1000 };

/** Runs in a process of its own: builds the same nodes in another order and prints what it chooses. */
const SCRIPT = `
  const { hashText, newNodeLive, rendezvous } = require(process.argv[1]);
  const nodes = Object.entries(JSON.parse(process.argv[2])).reverse()
    .map(([id, weight]) => ({ id, weight, hash: hashText(id), live: newNodeLive() }));
  console.log(Array.from({ length: ${KEYS} }, (_, i) => rendezvous('call-' + i + '@example.com', nodes).id).join(''));
`;

test('another process, with its nodes in another order, chooses the same node for every key', () => {
  const dist = path.resolve(__dirname, '../../dist/data-plane');
  const args = ['-e', SCRIPT, dist, JSON.stringify(WEIGHTS)];
  const theirs = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
  const nodes = Object.entries(WEIGHTS).map(([id, weight]) => planeNode(id, { weight }));
  const ours = Array.from({ length: KEYS }, (_, i) => rendezvous(`call-${i}@example.com`, nodes)?.id ?? '').join('');
  expect(theirs).toHaveLength(KEYS);
  expect(theirs).toBe(ours);
});
