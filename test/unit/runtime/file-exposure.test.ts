import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { warnOfExposure } from '../../../runtime/file-exposure';
import { logLines } from '../../support/log-lines';

const folder = mkdtempSync(path.join(tmpdir(), 'triplane-exposure-'));
const file = path.join(folder, 'secret');
writeFileSync(file, 'x');
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['read', 0o600, 0],
  ['read', 0o640, 0],
  ['read', 0o644, 1],
  ['write', 0o644, 0],
  ['write', 0o646, 1],
] as const)('a file that others may not %s at mode %o is %d warnings', (what, mode, warnings) => {
  chmodSync(file, mode);
  const { logger, lines } = logLines();
  warnOfExposure(logger, [file, undefined, path.join(folder, 'away')], what);
  expect(lines).toHaveLength(warnings);
  expect(lines.every((line) => line['file'] === file)).toBe(true);
});
