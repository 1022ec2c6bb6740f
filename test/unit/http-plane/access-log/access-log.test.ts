import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AccessLog, type AccessEntry } from '../../../../http-plane/access-log';
import { Counters } from '../../../../runtime/counters';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';
import { until } from '../../../support/until';

const folder = mkdtempSync(path.join(tmpdir(), 'access-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

const entry: AccessEntry = {
  client: '192.0.2.1',
  method: 'GET',
  target: '/a?b',
  version: '1.1',
  status: 200,
  bytes: 123,
  durationMs: 1.26,
  node: 'app1',
};

let made = 0;
function start(format: 'common' | 'json', file = path.join(folder, `${(made += 1)}.log`)) {
  const counters = new Counters();
  const clock = new FakeClock();
  return { file, counters, clock, log: new AccessLog({ file, format, clock, counters, logger: silentLogger() }) };
}

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

test('common log format has a line per request', async () => {
  const { log, file } = start('common');
  log.add(entry);
  log.add({ ...entry, method: 'POST', status: 503, bytes: 0 });
  await log.close();
  expect(read(file)).toMatch(
    /^192\.0\.2\.1 - - \[01\/Jan\/2026:\d\d:\d\d:\d\d \+0000\] "GET \/a\?b HTTP\/1\.1" 200 123\n.* "POST \/a\?b HTTP\/1\.1" 503 0\n$/,
  );
});

test('what a client sent cannot leave its quotes', async () => {
  const { log, file } = start('common');
  log.add({ ...entry, target: '/a"b\\c\xe4' });
  await log.close();
  expect(read(file)).toContain(String.raw`"GET /a\x22b\x5cc\xe4 HTTP/1.1"`);
});

test('JSON lines hold the node and the time that it took', async () => {
  const { log, file } = start('json');
  log.add({ ...entry, target: '/"\n' });
  await log.close();
  expect(JSON.parse(read(file))).toMatchObject({ ...entry, target: '/"\n', durationMs: 1.3 });
});

test('lines are written in batches, and after a move into a new file', async () => {
  const { log, file, clock } = start('common');
  log.add(entry);
  clock.advance(200);
  await until('the first is written', () => read(file).includes('GET'));
  renameSync(file, `${file}.1`);
  log.reopen();
  log.add({ ...entry, method: 'PUT' });
  await log.close();
  expect(read(`${file}.1`)).not.toContain('PUT');
  expect(read(file)).toContain('PUT');
});

test('a file that cannot be written costs lines, nothing else', async () => {
  const { log, counters } = start('common', path.join(folder, 'nowhere', 'a.log'));
  log.add(entry);
  await until('it is known', () => log.failed);
  log.add(entry);
  expect(counters.counter('http.accessLog.dropped').value).toBe(1);
  await log.close();
});

test('what waits for a slow disk is bounded', async () => {
  const { log, counters } = start('common');
  for (let i = 0; i < 60; i += 1) log.add({ ...entry, target: `/${'x'.repeat(100_000)}` });
  expect(counters.counter('http.accessLog.dropped').value).toBeGreaterThan(10);
  await log.close();
});
