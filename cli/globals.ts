import type { Command } from 'commander';
import type { Config } from '../runtime/config';

/** The options that every command takes. */
export interface Globals {
  /** Path of triplane.yaml. */
  readonly config?: string;
  /** `key=value`, in the order given. */
  readonly set: readonly string[];
  /** gRPC address of the admin service, over `cluster.admin`. */
  readonly admin?: string;
  /** JSON for programs instead of text for people. */
  readonly json: boolean;
}

/** The program's options as a command sees them. */
export function optionsOf(command: Command): Globals {
  return { set: [], json: false, ...command.optsWithGlobals<Partial<Globals>>() };
}

/** The configuration that a command runs under; loads the schema only when a command asks. */
export async function configOf(globals: Globals): Promise<Config> {
  const { loadConfig } = await import('../runtime/config');
  const set = globals.admin === undefined ? globals.set : [...globals.set, `cluster.admin=${globals.admin}`];
  return loadConfig({ file: globals.config, set, env: process.env });
}

/** The same options as arguments for a service's process. */
export function serviceArgs(globals: Globals): string[] {
  return [
    ...(globals.config === undefined ? [] : ['--config', globals.config]),
    ...globals.set.flatMap((assignment) => ['--set', assignment]),
  ];
}
