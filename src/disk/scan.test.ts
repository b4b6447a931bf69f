import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync, appendFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { isStrataError } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { describeWith } from '../testing/need.ts';
import { addSpecialFiles, makeOddTree, noise } from '../testing/odd-tree.ts';
import { runScript } from '../testing/script.ts';
import { displayPath, walk } from '../tree/index.ts';
import type { TreeRef } from '../tree/index.ts';
import { scanDirectory } from './scan.ts';
import { save, scratch } from './scratch.fixture.ts';

async function pathsIn(content: MemoryContent, tree: TreeRef): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of walk(content.source, tree)) paths.push(displayPath(path));
  return paths;
}

/** A file that is written to each time one of its chunks is taken. */
function restless(path: string, times: number): MemoryContent['sink'] {
  const { sink } = new MemoryContent();
  let left = times;
  return {
    ...sink,
    chunk(bytes) {
      if (left-- > 0) appendFileSync(path, 'more');
      return sink.chunk(bytes);
    },
  };
}

describe('what is left out', () => {
  it('[K6] is counted and told in one line each', async () => {
    const base = scratch();
    makeOddTree(join(base, 'odd'), { depth: 1 });
    const before = await save(join(base, 'odd'));
    await addSpecialFiles(join(base, 'odd'));
    const lines: string[] = [];
    const content = new MemoryContent();
    const { leftOut, root } = await scanDirectory(join(base, 'odd'), content.sink, {
      warn: (line) => lines.push(line),
    });
    const devices = process.getuid?.() === 0 ? 1 : 0;
    expect(leftOut).toMatchObject({
      fifo: { count: 1 },
      socket: { count: 1 },
      device: { count: devices },
      specialBits: { count: 1 },
    });
    expect(lines).toHaveLength(3 + devices);
    expect(lines[0]).toBe('FIFOs are left out: fifo');
    const { files, directories } = before.root.tree.summary;
    expect(root.tree.summary).toMatchObject({ files, directories: directories + 1 });
  });

  it('[K9] is what patterns say', async () => {
    const base = scratch();
    for (const path of [
      'a/node_modules/x/y.js',
      'node_modules/z.js',
      'a/b/.cache/t',
      'a/keep.log',
      'a/b/drop.log',
      'k.log',
      'b1',
      'b2',
      'b10',
    ]) {
      mkdirSync(join(base, path, '..'), { recursive: true });
      writeFileSync(join(base, path), path);
    }
    const cases: [patterns: string[], left: string[]][] = [
      [
        ['**/node_modules', '*.log', 'b?'],
        ['a/b/.cache/t', 'a/b/drop.log', 'a/keep.log', 'b10'],
      ],
      [
        ['a/**', 'node_modules/'],
        ['b1', 'b10', 'b2', 'k.log'],
      ],
      [['**/*.log', './a/b', '{a,.}/node_modules', 'b[12]*'], ['node_modules/z.js']],
      [
        ['**/.*', '**/*.js', 'a/*.log', '!k.log'],
        ['a/b/drop.log', 'b1', 'b10', 'b2', 'k.log'],
      ],
    ];
    for (const [exclude, left] of cases) {
      const { content, root } = await save(base, { exclude });
      const paths = await pathsIn(content, root.tree);
      expect(paths.filter((path) => /\.(js|log)$|\/t$|^b\d+$/.test(path))).toEqual(left);
    }
    await expectCode('bad_input', save(base, { exclude: ['a[b'] }));
  });

  it('[K9] also where names have line breaks', async () => {
    const base = scratch();
    for (const path of ['a\nb/x.key', '\n/y.key', 'kept\n']) {
      mkdirSync(join(base, path, '..'), { recursive: true });
      writeFileSync(join(base, path), path);
    }
    const { root } = await save(base, { exclude: ['**/*.key'] });
    expect(root.tree.summary.files).toBe(1);
  });
});

