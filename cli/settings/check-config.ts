import { loadConfig } from '../../runtime/config';
import type { Globals } from '../globals';
import { printJson, printText } from '../output';

/** `triplane config check FILE`: the file alone with what `--set` changes; the environment of this shell is not the service's. */
export async function checkConfig({ json, set }: Globals, file: string): Promise<void> {
  loadConfig({ file, set });
  if (json) printJson({ file, ok: true });
  else printText(`${file}: ok`);
}
