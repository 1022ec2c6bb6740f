import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { TriplaneError, messageOf } from './errors';
import { warnOfExposure } from './file-exposure';
import { LOG_LEVELS, logLevelOf, type LogLevel } from './log-level';
import type { Logger } from './logger';

export interface OperatorSettings {
  readonly login: string;
  /** Its first line is the password; read at each attempt. */
  readonly passwordFile?: string | undefined;
  /** Between a stop that was asked for and its beginning, ms. */
  readonly stopDelayMs: number;
}

/** What a page answers. */
export interface OperatorAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Caller {
  readonly peer: string;
  readonly login: string;
  readonly password: string;
}

const PATHS = ['/lbloglevel', '/lbstop'];
const LINES_PER_MINUTE = 30;

/**
 * The pages that change this process, for who knows login and password: `/lbloglevel?logLevel=debug` and `/lbstop`. Both come as the
 * predecessor takes them, `?login=…&password=…`, or by HTTP Basic. Without a configured password they refuse everybody.
 */
export class OperatorPages {
  readonly #settings: OperatorSettings;
  readonly #logger: Logger;
  readonly #listeners: ((delayMs: number) => void)[] = [];
  #levelListener: ((level: LogLevel) => void) | undefined;
  #stopping = false;
  #minute = 0;
  #lines = 0;

  /** Throws TOKEN_FILE when the password file cannot be used. */
  constructor(settings: OperatorSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    const { passwordFile } = settings;
    if (passwordFile === undefined) return;
    passwordIn(readPassword(passwordFile), passwordFile);
    warnOfExposure(logger, [passwordFile], 'read');
  }

  /** True once a stop was accepted. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Told once, when a stop was accepted: what runs goes on for `delayMs`, then everything closes. */
  onStop(listener: (delayMs: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Told of each new log level, once it is that of the logger. */
  onLogLevel(listener: (level: LogLevel) => void): void {
    this.#levelListener = listener;
  }

  /** Undefined: not one of these pages. Never rejects. */
  async answer(request: IncomingMessage): Promise<OperatorAnswer | undefined> {
    const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
    const page = path.toLowerCase();
    if (!PATHS.includes(page)) return undefined;
    if (request.method !== 'GET' && request.method !== 'POST') return refusal(405, 'expected GET or POST');
    const parameters = new URLSearchParams(query);
    const caller = callerOf(request, parameters);
    const denied = await this.#denial(request, caller);
    if (denied !== undefined) {
      this.#audit(caller, 'denied', { page, status: denied.status });
      return denied;
    }
    return page === '/lbstop' ? this.#stop(caller) : this.#logLevel(caller, parameters.get('logLevel'));
  }

  async #denial(request: IncomingMessage, caller: Caller): Promise<OperatorAnswer | undefined> {
    const { login, passwordFile } = this.#settings;
    if (passwordFile === undefined) {
      return refusal(403, 'closed: configure operator.passwordFile to open the pages that change this process');
    }
    // A page of somebody else, open in the operator's browser, sends the login that the browser remembers.
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return refusal(403, 'sent by another site');
    const password = await readFile(passwordFile, 'utf8').catch(() => '');
    const [expected = ''] = password.split(/\r?\n/, 1);
    const right = equal(caller.login, login) && equal(caller.password, expected) && expected !== '';
    return right ? undefined : refusal(401, 'expected the login and the password of this process');
  }

  #logLevel(caller: Caller, wanted: string | null): OperatorAnswer {
    const before = this.#logger.level;
    if (wanted === null) return { status: 200, body: { logLevel: before, levels: LOG_LEVELS } };
    const level = logLevelOf(wanted);
    if (level === undefined) return refusal(400, `logLevel: expected one of ${LOG_LEVELS.join(' ')}`);
    this.#logger.level = level;
    this.#levelListener?.(level);
    this.#audit(caller, 'log level', { from: before, to: level });
    return { status: 200, body: { logLevel: level } };
  }

  #stop(caller: Caller): OperatorAnswer {
    const { stopDelayMs } = this.#settings;
    if (!this.#stopping) {
      this.#stopping = true;
      this.#audit(caller, 'stop', { delayMs: stopDelayMs });
      for (const listener of this.#listeners) listener(stopDelayMs);
    }
    return { status: 200, body: { stop: 'OK', inMs: stopDelayMs } };
  }

  /** Of those that were turned away, some lines a minute. */
  #audit({ peer, login }: Caller, action: string, facts: Readonly<Record<string, unknown>>): void {
    if (action !== 'denied') {
      this.#logger.warn({ audit: action, who: `operator/${login}`, peer, ...facts }, `operator: ${action}`);
      return;
    }
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#minute) [this.#minute, this.#lines] = [minute, 0];
    this.#lines += 1;
    if (this.#lines > LINES_PER_MINUTE) return;
    this.#logger.warn({ audit: action, who: 'unknown', peer, ...facts }, 'denied: a page that changes this process');
  }
}

function callerOf(request: IncomingMessage, query: URLSearchParams): Caller {
  const peer = `${request.socket.remoteAddress ?? ''}:${request.socket.remotePort ?? 0}`;
  const [, basic] = /^Basic +([A-Za-z0-9+/=]{1,512})$/i.exec(request.headers.authorization ?? '') ?? [];
  if (basic === undefined) return { peer, login: query.get('login') ?? '', password: query.get('password') ?? '' };
  const [login = '', ...rest] = Buffer.from(basic, 'base64').toString().split(':');
  return { peer, login, password: rest.join(':') };
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TriplaneError('TOKEN_FILE', `operator.passwordFile ${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function passwordIn(text: string, file: string): void {
  const [password = ''] = text.split(/\r?\n/, 1);
  if (password !== '') return;
  throw new TriplaneError('TOKEN_FILE', `operator.passwordFile ${file}: expected a password in the first line`);
}

/** In a time that says nothing of what was expected. */
function equal(given: string, expected: string): boolean {
  return timingSafeEqual(hashOf(given), hashOf(expected));
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusal(status: number, reason: string): OperatorAnswer {
  return { status, body: { error: 'NOK', reason } };
}
