/** One rule; the rules are tried in their order. */
export interface RewriteRule {
  /** A regular expression, looked for in the path (or in path and query). */
  readonly from: string;
  /** What takes the place of each match; `$1` is the first group. */
  readonly to: string;
  readonly ignoreCase: boolean;
  /** `from` sees the query too; else the query stays behind the new path. */
  readonly withQuery: boolean;
  /** No later rule is tried when this one fits. */
  readonly last: boolean;
  /** The client is sent there with this status, instead of the request being passed on. */
  readonly redirect?: 301 | 302 | 303 | 307 | 308 | undefined;
}

/** What became of a target. */
export interface Rewritten {
  readonly target: string;
  /** Status of the redirection to `target`; 0: the request goes on with it. */
  readonly redirect: number;
}

interface Compiled extends RewriteRule {
  readonly pattern: RegExp;
}

/** Origin-form, and nothing that could end the line that it stands in. */
const PASSABLE = /^\/[\x21-\x7e\x80-\xff]*$/;
const LOCATION = /^(https?:\/\/|\/)[\x21-\x7e]*$/;
const LONGEST = 8192;

/** Changes targets by rules, before a node is chosen (the predecessor's `urlrewrite`). Pure. */
export class UrlRewriter {
  readonly #rules: readonly Compiled[];

  /** The expressions are valid: the configuration has been checked. */
  constructor(rules: readonly RewriteRule[]) {
    this.#rules = rules.map((rule) => ({ ...rule, pattern: new RegExp(rule.from, rule.ignoreCase ? 'gi' : 'g') }));
  }

  /** Undefined: it stays as it came. A rule whose outcome is no target is passed over. */
  apply(target: string): Rewritten | undefined {
    let now = target;
    for (const rule of this.#rules) {
      const next = applied(rule, now);
      if (next === undefined) continue;
      if (rule.redirect !== undefined) {
        if (LOCATION.test(next)) return { target: next, redirect: rule.redirect };
        continue;
      }
      if (next.length > LONGEST || !PASSABLE.test(next)) continue;
      now = next;
      if (rule.last) break;
    }
    return now === target ? undefined : { target: now, redirect: 0 };
  }
}

function applied({ pattern, to, withQuery }: Compiled, target: string): string | undefined {
  const mark = withQuery ? -1 : target.indexOf('?');
  const seen = mark === -1 ? target : target.slice(0, mark);
  pattern.lastIndex = 0;
  if (!pattern.test(seen)) return undefined;
  const path = seen.replaceAll(pattern, to);
  if (mark === -1) return path;
  const query = target.slice(mark + 1);
  return `${path}${path.includes('?') ? '&' : '?'}${query}`;
}
