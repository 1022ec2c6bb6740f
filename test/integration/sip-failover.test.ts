import { NodeState } from '../../proto';
import { SipClient, SipServer, type SipDialog } from '../support/sip-endpoints';
import { sipNode, startPlane, type SipPlaneFixture } from '../support/sip-plane-fixture';

describe('nodes that come and go during calls', () => {
  let servers: SipServer[];
  let planes: SipPlaneFixture[];
  let clients: SipClient[];

  const nodes = (without?: number): ReturnType<typeof sipNode>[] =>
    servers.flatMap((server, i) => (i === without ? [] : [sipNode(`app${i}`, { udp: server.port })]));

  beforeEach(async () => {
    servers = await Promise.all([1, 2, 3].map(() => SipServer.start()));
    planes = await Promise.all([1, 2].map(() => startPlane(nodes())));
    clients = await Promise.all(planes.map((plane) => SipClient.start(plane.address('external.udp'))));
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    for (const server of servers) server.close();
    await Promise.all(planes.map((plane) => plane.close()));
  });

  async function calls(count: number): Promise<SipDialog[]> {
    const dialogs = [];
    for (let i = 0; i < count; i += 1) dialogs.push(await clients[0]?.call());
    return dialogs.filter((dialog) => dialog !== undefined);
  }

  const sawBye = (callId: string): number => servers.findIndex((server) => server.calls.get(callId)?.includes('BYE'));
  const sawInvite = (callId: string): number =>
    servers.findIndex((server) => server.calls.get(callId)?.includes('INVITE'));

  it("the BYEs of a dead node's calls all reach a stand-in, the others stay", async () => {
    const up = await calls(12);
    expect(up).toHaveLength(12);
    for (const plane of planes) plane.core.setNodes(nodes(0));
    for (const dialog of up) {
      expect(await clients[0]?.bye(dialog)).toBe(200);
      const began = sawInvite(dialog.callId);
      const ended = sawBye(dialog.callId);
      expect(ended).not.toBe(0);
      expect(began === 0 || began === ended).toBe(true);
    }
  });

  it('another instance, without shared store, sends requests inside dialogs to the same nodes', async () => {
    for (const dialog of await calls(9)) {
      // The other instance is reached as if an IP balancer had moved the client's packets there.
      const port = planes[1]?.address('external.udp') ?? '';
      const moved = {
        ...dialog,
        routes: dialog.routes.map((route) =>
          route
            .replace(planes[0]?.address('external.udp') ?? '', port)
            .replace(planes[0]?.address('internal.udp') ?? '', planes[1]?.address('internal.udp') ?? ''),
        ),
      };
      expect(await clients[1]?.bye(moved)).toBe(200);
      expect(sawBye(dialog.callId)).toBe(sawInvite(dialog.callId));
    }
  });

  it('a draining node finishes its calls and gets no new ones', async () => {
    const up = await calls(6);
    const drained = nodes().map((node, i) => (i === 0 ? { ...node, state: NodeState.DRAINING } : node));
    planes[0]?.core.setNodes(drained);
    const before = servers[0]?.count('INVITE');
    expect(await calls(6)).toHaveLength(6);
    expect(servers[0]?.count('INVITE')).toBe(before);
    for (const dialog of up) {
      expect(await clients[0]?.bye(dialog)).toBe(200);
      expect(sawBye(dialog.callId)).toBe(sawInvite(dialog.callId));
    }
  });
});
