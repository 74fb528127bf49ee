// The page over a folder of experiments: what it says, that nothing in it is loaded or run, and what is
// refused.
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, it } from 'vitest';
import { escapeHtml, html } from '../../../src-ts/report/page/html.ts';
import { formatRatio, median, placeOf } from '../../../src-ts/report/page/ratio.ts';
import { writeReport } from '../../../src-ts/report/report.ts';
import { run } from '../../cli/run.ts';
import { png, put, temporaryFolder } from '../../data/fixtures.ts';
import { HOSTILE, putSample, sampleResult } from './sample.ts';

/** What the tests use of an element: the compiler knows no DOM. */
interface Element {
  readonly textContent: string;
  readonly getAttribute: (name: string) => string | null;
  readonly querySelector: (selector: string) => Element | null;
  readonly querySelectorAll: (selector: string) => Iterable<Element>;
}

const temporary = temporaryFolder();
let text = '';
let page: Element;

const all = (selector: string): Element[] => [...page.querySelectorAll(selector)];
const textsOf = (selector: string): string[] =>
  all(selector).map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim());

beforeAll(async () => {
  const folder = join(temporary.path, 'sample');
  await putSample(folder);
  text = await readFile(await writeReport(folder), 'utf8');
  page = (parseHTML(text) as unknown as { readonly document: Element }).document;
});

describe('the page', () => {
  it('has a section for each experiment, those beside the paper first', () => {
    expect(textsOf('h1')).toHaveLength(1);
    expect(all('section').map((section) => section.getAttribute('id'))).toEqual([
      null,
      'table1',
      'fig1',
    ]);
    expect(textsOf('h2')).toEqual([
      'Beside the paper',
      'Table 1: ρ̂ for p = 2',
      `Figure 1: ${HOSTILE} quick`,
    ]);
    expect(all('nav a').map((link) => link.getAttribute('href'))).toEqual([
      '#overview',
      '#table1',
      '#fig1',
    ]);
  });

  it("shows the paper's number beside ours, and their ratio", () => {
    const rows = all('#table1 tbody tr').map((row) =>
      [...row.querySelectorAll('th, td')].map(({ textContent }) => textContent.trim()),
    );
    expect(rows).toEqual([
      ['LeNet', 'deepfool', '0.25', '0.2', '1.25', '5.8'],
      ['fgsm', '0.5', '1', '0.500', '–'],
      [HOSTILE, 'fgsm', '–', '–', '–', '1'],
    ]);
    expect(page.querySelector('#table1 tbody th')!.getAttribute('rowspan')).toBe('2');
    expect(textsOf('.strip title')).toEqual(['LeNet, deepfool: 1.25', 'LeNet, fgsm: 0.500']);
    expect(textsOf('#table1 thead tr:first-child th')).toEqual([
      'network',
      'method',
      'ρ̂',
      'time ms',
    ]);
    expect(textsOf('#table1 .meanings dt')).toEqual(['ρ̂']);
  });

  it('tells facts that all share once, the others where they belong', () => {
    const factsOf = (selector: string): string[] => textsOf(`${selector} .facts > div`);
    expect(factsOf('header')).toEqual([
      'device a device',
      'kernel table default 0123',
      'version 1.2.3',
      'the paper Moosavi-Dezfooli, Fawzi, Frossard, CVPR 2016',
    ]);
    expect(factsOf('#table1')).toEqual(['p 2', 'only_correct false', 'seeds training 7']);
  });

  it('warns of subsets, and only of those', () => {
    expect(textsOf('.banner')).toEqual([
      'Quick run. What is marked “quick” was measured on subsets of the images, and is rough.',
    ]);
    expect(page.querySelector('#table1 .quick-mark')).toBeNull();
  });

  it('offers each table as CSV', () => {
    const link = page.querySelector('#table1 a[download]')!;
    const [type, data] = link.getAttribute('href')!.split(',') as [string, string];
    expect(link.getAttribute('download')).toBe('table1.csv');
    expect(type).toBe('data:text/csv;base64');
    expect(Buffer.from(data, 'base64').toString().split('\n')[1]).toBe(
      'LeNet,deepfool,0.25,0.2,5.789',
    );
  });

  it('describes every picture, and leaves places of a grid empty', () => {
    const pictures = all('main img');
    expect(pictures).toHaveLength(5);
    for (const picture of pictures) expect(picture.getAttribute('alt')).toBe(HOSTILE);
    expect(all('#fig1 .tiles:not(.heads) > *')).toHaveLength(5);
    expect(all('img.pixels')).toHaveLength(4);
  });
});

