import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TRIPLANE, triplane } from '../support/processes';

const COMMANDS = [
  ['up'],
  ['control'],
  ['sip'],
  ['http'],
  ['smpp'],
  ['demo'],
  ['node'],
  ['nodes'],
  ['planes'],
  ['stats'],
  ['drain'],
  ['resume'],
  ['remove'],
  ['algorithm', 'get'],
  ['algorithm', 'set'],
  ['algorithm', 'history'],
  ['algorithm', 'rollback'],
  ['config', 'check'],
  ['config', 'explain'],
  ['config', 'convert'],
  ['token'],
];

describe('the built command', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('lists every command and the exit codes in its help', () => {
    const { status, stdout, stderr } = triplane('--help');
    expect([status, stderr]).toEqual([0, '']);
    for (const [name = ''] of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
  });

  it.each(COMMANDS.map((command) => [command.join(' '), command]))('%s --help has an example', (_name, command) => {
    const { status, stdout } = triplane(...command, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples?:\n {2}triplane /);
    expect(stdout).toContain('--json');
  });

  it('prints its version', () => {
    expect(triplane('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    });
  });

  it.each([
    ['an unknown command', ['nods'], /unknown command 'nods'.*node/],
    ['an unknown option', ['nodes', '--jsn'], /unknown option '--jsn'.*--json/],
    ['a missing argument', ['drain'], /missing required argument 'node'/],
    ['one argument too many', ['drain', 'a', 'b'], /too many arguments/],
    ['a missing subcommand', ['algorithm'], /expected a command/],
    ['a bad protocol', ['algorithm', 'get', 'ftp'], /expected a protocol: sip, http or smpp, got ftp/],
    ['a bad admin address', ['nodes', '--admin', 'x'], /Expected HOST:PORT/],
    ['a bad port', ['node', '--id', 'a', '--address', '127.0.0.1', '--http', '0'], /whole number from 1 to 65535/],
    ['a bad --set', ['config', 'check', 'x.yaml', '--set', 'foo'], /key=value|cannot be read/],
    ['a bad time', ['demo', '--seconds', 'ten'], /whole number/],
  ])('%s is one line and exit code 2', (what, args, text) => {
    const { status, stdout, stderr } = triplane(...args);
    const last = stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(last).toMatch(text);
    expect(stdout).toBe('');
    if (what === 'a bad --set') return;
    expect(last).toMatch(/^triplane: USAGE: /);
    expect(status).toBe(2);
  });

  it('without a command shows its help and ends with 2', () => {
    expect(triplane()).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Commands:') as string });
  });

  it('names the address of a control plane that is not there, and ends with 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
    holder.close();
    await once(holder, 'close');
    const { status, stderr } = triplane('nodes', '--admin', address);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `triplane: CONTROL_PLANE_UNREACHABLE: no control plane answered at ${address}; ` +
        'start one with "triplane up", or name another with --admin HOST:PORT\n',
    );
  });

  it.each([[['nodes']], [['config', 'explain']], [['--help']], [['node', '--help']]])(
    '%j loads no package of a plane, and no telemetry SDK',
    (args) => {
      const script = `
        process.on('exit', () => process.stdout.write('\\n' + JSON.stringify(Object.keys(require.cache))));
        process.argv = [process.argv[0], ...${JSON.stringify([...TRIPLANE, ...args, '--admin', '127.0.0.1:9'])}];
        require(process.argv[1]);
      `;
      const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      const files = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as string[];
      const foreign =
        /node_modules\/(smpp|ws|http-proxy|consul|@opentelemetry\/sdk-[a-z-]+)\/|dist\/(sip|http|smpp|control)-plane\//;
      expect(files.length).toBeGreaterThan(10);
      expect(files.filter((file) => foreign.test(file))).toEqual([]);
    },
  );

  it('config check: ok is 0, a fault is one line and 1', () => {
    const good = path.join(folder, 'good.yaml');
    const bad = path.join(folder, 'bad.yaml');
    writeFileSync(good, 'sip: {external: {udpPort: 5070}}\n');
    writeFileSync(bad, 'sip: {external: {udpPort: five}}\n');
    expect(triplane('config', 'check', good)).toEqual({ status: 0, stdout: `${good}: ok\n`, stderr: '' });
    expect(triplane('config', 'check', bad)).toMatchObject({
      status: 1,
      stderr: `triplane: CONFIG_INVALID: sip.external.udpPort in ${bad}: expected number, got "five"\n`,
    });
    expect(triplane('config', 'check', path.join(folder, 'none.yaml'))).toMatchObject({ status: 1 });
  });

  it('config explain: a key, its meaning and its default', () => {
    expect(triplane('config', 'explain', 'CONTROL.lease.ttlms').stdout).toMatch(
      /^control\.lease\.ttlMs\n {2}A node that is silent.*\n {2}default: 6000\n$/,
    );
    const { keys } = JSON.parse(triplane('config', 'explain', 'http.listen', '--json').stdout) as { keys: unknown[] };
    expect(keys).toEqual([
      expect.objectContaining({ key: 'http.listen.host', default: '127.0.0.1' }),
      expect.objectContaining({ key: 'http.listen.port', default: 2080 }),
    ]);
    expect(triplane('config', 'explain', 'http.lisen')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/CONFIG_UNKNOWN_KEY.*did you mean http\.listen/) as string,
    });
  });

  it('config convert: what comes out is a configuration that check accepts', () => {
    const old = path.join(folder, 'lb.properties');
    const made = path.join(folder, 'made.yaml');
    writeFileSync(old, 'host=127.0.0.1\nexternalUdpPort=5060\nrmiRegistryPort=2000\n');
    const { status, stdout } = triplane('config', 'convert', old);
    expect(status).toBe(0);
    expect(stdout).toMatch(/# +rmiRegistryPort = 2000\n# +nodes register over gRPC/);
    writeFileSync(made, stdout);
    expect(triplane('config', 'check', made)).toMatchObject({ status: 0 });
    expect(triplane('config', 'check', old)).toMatchObject({ status: 0 });
  });
});
