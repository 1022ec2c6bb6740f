import { runInNewContext } from 'node:vm';
import { until } from './until';

/** As much of a page's element as our dashboard uses. */
interface Element {
  textContent: string;
  children: readonly Element[];
  append(...children: readonly Element[]): void;
  replaceChildren(...children: readonly Element[]): void;
}

function element(): Element {
  return {
    textContent: '',
    children: [],
    append(...children) {
      this.children = children;
    },
    replaceChildren(...children) {
      this.children = children;
    },
  };
}

/** Runs the script of the dashboard once: id of an element to its text, rows of a table by line, cells parted by `|`. */
export async function shownBy(
  html: string,
  page: (path: string) => Promise<{ status: number; text: string }>,
): Promise<Record<string, string>> {
  const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(html) ?? [];
  const elements = new Map<string, Element>();
  const document = {
    createElement: element,
    getElementById: (id: string) => elements.get(id) ?? elements.set(id, element()).get(id),
  };
  const fetch = async (path: string): Promise<unknown> => {
    const { status, text } = await page(path);
    return { ok: status === 200, json: () => JSON.parse(text) as unknown };
  };
  runInNewContext(script, { document, fetch, setTimeout: () => undefined });
  // The notes are written last.
  await until('it has shown everything', () => elements.has('notes'));
  return Object.fromEntries(
    [...elements].map(([id, { textContent, children }]) => [id, textContent || children.map(rowText).join('\n')]),
  );
}

function rowText({ children }: Element): string {
  return children.map(({ textContent }) => textContent).join('|');
}
