import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../support/free-port';
import { describeWith } from '../support/peer';
import { Cluster, TRIPLANE, startProgram, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

const ROOT = path.resolve(__dirname, '../..');
const NODE_ARGS = [...TRIPLANE, 'node', '--address', '127.0.0.1'];
const PROBES = ['--probe', '--probe-interval', '100', '--probe-timeout', '500'];

/** A server of others, as a program that can be started, killed and started again on its port. */
interface Server {
  readonly port: number;
  run(): RunningProcess;
}

describe('triplane node --probe beside a server of others', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-probed-'));
  const started: RunningProcess[] = [];
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = new Cluster();
    await cluster.startControl();
  }, 60_000);

  afterAll(async () => {
    await Promise.all(started.filter((one) => one.exitCode() === undefined).map((one) => one.stop('SIGTERM')));
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (command: string, ...args: readonly string[]): RunningProcess => {
    const program = startProgram(command, args, ROOT);
    started.push(program);
    return program;
  };
  const file = (name: string, text: string): string => {
    const made = path.join(folder, name);
    writeFileSync(made, text);
    return made;
  };

  /** The state of the node while its server is away, runs, is killed, and runs again. */
  const story = async (id: string, ports: readonly string[], { run: runServer }: Server): Promise<string[]> => {
    const states: string[] = [];
    const reach = async (state: string): Promise<void> => {
      await until(`${id} is ${state}`, async () => ((await cluster.nodeState(id)) ?? 'absent') === state, 20_000);
      states.push(state);
    };
    const controlPlane = `cluster.controlPlanes=["${cluster.control.addresses['grpc']}"]`;
    const sidecar = run(process.execPath, ...NODE_ARGS, ...ports, ...PROBES, '--id', id, '--set', controlPlane);
    await until('the sidecar has seen that nobody is there', () => sidecar.output().length > 0, 20_000);
    await reach('absent');
    const server = runServer();
    await reach('ACTIVE');
    // Kamailio ends its own children, which a kill would leave.
    await server.stop('SIGTERM');
    await reach('absent');
    runServer();
    await reach('ACTIVE');
    await sidecar.stop();
    await reach('absent');
    return states;
  };
  const WANTED = ['absent', 'ACTIVE', 'absent', 'ACTIVE', 'absent'];

  describeWith('kamailio', 'Kamailio, by SIP OPTIONS over UDP', () => {
    it('is a node exactly while it answers', async () => {
      const port = await freePort();
      const config = file(
        'kamailio.cfg',
        `#!KAMAILIO\ndebug=0\nlog_stderror=yes\nfork=no\nchildren=1\ndisable_tcp=yes\nlisten=udp:127.0.0.1:${port}\nloadmodule "sl.so"\nrequest_route { sl_send_reply("200","OK"); exit; }\n`,
      );
      const args = ['-f', config, '-DD', '-m', '16', '-M', '4', '-w', folder, '-Y', folder];
      const server = { port, run: () => run('kamailio', ...args, '-P', path.join(folder, 'kamailio.pid')) };
      expect(await story('kamailio', ['--sip-udp', `${port}`], server)).toEqual(WANTED);
    }, 90_000);
  });

  describeWith('nginx', 'nginx, by HTTP GET', () => {
    it('is a node exactly while it answers', async () => {
      const port = await freePort();
      const config = file(
        'nginx.conf',
        `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;\nevents {}\nhttp { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};\nserver { listen 127.0.0.1:${port}; location /health { return 200 well; } location / { return 503; } } }\n`,
      );
      const server = { port, run: () => run('nginx', '-c', config, '-p', folder) };
      expect(await story('nginx', ['--http', `${port}`, '--probe-path', '/health'], server)).toEqual(WANTED);
    }, 90_000);
  });

  describe('an SMSC of the smpp package, by enquire_link', () => {
    it('is a node exactly while it answers', async () => {
      const port = await freePort();
      const script = `require('smpp').createServer((session) => {
        session.on('error', () => {});
        session.on('enquire_link', (pdu) => session.send(pdu.response()));
      }).listen(${port}, '127.0.0.1')`;
      const server = { port, run: () => run(process.execPath, '-e', script) };
      expect(await story('smsc', ['--smpp', `${port}`], server)).toEqual(WANTED);
    }, 90_000);
  });
});
