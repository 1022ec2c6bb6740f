import { z } from 'zod';

/** The schema without its default, optional and other wrappers. */
function inner(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped = (schema as { def?: { innerType?: z.core.$ZodType } }).def?.innerType;
  return wrapped === undefined ? schema : inner(wrapped);
}

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const bare = inner(schema);
  return bare instanceof z.ZodObject ? bare.shape : undefined;
}

/** What stands at a path of keys, or undefined. */
function at(schema: z.core.$ZodType, path: readonly string[]): z.core.$ZodType | undefined {
  let place: z.core.$ZodType | undefined = schema;
  for (const key of path) {
    const shape: Readonly<Record<string, z.core.$ZodType>> | undefined = place && shapeOf(place);
    place = shape !== undefined && Object.hasOwn(shape, key) ? shape[key] : undefined;
  }
  return place;
}

/** The keys that an object at this path takes; empty when there is none. */
export function keysAt(schema: z.core.$ZodType, path: readonly string[]): string[] {
  const place = at(schema, path);
  return place === undefined ? [] : Object.keys(shapeOf(place) ?? {});
}

/** The path with each key spelled as the schema spells it, whatever its case; unknown keys stay as they came. */
export function canonicalPath(schema: z.core.$ZodType, path: readonly string[]): string[] {
  const found: string[] = [];
  for (const key of path) {
    found.push(keysAt(schema, found).find((known) => known.toLowerCase() === key.toLowerCase()) ?? key.toLowerCase());
  }
  return found;
}

/** One key of the configuration as people read it. */
export interface KeyDescription {
  readonly key: string;
  readonly meaning: string;
  /** The default as JSON, or undefined when there is none. */
  readonly fallback: string | undefined;
}

/** Every key at or below a path, in the order of the schema. */
export function describeKeys(schema: z.core.$ZodType, path: readonly string[] = []): KeyDescription[] {
  const place = at(schema, path);
  if (place === undefined) return [];
  const shape = shapeOf(place);
  if (shape !== undefined) return Object.keys(shape).flatMap((key) => describeKeys(schema, [...path, key]));
  return [{ key: path.join('.'), meaning: meaningOf(place), fallback: fallbackOf(place) }];
}

function meaningOf(schema: z.core.$ZodType): string {
  const own = z.globalRegistry.get(schema)?.description;
  const wrapped = (schema as { def?: { innerType?: z.core.$ZodType } }).def?.innerType;
  return own ?? (wrapped === undefined ? '' : meaningOf(wrapped));
}

function fallbackOf(schema: z.core.$ZodType): string | undefined {
  const result = z.safeParse(schema, undefined);
  return result.success && result.data !== undefined ? JSON.stringify(result.data) : undefined;
}
