import type { Globals } from '../globals';
import { printJson, printText } from '../output';
import { withAdmin } from './admin-session';

/** `triplane log-level LEVEL [--plane ID | --all]`: of the control plane that is asked, of one of its planes, or of all of them. */
export async function setLogLevel(globals: Globals, level: string, planeId: string): Promise<void> {
  await withAdmin(globals, async ({ client, call }) => {
    const { planeIds, controlPlane } = await call(client.setLogLevel, { level, planeId });
    const changed = [...(controlPlane ? ['control-plane'] : []), ...planeIds];
    if (globals.json) printJson({ level: level.toLowerCase(), changed });
    else printText(`log level ${level.toLowerCase()}: ${changed.join(' ')}`);
  });
}
