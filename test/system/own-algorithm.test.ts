import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cluster, startProgram, triplane } from '../support/processes';
import { until } from '../support/until';
import { WebNode } from '../support/web-node';

const EXAMPLE = path.resolve(__dirname, '../../docs/examples/by-prefix.js');

describe('an algorithm of the user in real planes', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-own-'));
  const moody = path.join(folder, 'moody.js');
  const nodes: WebNode[] = [];
  let cluster: Cluster;

  beforeAll(async () => {
    writeFileSync(
      moody,
      `exports.algorithm = { name: 'moody', create: () => ({ select() { throw new Error('bad day'); } }) };`,
    );
    cluster = await new Cluster({ set: [`cluster.algorithms=["${EXAMPLE}", "${moody}"]`] }).start();
    for (const id of ['uk-1', 'us-1']) {
      const node = await WebNode.start(id);
      nodes.push(node);
      await cluster.startNode(id, '--http', `${node.port}`);
    }
  }, 60_000);

  afterAll(async () => {
    for (const node of nodes) node.close();
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const command = async (...args: readonly string[]): Promise<string> => {
    const run = startProgram(process.execPath, [
      path.resolve(__dirname, '../../dist/cli/main.js'),
      '--set',
      `cluster.admin=${cluster.control.addresses['admin']}`,
      ...args,
    ]);
    await until('the command is over', () => run.exitCode() !== undefined);
    return run.output();
  };
  const answerTo = async (key: string): Promise<string> => {
    const url = `http://${cluster.http.addresses['http']}/?appsession=${encodeURIComponent(key)}`;
    return await (await fetch(url)).text();
  };

  it('is announced to the control plane, set live with its parameters, and obeyed', async () => {
    expect(await command('planes', '--json')).toContain('by-prefix');
    expect(await command('algorithm', 'set', 'http', 'by-prefix', '--param', 'prefixes=+1:us- +44:uk-')).toContain(
      'by-prefix',
    );
    await until(
      'it is in force',
      async () => (await answerTo('+1555')) === 'us-1' && (await answerTo('+44')) === 'uk-1',
    );
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => answerTo(i % 2 === 0 ? `+1555${i}` : `+44555${i}`)),
    );
    expect(answers.map((answer, i) => answer === (i % 2 === 0 ? 'us-1' : 'uk-1'))).not.toContain(false);
  });

  it('that throws does not lose a request: round robin chooses, and the plane says so once', async () => {
    await command('algorithm', 'set', 'http', 'moody');
    await until('it is in force', () => cluster.http.output().includes('bad day') || answerTo('x').then(() => false));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => answerTo(`key-${i}`)));
    expect(answers.filter((answer) => answer === 'us-1')).toHaveLength(10);
    expect(cluster.http.output().match(/bad day/g)).toHaveLength(1);
    const metrics = await (await fetch(`http://${cluster.http.addresses['admin']}/metrics`)).text();
    expect(metrics).toMatch(/algorithm_faults_moody\D* 2\d/);
  });

  it.each(['sip', 'http', 'smpp'])('that cannot be loaded ends the %s plane with one line and exit code 1', (plane) => {
    const set = ['cluster.algorithms=["./no-such.js"]', `cluster.stateDir=${folder}`, `${plane}.admin.port=0`];
    const { status, stderr, stdout } = triplane(plane, ...set.flatMap((one) => ['--set', one]));
    expect(status).toBe(1);
    const said = `${stdout}${stderr}`.trim().split('\n');
    expect(said).toEqual([expect.stringContaining('./no-such.js cannot be used as cluster.algorithms')]);
  });
});
