import { SetLogLevelResponse, type SetLogLevelRequest } from '../../proto';
import { LOG_LEVELS, logLevelOf } from '../../runtime/log-level';
import type { Logger } from '../../runtime/logger';
import type { PlaneDirectory } from '../push';
import { Refusal } from '../registry';

const ALL = '*';

/** What operators want processes to log: the own level is set at once, that of planes waits for their next report of figures. */
export class LogLevels {
  readonly #logger: Logger;
  readonly #planes: PlaneDirectory;
  /** Plane id to the level that it was not told yet; at most as many as planes are connected. */
  readonly #untold = new Map<string, string>();

  constructor(logger: Logger, planes: PlaneDirectory) {
    this.#logger = logger;
    this.#planes = planes;
  }

  /** Throws Refusal INVALID, PLANE_UNKNOWN. */
  set({ level: name, planeId }: SetLogLevelRequest): SetLogLevelResponse {
    const level = logLevelOf(name);
    if (level === undefined) {
      throw new Refusal('INVALID', `level: expected one of ${LOG_LEVELS.join(' ')}, got ${JSON.stringify(name)}`, {
        field: 'level',
      });
    }
    const planeIds = planeId === '' ? [] : this.#connected(planeId);
    for (const id of planeIds) this.#untold.set(id, level);
    const controlPlane = planeId === '' || planeId === ALL;
    if (controlPlane) this.#logger.level = level;
    return SetLogLevelResponse.create({ planeIds, controlPlane });
  }

  /** For the answer to a plane's report; '' when there is nothing new. */
  take(planeId: string): string {
    const level = this.#untold.get(planeId) ?? '';
    this.#untold.delete(planeId);
    return level;
  }

  /** Throws PLANE_UNKNOWN unless it is `*`. */
  #connected(planeId: string): string[] {
    const ids = this.#planes.connected().map(({ hello }) => hello.planeId);
    for (const id of this.#untold.keys()) if (!ids.includes(id)) this.#untold.delete(id);
    if (planeId === ALL) return ids;
    const processes = ids.filter((id) => id === planeId || isWorkerOf(id, planeId));
    if (processes.length > 0) return processes;
    const connected = ids.length === 0 ? 'none' : ids.slice(0, 20).join(' ');
    throw new Refusal(
      'PLANE_UNKNOWN',
      `plane ${planeId} is not connected to this control plane; connected: ${connected}`,
    );
  }
}

/** Workers of the plane `sip-1` are the planes `sip-1.w1` and so on. */
function isWorkerOf(id: string, planeId: string): boolean {
  return id.startsWith(`${planeId}.w`) && /^\d+$/.test(id.slice(planeId.length + 2));
}
