import { triplane } from '../support/processes';

interface Score {
  readonly nodes: readonly { readonly nodeId: string; readonly state: string; readonly answered: number }[];
  readonly traffic: readonly { readonly kind: string; readonly sent: number; readonly answered: number }[];
}

describe('triplane demo', () => {
  it('--once sends a fixed amount of all three protocols, loses none, uses every node, and ends by itself', () => {
    const { status, stdout, stderr } = triplane('demo', '--once', '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { nodes, traffic } = JSON.parse(stdout) as Score;
    expect(traffic.map(({ kind, sent, answered }) => [kind, sent, answered])).toEqual([
      ['SIP calls', 40, 40],
      ['web sessions', 20, 20],
      ['WebSocket echoes', 10, 10],
      ['SMPP messages', 100, 100],
    ]);
    expect(nodes.map(({ nodeId, state }) => [nodeId, state])).toEqual(
      ['sip1', 'sip2', 'web1', 'web2', 'smsc1', 'smsc2'].map((id) => [id, 'ACTIVE']),
    );
    expect(nodes.every(({ answered }) => answered > 0)).toBe(true);
  }, 60_000);

  it('shows a table and ends after --seconds', () => {
    const { status, stdout } = triplane('demo', '--seconds', '2');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^NODE +PROTOCOL +STATE +SESSIONS +REQUESTS +ANSWERED$/m);
    expect(stdout).toMatch(/^smsc2 +SMPP +ACTIVE/m);
    expect(stdout).toMatch(/^SIP calls +\d+ +\d+ +0$/m);
  }, 60_000);
});
