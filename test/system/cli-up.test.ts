import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TRIPLANE, startProgram, type RunningProcess } from '../support/processes';
import { until } from '../support/until';

interface Announcement {
  readonly addresses: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly pids: Readonly<Record<string, number>>;
}

const stateDir = mkdtempSync(path.join(tmpdir(), 'triplane-up-'));
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

const FREE = [
  'log.level=error',
  `cluster.stateDir=${stateDir}`,
  ...['control.grpc', 'control.admin', 'control.http', 'sip.admin', 'http.admin', 'smpp.admin', 'http.listen'].map(
    (key) => `${key}.port=0`,
  ),
  ...['external', 'internal'].flatMap((leg) => [`sip.${leg}.udpPort=0`, `sip.${leg}.tcpPort=0`]),
];

const started: RunningProcess[] = [];
afterEach(async () => {
  const left = started.splice(0).filter((running) => running.exitCode() === undefined);
  await Promise.all(left.map((running) => running.stop('SIGKILL')));
});

function up(...set: readonly string[]): RunningProcess {
  const assignments = [...FREE, ...set].flatMap((assignment) => ['--set', assignment]);
  const running = startProgram(process.execPath, [...TRIPLANE, 'up', '--json', ...assignments]);
  started.push(running);
  return running;
}

async function announced(process: RunningProcess): Promise<Announcement> {
  return until(
    'everything is up',
    () => {
      if (process.exitCode() !== undefined) throw new Error(process.output());
      // Log lines may stand before it.
      const [document] = /^\{\n[\s\S]*?^\}\n/m.exec(process.output()) ?? [];
      return document === undefined ? undefined : (JSON.parse(document) as Announcement);
    },
    30_000,
  );
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const gone = (pids: Announcement['pids']): Promise<boolean> =>
  until('every service has ended', () => Object.values(pids).every((pid) => !alive(pid)), 15_000);

const stopPage = (at: string | undefined): Promise<Response> =>
  fetch(`http://${at}/lbstop?login=operator&password=secret`);

describe('triplane up', () => {
  it('starts a service again that was killed, and closes all in order on SIGTERM', async () => {
    const running = up('smpp.listen.port=0');
    const { addresses, pids } = await announced(running);
    process.kill(pids['http-plane'] ?? 0, 'SIGKILL');
    await until('its death is logged', () => running.output().includes('service died, starting it again'));
    const admin = `http://${addresses['control-plane']?.['http']}/lbinfo`;
    await until('the control plane is still there', async () => (await fetch(admin)).ok);
    await running.stop();
    expect(running.exitCode()).toBe(0);
    await gone(pids);
  }, 60_000);

  it('is stopped by the page of its control plane; a plane stopped by its own page is not started again', async () => {
    const passwordFile = path.join(stateDir, 'password');
    writeFileSync(passwordFile, 'secret\n', { mode: 0o600 });
    const running = up(
      'smpp.listen.port=0',
      `operator.passwordFile=${passwordFile}`,
      'operator.stopDelayMs=300',
      'log.level=info',
    );
    const { addresses, pids } = await announced(running);
    const { ok } = await stopPage(addresses['smpp-plane']?.['admin']);
    expect(ok).toBe(true);
    await until('the SMPP plane has ended', () => !alive(pids['smpp-plane'] ?? 0));
    expect(running.output()).not.toContain('starting it again');
    expect((await stopPage(addresses['control-plane']?.['http'])).ok).toBe(true);
    await until('up has ended', () => running.exitCode() !== undefined, 20_000);
    expect(running.exitCode()).toBe(0);
    await gone(pids);
  }, 60_000);

  it('a control plane that was killed comes back on the port that the planes know', async () => {
    const running = up('smpp.listen.port=0');
    const { addresses, pids } = await announced(running);
    process.kill(pids['control-plane'] ?? 0, 'SIGKILL');
    await until('its death is logged', () => running.output().includes('service died, starting it again'));
    const ready = `http://${addresses['control-plane']?.['http']}/healthz`;
    await until(
      'it answers again where it was',
      () =>
        fetch(ready)
          .then(({ ok }) => ok)
          .catch(() => false),
      20_000,
    );
    await running.stop();
    expect(running.exitCode()).toBe(0);
  }, 60_000);

  it('SIGHUP reaches every service and ends none', async () => {
    const running = up('smpp.listen.port=0', 'log.level=info');
    const { pids } = await announced(running);
    process.kill(running.pid, 'SIGHUP');
    await until('all four have heard it', () => running.output().split('SIGHUP: files are read again').length === 5);
    expect(Object.values(pids).every((pid) => alive(pid))).toBe(true);
    await running.stop();
    expect(running.exitCode()).toBe(0);
  }, 60_000);

  it('leaves no service behind when it is killed itself', async () => {
    const running = up('smpp.listen.port=0');
    const { pids } = await announced(running);
    await running.stop('SIGKILL');
    expect(await gone(pids)).toBe(true);
  }, 60_000);

  it('a port in use ends everything with the one line of the service that wanted it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const running = up(`smpp.listen.port=${port}`);
    await until('it has ended', () => running.exitCode() !== undefined, 40_000);
    holder.close();
    expect(running.exitCode()).toBe(1);
    expect(running.output()).toMatch(new RegExp(`^triplane: ADDRESS_IN_USE: smpp.*127\\.0\\.0\\.1:${port}[^\\n]*\\n$`));
  }, 60_000);
});
