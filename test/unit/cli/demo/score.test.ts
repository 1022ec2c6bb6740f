import { problemsOf, scoreOf, scoreText } from '../../../../cli/demo/score';
import { Node, NodeState, NodeStatus } from '../../../../proto';

const toy = (id: string, answered: number) => ({
  id,
  protocol: 'SIP' as const,
  endpoints: [],
  answered,
  close: async () => {},
});
const status = NodeStatus.create({
  node: Node.create({ nodeId: 'sip1', state: NodeState.ACTIVE }),
  activeSessions: 2,
  requests: 30,
});

test('the table has each toy with its state at the control plane', () => {
  const score = scoreOf([toy('sip1', 10), toy('sip2', 0)], [status], []);
  expect(score.nodes.map(({ state }) => state)).toEqual(['ACTIVE', 'GONE']);
  expect(scoreText(score)).toMatch(/^sip1 +SIP +ACTIVE +2 +30 +10$/m);
});

test('an unanswered request, a silent kind and an idle node are each a problem', () => {
  const tallies = [
    { kind: 'SIP calls', sent: 40, answered: 38, failed: 2 },
    { kind: 'SMPP messages', sent: 0, answered: 0, failed: 0 },
  ];
  expect(problemsOf(scoreOf([toy('sip1', 10), toy('sip2', 0)], [status], tallies))).toEqual([
    '2 SIP calls failed',
    'no SMPP messages were answered',
    'sip2 got nothing',
  ]);
});

test('all answered and all nodes used is no problem', () => {
  const tallies = [{ kind: 'SIP calls', sent: 40, answered: 40, failed: 0 }];
  expect(problemsOf(scoreOf([toy('sip1', 20)], [status], tallies))).toEqual([]);
});
