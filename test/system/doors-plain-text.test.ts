import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newToken, tokenLine } from '../../runtime/identity';

const ROOT = path.resolve(__dirname, '../..');
/** An address that is not loopback, in a network namespace of its own. */
const ADDRESS = '10.99.0.1';
const ADMIN = `${ADDRESS}:7701`;

/** Calls DrainNode with a token over plain text, which no client of ours does, and prints what came back. */
const CALLER = `
  const { Metadata, credentials } = require('@grpc/grpc-js');
  const { AdminServiceClient } = require(${JSON.stringify(path.join(ROOT, 'dist/proto'))});
  const { errorReason } = require(${JSON.stringify(path.join(ROOT, 'dist/runtime/grpc'))});
  const client = new AdminServiceClient('${ADMIN}', credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer ' + process.env.TOKEN);
  client.waitForReady(Date.now() + 15000, () => {
    client.drainNode({ nodeId: 'app1' }, metadata, (error) => {
      console.log(JSON.stringify({ code: error?.code, reason: errorReason(error)?.reason }));
      process.exit(0);
    });
  });
`;

// Needs the right to make network namespaces, which CI machines may not give.
const allowed = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
if (!allowed) process.stderr.write('skipped: plain text from another address: no right to make network namespaces\n');

(allowed ? describe : describe.skip)('plain text from an address that is not loopback', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triplane-plain-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is refused though the token is an operator's, with an audit line that does not hold it", () => {
    const token = newToken();
    const tokens = path.join(folder, 'tokens');
    const log = path.join(folder, 'log');
    writeFileSync(tokens, `${tokenLine(token, { role: 'operator', id: 'alice', prefix: false })}\n`, { mode: 0o600 });
    const set = [
      'cluster.insecure=true',
      `control.admin.host=${ADDRESS}`,
      `control.auth.tokensFile=${tokens}`,
      'log.format=json',
    ].flatMap((one) => ['--set', one]);
    const script = `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo || exit 9
      ${process.execPath} dist/control-plane/main.js ${set.join(' ')} 2>'${log}' & control=$!
      ${process.execPath} -e "$CALLER"; kill -9 $control`;
    const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, TOKEN: token, CALLER },
    });
    const lines = readFileSync(log, 'utf8');
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ code: 16, reason: 'TOKEN_EXPOSED' });
    expect(lines).toMatch(
      /"audit":"denied","who":"unknown","peer":"10\.99\.0\.1:\d+","method":"triplane\.v1\.AdminService\/DrainNode","status":"UNAUTHENTICATED","reason":"TOKEN_EXPOSED"/,
    );
    expect(lines).not.toContain(token);
  }, 40_000);
});
