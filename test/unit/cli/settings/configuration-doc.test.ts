import { readFileSync } from 'node:fs';
import path from 'node:path';
import { configurationDoc } from '../../../../cli/settings/configuration-doc';
import { configSchema, describeKeys } from '../../../../runtime/config';

const DOC = readFileSync(path.resolve(__dirname, '../../../../docs/configuration.md'), 'utf8');
const lines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('- `'));

test('docs/configuration.md has every key with its default and meaning; `npm run docs` writes them', () => {
  expect(lines(DOC)).toEqual(lines(configurationDoc(describeKeys(configSchema))));
});

test('every key says what it means', () => {
  expect(describeKeys(configSchema).filter(({ meaning }) => meaning === '')).toEqual([]);
});
