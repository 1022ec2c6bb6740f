import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startAdminHttp } from '../../runtime/admin-http';
import { Counters } from '../../runtime/counters';
import { OperatorPages } from '../../runtime/operator-pages';
import type { Service } from '../../runtime/service';
import { logLines, type LogLines } from '../support/log-lines';

describe('the pages that change a process', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-operator-'));
  const passwordFile = path.join(folder, 'password');
  let log: LogLines;
  let pages: Service | undefined;

  beforeAll(() => {
    writeFileSync(passwordFile, 'correct horse\n');
    chmodSync(passwordFile, 0o600);
  });
  beforeEach(() => {
    log = logLines('info');
  });
  afterEach(async () => {
    await pages?.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const start = async (settings: { readonly passwordFile?: string } = { passwordFile }): Promise<OperatorPages> => {
    const operator = new OperatorPages({ login: 'alice', stopDelayMs: 5000, ...settings }, log.logger);
    pages = await startAdminHttp({
      what: 'test',
      host: '127.0.0.1',
      port: 0,
      counters: new Counters(),
      readiness: () => ({ ready: true, problems: [] }),
      operator,
    });
    return operator;
  };
  const ask = async (page: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> => {
    const answer = await fetch(`http://${pages?.addresses['http']}${page}`, init);
    return { status: answer.status, body: await answer.json() };
  };
  const RIGHT = 'login=alice&password=correct%20horse';

  it('set the log level at run time, as the predecessor takes it and by HTTP Basic, with an audit line', async () => {
    await start();
    expect(await ask(`/lbLogLevel?logLevel=DEBUG&${RIGHT}`)).toEqual({ status: 200, body: { logLevel: 'debug' } });
    expect(log.logger.level).toBe('debug');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ audit: 'log level', who: 'operator/alice', from: 'info', to: 'debug' }),
    );
    const headers = { Authorization: `Basic ${Buffer.from('alice:correct horse').toString('base64')}` };
    expect(await ask('/lbloglevel?logLevel=OFF', { headers, method: 'POST' })).toMatchObject({ status: 200 });
    expect(log.logger.level).toBe('silent');
    expect(await ask('/lbloglevel', { headers })).toMatchObject({ body: { logLevel: 'silent' } });
  });

  it('refuse a level that is none', async () => {
    await start();
    expect(await ask(`/lbloglevel?logLevel=LOUD&${RIGHT}`)).toMatchObject({ status: 400 });
    expect(log.logger.level).toBe('info');
  });

  it.each([
    ['no login', '', 401],
    ['a wrong password', 'login=alice&password=guess', 401],
    ['a wrong login', 'login=bob&password=correct%20horse', 401],
    ['the empty password', 'login=alice&password=', 401],
  ])('refuse %s with an audit line that does not hold it', async (_what, query, status) => {
    const operator = await start();
    expect(await ask(`/lbstop?${query}`)).toMatchObject({ status });
    expect(operator.stopping).toBe(false);
    expect(log.lines).toContainEqual(expect.objectContaining({ audit: 'denied', page: '/lbstop', status }));
    expect(log.text()).not.toMatch(/guess|correct/);
  });

  it('refuse everybody while no password is configured, and say what to do', async () => {
    await start({});
    expect(await ask('/lbstop?login=alice&password=')).toMatchObject({
      status: 403,
      body: { reason: expect.stringContaining('operator.passwordFile') as string },
    });
  });

  it("refuse what another site's page sends through the operator's browser", async () => {
    await start();
    const headers = { 'Sec-Fetch-Site': 'cross-site' };
    expect(await ask(`/lbstop?${RIGHT}`, { headers })).toMatchObject({ status: 403 });
  });

  it('stop: answered, then the port closes at once, and what runs has its delay', async () => {
    const operator = await start();
    let delay: number | undefined = undefined;
    operator.onStop((delayMs) => (delay = delayMs));
    expect(await ask(`/lbstop?${RIGHT}`)).toEqual({ status: 200, body: { stop: 'OK', inMs: 5000 } });
    expect(delay).toBe(5000);
    expect(log.lines).toContainEqual(expect.objectContaining({ audit: 'stop', who: 'operator/alice' }));
    await expect(ask('/healthz')).rejects.toThrow('fetch failed');
  });

  it('take a new password from the file at once', async () => {
    await start();
    writeFileSync(passwordFile, 'battery staple\n');
    expect(await ask('/lbloglevel?login=alice&password=battery%20staple')).toMatchObject({ status: 200 });
    expect(await ask(`/lbloglevel?${RIGHT}`)).toMatchObject({ status: 401 });
    writeFileSync(passwordFile, 'correct horse\n');
  });

  it('do not start without a password in the file', () => {
    const empty = path.join(folder, 'empty');
    writeFileSync(empty, '\n');
    const settings = { login: 'alice', stopDelayMs: 0, passwordFile: empty };
    expect(() => new OperatorPages(settings, log.logger)).toThrow(/empty: expected a password in the first line/);
    expect(() => new OperatorPages({ ...settings, passwordFile: '/nowhere' }, log.logger)).toThrow(/cannot be read/);
  });
});
