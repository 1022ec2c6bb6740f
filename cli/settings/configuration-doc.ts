import type { KeyDescription } from '../../runtime/config';

/** The keys as Markdown: a heading for each section, a line for each key. docs/configuration.md holds it; a test compares. */
export function configurationDoc(keys: readonly KeyDescription[]): string {
  const sections = new Map<string, string[]>();
  for (const description of keys) {
    const section = description.key.slice(0, description.key.lastIndexOf('.'));
    sections.set(section, [...(sections.get(section) ?? []), lineOf(description)]);
  }
  return [...sections].map(([section, lines]) => `### ${section}\n\n${lines.join('\n')}\n`).join('\n');
}

function lineOf({ key, meaning, fallback }: KeyDescription): string {
  const byDefault = fallback === undefined ? 'no default' : `default \`${fallback}\``;
  return `- \`${key}\`, ${byDefault}: ${meaning.replaceAll(/[*_<>]/g, String.raw`\$&`)}`;
}