describe('what cannot be saved', () => {
  it('[K10] a source that is missing, a file, or a link to one', async () => {
    const base = scratch();
    writeFileSync(join(base, 'file'), '');
    symlinkSync('file', join(base, 'link'));
    symlinkSync('nowhere', join(base, 'dangling'));
    await expectCode('not_found', save(join(base, 'missing')));
    await expectCode('not_found', save(join(base, 'dangling')));
    await expectCode('bad_input', save(join(base, 'file')));
    await expectCode('bad_input', save(join(base, 'link')));
    await expectCode('bad_input', save(join(base, 'file', 'below')));
  });

  it('[K1] but a link to a directory is followed when it is the source', async () => {
    const base = scratch();
    mkdirSync(join(base, 'directory'));
    writeFileSync(join(base, 'directory', 'file'), 'x');
    symlinkSync('directory', join(base, 'link'));
    expect((await save(join(base, 'link'))).root).toEqual((await save(join(base, 'directory'))).root);
  });

  it('[K8] a file that changes once or twice is read again', async () => {
    const base = scratch();
    writeFileSync(join(base, 'file'), 'x'.repeat(100_000));
    const { root } = await scanDirectory(base, restless(join(base, 'file'), 2));
    expect(root.tree.summary.bytes).toBe(100_008);
  });

  it('[K8] a file that keeps changing is named', async () => {
    const base = scratch();
    mkdirSync(join(base, 'd'));
    writeFileSync(join(base, 'd', 'file'), 'x'.repeat(100));
    const error = await scanDirectory(base, restless(join(base, 'd', 'file'), 100)).catch(
      (reason: unknown) => reason,
    );
    expect(isStrataError(error, 'file_changed') && error.details).toMatchObject({
      count: 1,
      paths: ['d/file'],
    });
  });

  it('[K8] a file is read when its last change is so long ago that another one would show', async () => {
    const base = scratch();
    writeFileSync(join(base, 'file'), 'just written');
    const ages: number[] = [];
    const { sink } = new MemoryContent();
    await scanDirectory(base, {
      ...sink,
      chunk(bytes) {
        ages.push(Date.now() - statSync(join(base, 'file')).ctimeMs);
        return sink.chunk(bytes);
      },
    });
    expect(ages).toHaveLength(1);
    expect(ages[0]).toBeGreaterThan(15);
  });

  it('[K8] a file that goes away meanwhile is not there', async () => {
    const base = scratch();
    writeFileSync(join(base, 'a'), noise(1000));
    writeFileSync(join(base, 'b'), noise(1000));
    const { sink } = new MemoryContent();
    const { root } = await scanDirectory(base, {
      ...sink,
      chunk(bytes) {
        rmSync(join(base, 'b'), { force: true });
        return sink.chunk(bytes);
      },
    });
    expect(root.tree.summary.files).toBe(1);
  });

  it('[K8] a file that becomes a directory meanwhile was changed, and is not left out', async () => {
    const base = scratch();
    for (const name of ['a', 'b']) writeFileSync(join(base, name), noise(1000));
    const { sink } = new MemoryContent();
    const swapping: typeof sink = {
      ...sink,
      chunk(bytes) {
        rmSync(join(base, 'b'), { force: true, recursive: true });
        mkdirSync(join(base, 'b'));
        return sink.chunk(bytes);
      },
    };
    const saving = scanDirectory(base, swapping, { skipUnreadable: true });
    await expect(saving).rejects.toMatchObject({ code: 'file_changed', details: { paths: ['b'] } });
  });

  it('[K5] a cancelled save ends', async () => {
    const base = scratch();
    makeOddTree(join(base, 'odd'));
    const abort = new AbortController();
    const saving = scanDirectory(join(base, 'odd'), new MemoryContent().sink, {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expectCode('cancelled', saving);
  });
});

describeWith(['user'], 'what a normal user cannot read', () => {
  it('[K7] is all named, or left out', () => {
    const base = scratch();
    chmodSync(base, 0o755);
    for (const path of ['open/file', 'secret/below/file', 'open/closed']) {
      mkdirSync(join(base, path, '..'), { recursive: true });
      writeFileSync(join(base, path), path);
    }
    chmodSync(join(base, 'secret'), 0o700);
    chmodSync(join(base, 'open', 'closed'), 0o600);
    const script = `
      import { scanDirectory } from ${JSON.stringify(new URL('./index.ts', import.meta.url))};
      import { tallyDetails } from ${JSON.stringify(new URL('./tally.ts', import.meta.url))};
      import { MemoryContent } from ${JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url))};
      process.setgid(65534);
      process.setuid(65534);
      const { sink } = new MemoryContent();
      await scanDirectory(${JSON.stringify(base)}, sink).catch((error) => console.log(error.code, error.details.paths.join()));
      const { skipped, root, leftOut } = await scanDirectory(${JSON.stringify(base)}, sink, {
        skipUnreadable: true,
        warn: (line) => line.startsWith('what cannot be read') && console.log(line),
      });
      console.log(tallyDetails(skipped).paths.join(), root.tree.summary.files, leftOut.owner.count);
    `;
    expect(runScript(script)).toBe(
      [
        'unreadable open/closed,secret',
        'what cannot be read is left out: open/closed and 1 more',
        'open/closed,secret 1 3\n',
      ].join('\n'),
    );
  });
});
