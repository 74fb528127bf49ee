// Style, fonts and script of a page, inside it; and the policy by which nothing else has an effect.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Html } from './html.ts';
import { dataUri } from './picture.ts';

const FONTS = { 400: 'Inter-Regular', 600: 'Inter-SemiBold' } as const;

/** All but the combining circumflex, which Inter puts beside ρ and not above it. */
const RANGE = 'U+0-301,U+303-10FFFF';

export interface Assets {
  readonly style: Html;
  readonly script: Html;
  /** For a Content-Security-Policy: nothing is loaded, and of style and script only these very texts count. */
  readonly policy: string;
}

export async function readAssets(): Promise<Assets> {
  const style = `${await fontFaces()}${await readText('style.css')}`;
  const script = await readText('lightbox.js');
  const policy = [
    "default-src 'none'",
    'img-src data:',
    'font-src data:',
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return {
    style: new Html(`<style>${style}</style>`),
    script: new Html(`<script>${script}</script>`),
    policy: policy.join('; '),
  };
}

const readText = (name: string): Promise<string> =>
  readFile(new URL(name, import.meta.url), 'utf8');

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

async function fontFaces(): Promise<string> {
  const faces: string[] = [];
  for (const [weight, file] of Object.entries(FONTS)) {
    const path = fileURLToPath(import.meta.resolve(`inter-ui/web/${file}.woff2`));
    const source = dataUri('font/woff2', await readFile(path));
    faces.push(
      `@font-face{font-family:Inter;font-weight:${weight};` +
        `unicode-range:${RANGE};src:url(${source}) format("woff2")}\n`,
    );
  }
  return faces.join('');
}
