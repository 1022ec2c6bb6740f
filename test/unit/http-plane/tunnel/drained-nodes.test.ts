import { drainedNodes } from '../../../../http-plane/tunnel/drained-nodes';
import { LiveRegistry, NodeTable } from '../../../../data-plane';
import { NodeState, Protocol } from '../../../../proto';
import { httpNode } from '../../../support/http-plane-fixture';

function table(state: NodeState | undefined, lineage = 'a'): NodeTable {
  const nodes = state === undefined ? [] : [httpNode('app1', 1, { state })];
  const held = new Map(nodes.map((node) => [node.nodeId, node]));
  const revision = { lineage, index: 1 };
  return new NodeTable(
    { revision, nodes: held, configs: new Map(), settings: undefined },
    Protocol.HTTP,
    new LiveRegistry(),
  );
}

const { ACTIVE, DRAINING, MAINTENANCE, SUSPECT } = NodeState;

test.each([
  ['its deadline came', DRAINING, MAINTENANCE, true],
  ['it left as it drained', DRAINING, undefined, true],
  ['it was drained without time', ACTIVE, MAINTENANCE, true],
  ['it was silent when its deadline came', SUSPECT, MAINTENANCE, true],
  ['it drains', ACTIVE, DRAINING, false],
  ['it still drains', DRAINING, DRAINING, false],
  ['it was resumed', DRAINING, ACTIVE, false],
  ['it fell silent as it drained', DRAINING, SUSPECT, false],
  ['it fell silent and was forgotten', SUSPECT, undefined, false],
  ['it left at once', ACTIVE, undefined, false],
  ['it was so before', MAINTENANCE, MAINTENANCE, false],
  ['it left long after', MAINTENANCE, undefined, false],
])('the drain of a node is over or not: %s', (_why, before, now, over) => {
  expect([...drainedNodes(table(now), table(before))]).toEqual(over ? ['app1'] : []);
});

test('a control plane that lost its store has drained nobody', () => {
  expect(drainedNodes(table(undefined, 'b'), table(DRAINING, 'a')).size).toBe(0);
});
