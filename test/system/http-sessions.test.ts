import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Cluster } from '../support/processes';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

describe('web sessions through the plane', () => {
  let cluster: Cluster;
  let nodes: WebNode[];
  let url: string;

  beforeAll(async () => {
    cluster = await new Cluster().start();
    nodes = await Promise.all(['app1', 'app2'].map((name) => WebNode.start(name)));
    await Promise.all(
      nodes.map((node, i) => cluster.startNode(`app${i + 1}`, '--http', `${node.port}`, '--jvm-route', `app${i + 1}`)),
    );
    url = `http://${cluster.http.addresses['http']}/`;
  }, 60_000);

  afterAll(async () => {
    for (const node of nodes) node.close();
    await cluster.close();
  });

  const answeredBy = async (headers: Record<string, string>): Promise<string> => {
    const response = await fetch(url, { headers });
    return `${response.status} ${await response.text()}`;
  };

  it('keeps 200 requests of a session on the node of its jvmRoute', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => answeredBy({ Cookie: 'JSESSIONID=x.app1' })));
    expect(answers.filter((answer) => answer !== '200 app1')).toEqual([]);
  });

  it('spreads requests without a session over both nodes', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => answeredBy({})));
    expect(answers.filter((answer) => answer === '200 app1').length).toBe(50);
    expect(answers.filter((answer) => answer === '200 app2').length).toBe(50);
  });

  it('carries a WebSocket, text and binary', async () => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    await once(socket, 'open');
    for (const sent of ['hello', Buffer.from([0, 255, 1])]) {
      socket.send(sent);
      const [received] = (await once(socket, 'message')) as [Buffer];
      expect(received).toEqual(Buffer.from(sent as string));
    }
    socket.close();
    await once(socket, 'close');
  });

  it('shows in /lbstat exactly what was sent', async () => {
    const served = nodes.map(({ requests }) => requests);
    expect(served[0]! + served[1]!).toBe(300);
    // 300 requests and one upgrade; figures arrive within the reporting interval.
    const stats = await until('the figures have arrived', async () => {
      const { Metrics } = await cluster.lbstat();
      return Metrics['NumberOfHttpRequests'] === 301 ? Metrics : undefined;
    });
    expect(stats.counters['http.requests.GET']).toBe(301);
  });
});
