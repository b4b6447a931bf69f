import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const pages = globSync('**/*.md', { exclude: ['**/node_modules', 'dist'] });

/** `[text](target)` outside of code. */
function readLinks(markdown: string): string[] {
  const prose = markdown.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}

/** What a heading is called in a link. */
function slugs(markdown: string): string[] {
  const titles = [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(target)) return true;
  return anchor !== undefined && !slugs(readFileSync(target, 'utf8')).includes(anchor);
}

it('links between the pages lead somewhere', () => {
  const links = pages.flatMap((page) =>
    readLinks(readFileSync(page, 'utf8')).map((link) => ({ page, link })),
  );
  expect(links.filter(({ page, link }) => isBroken(page, link))).toEqual([]);
  expect(links.length).toBeGreaterThan(10);
});

it('every decision is listed', () => {
  const list = readFileSync('docs/decisions/README.md', 'utf8');
  const decisions = globSync('docs/decisions/[0-9]*.md').map((path) => path.slice('docs/decisions/'.length));
  expect(decisions.sort()).toEqual(readLinks(list).sort());
});

it('sees a link that leads nowhere', () => {
  expect(readLinks('[a](x.md) `[b](y.md)`\n```\n[c](z.md)\n```\n[d](#e)')).toEqual(['x.md', '#e']);
  expect(isBroken('ARCHITECTURE.md', 'nowhere.md')).toBe(true);
  expect(isBroken('ARCHITECTURE.md', 'docs/design.md#nowhere')).toBe(true);
  expect(isBroken('ARCHITECTURE.md', '#floors')).toBe(false);
});
