import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The package's version, from package.json beside or above the build. */
export function productVersion(): string {
  for (const up of ['..', path.join('..', '..')]) {
    try {
      const manifest = JSON.parse(readFileSync(path.join(__dirname, up, 'package.json'), 'utf8')) as {
        version?: unknown;
      };
      if (typeof manifest.version === 'string') return manifest.version;
    } catch {
      // Not there: the sources and the build lie at different depths.
    }
  }
  return 'unknown';
}