describe('nothing in a page is loaded or run', () => {
  it('whatever texts hold', () => {
    expect(text).not.toContain('<img src=x');
    expect(all('script')).toHaveLength(1);
    for (const name of ['onerror', 'onload', 'onclick', 'style']) {
      expect(all(`[${name}]`), name).toEqual([]);
    }
  });

  it('from outside', () => {
    const policy = page.querySelector('meta[http-equiv]')!.getAttribute('content')!;
    expect(policy).toMatch(
      /^default-src 'none'; img-src data:; font-src data:; style-src 'sha256-/,
    );
    expect(policy).not.toContain('unsafe');
    const addresses = all('[src], [href]').map(
      (element) => element.getAttribute('src') ?? element.getAttribute('href')!,
    );
    expect(addresses.length).toBeGreaterThan(8);
    expect(addresses.filter((address) => !/^(data:|#)/.test(address))).toEqual([]);
    expect(text).not.toMatch(/https?:|url\((?!data:)|@import/);
  });
});

describe('what cannot be shown is refused by name', () => {
  const reportOn = async (name: string, files: Record<string, string | Uint8Array>) => {
    const folder = join(temporary.path, name);
    for (const [file, content] of Object.entries(files)) await put(join(folder, file), content);
    return run('report', folder);
  };
  const withFigure = (file: string): string =>
    JSON.stringify(sampleResult({ figures: [{ file, caption: '', alt: '' }] }));

  it.each([
    ['empty', {}, /empty: expected a folder of experiments: .*no such file/],
    ['none', { 'a.json': '{}' }, /none: holds no experiment: expected a JSON file/],
    ['corrupt', { 'table1.json': '{"experiment": "ta' }, /table1\.json: expected the JSON of an/],
    [
      'old',
      { 'table1.json': '{"experiment": "table1", "rows": []}' },
      /table1\.json: is not an experiment as this version writes it: title: /,
    ],
    ['missing', { 'a.json': withFigure('b.svg') }, /b\.svg: expected a picture.*no such file/],
    ['outside', { 'a.json': withFigure('../sample/images/grey.png') }, /grey\.png: expected a pic/],
    ['text', { 'a.json': withFigure('b.png'), 'b.png': 'text' }, /b\.png: expected a PNG or SVG/],
    ['other', { 'a.json': withFigure('a.json') }, /a\.json: expected a PNG or SVG picture/],
  ])('%s', async (name, files, message) => {
    const { status, out, err } = await reportOn(name, files);
    expect(err).toMatch(message);
    expect({ status, out }).toEqual({ status: 1, out: '' });
  });

  it('a link that leads outside', async () => {
    const folder = join(temporary.path, 'link');
    await put(join(folder, 'a.json'), withFigure('b.png'));
    await symlink(await put(join(temporary.path, 'secret.png'), png(1)), join(folder, 'b.png'));
    const { status, err } = await run('report', folder);
    expect(err).toMatch(/b\.png: expected a picture inside /);
    expect(status).toBe(1);
  });

  it('a grid with a tile too few', async () => {
    const grid = {
      title: 'G',
      caption: '',
      columns: ['a', 'b'],
      rows: [{ title: 'r', tiles: [] }],
    };
    const { err } = await reportOn('grid', {
      'a.json': JSON.stringify(sampleResult({ grids: [grid] })),
    });
    expect(err).toContain('"G", "r": expected 2 tiles, one for each column, got 0');
  });

  it('a page that cannot be written', async () => {
    const sample = join(temporary.path, 'sample');
    const { status, err } = await run('report', sample, '--out', join(sample, 'no/where.html'));
    expect(err).toContain('where.html: cannot be written: its folder does not exist');
    expect(status).toBe(1);
  });
});

it('the command writes where it is told, and says where', async () => {
  const out = join(temporary.path, 'elsewhere.html');
  expect(await run('report', join(temporary.path, 'sample'), '--out', out)).toEqual({
    status: 0,
    out: `${out}\n`,
    err: '',
  });
  expect(await readFile(out, 'utf8')).toBe(text);
});

it('templates escape all but templates', () => {
  expect(escapeHtml(`<a href="x" id='y'>&`)).toBe(
    '&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;',
  );
  const item = html`<b>${'<i>'}</b>`;
  expect(html`<q cite="${1}">${[item, item]}${null}</q>`.text).toBe(
    '<q cite="1"><b>&lt;i&gt;</b><b>&lt;i&gt;</b></q>',
  );
});

it('ratios lie on a logarithmic scale', () => {
  expect([0.25, 0.5, 1, 2, 4].map((ratio) => placeOf(ratio, 4))).toEqual([0, 25, 50, 75, 100]);
  expect([0, 0.1, 99].map((ratio) => placeOf(ratio, 4))).toEqual([0, 0, 100]);
  expect([0, 0.004, 1, 123.4].map(formatRatio)).toEqual(['0', '0.004', '1.00', '123']);
  expect([median([3, 1, 2]), median([4, 1])]).toEqual([2, 2.5]);
});
