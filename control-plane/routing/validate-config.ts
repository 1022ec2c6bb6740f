import { Protocol, type RoutingConfig } from '../../proto';
import { Refusal, isName } from '../registry';
import { DEFAULT_POOL } from '../store';

const MAX_PARAMETERS = 64;
const MAX_NAME = 1024;
/** Rules by number are long. */
const MAX_VALUE = 16_384;

/** A routing config as an operator asks for it, checked and with its pool filled in. Throws Refusal INVALID that names the field. */
export function validateConfig(config: RoutingConfig | undefined): RoutingConfig {
  if (config === undefined) throw invalid('config', 'a routing config', 'none');
  const { pool, algorithm, parameters, panicThresholdPercent: panic } = config;
  requireScope('config', config);
  if (!isName(algorithm)) throw invalid('config.algorithm', 'the name of an algorithm', JSON.stringify(algorithm));
  if (parameters.size > MAX_PARAMETERS)
    throw invalid('config.parameters', `at most ${MAX_PARAMETERS}`, parameters.size);
  for (const [name, value] of parameters) {
    if (name.length <= MAX_NAME && value.length <= MAX_VALUE) continue;
    throw invalid(
      'config.parameters',
      `names of at most ${MAX_NAME} characters and values of at most ${MAX_VALUE}`,
      'a longer one',
    );
  }
  if (panic !== undefined && panic > 100) throw invalid('config.panic_threshold_percent', '0-100', panic);
  return { ...config, pool: pool === '' ? DEFAULT_POOL : pool, changedIndex: 0 };
}

/** Checks protocol and pool of a request; `what` names the message that holds them. Throws Refusal INVALID. */
export function requireScope(what: string, { protocol, pool }: Pick<RoutingConfig, 'protocol' | 'pool'>): void {
  if (protocol === Protocol.UNSPECIFIED || protocol === Protocol.UNRECOGNIZED) {
    throw invalid(`${what}.protocol`, 'SIP, HTTP or SMPP', protocol);
  }
  if (pool !== '' && !isName(pool)) throw invalid(`${what}.pool`, 'a pool name of A-Z a-z 0-9 . _ -', pool);
}

function invalid(field: string, expected: string, got: unknown): Refusal {
  return new Refusal('INVALID', `${field}: expected ${expected}, got ${String(got)}`, { field });
}
