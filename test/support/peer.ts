import { spawnSync } from 'node:child_process';

/**
 * `describe` for tests that need an outside program. Where it is missing they are skipped with a printed reason,
 * and with `CI=true` they fail.
 */
export function describeWith(program: string, title: string, tests: () => void): void {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  describeWhere(found, `${program} is not installed`, title, tests);
}

/** The same for peers that are found otherwise; `reason` says what is missing where they are not. */
export function describeWhere(found: boolean, reason: string, title: string, tests: () => void): void {
  if (found) {
    describe(title, tests);
    return;
  }
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      it('has its peer', () => {
        throw new Error(`${reason}; CI must have it`);
      });
    });
    return;
  }
  process.stderr.write(`skipped: ${title}: ${reason}\n`);
  // oxlint-disable-next-line jest/no-disabled-tests -- a missing peer skips visibly
  describe.skip(`${title} (${reason})`, tests);
}
