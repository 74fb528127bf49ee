// `npm run report-picture -- DIR`: makes examples/report.png, the picture of the report in the README, from
// a folder of experiments: its page on a screen, and on a phone before it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { writeReport } from '../src-ts/report/report.ts';
import { openBrowser } from '../test/report/page/browser.ts';

const OUT = path.join(import.meta.dirname, '../examples/report.png');
const SCREEN = { width: 1400, height: 1000 };
const PHONE = { width: 400, height: 800 };
const CANVAS = { width: 1600, height: 1040 };
const CORNER = 28;
const SETTLING = 500; // ms for a page to scroll to its anchor and be painted
const COLORS = 128; // of the palette; keeps the file below 250 kB

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run report-picture -- DIR   (a folder of experiments)');
  process.exit(2);
}
const temporary = await mkdtemp(path.join(tmpdir(), 'deepfool-report-'));
const browser = await openBrowser();
try {
  const file = await writeReport(folder, { out: path.join(temporary, 'report.html') });
  const address = pathToFileURL(file).href;
  const screen = await roundOff(await takePicture(browser, address, SCREEN, 'light'), SCREEN);
  const phone = await roundOff(
    await takePicture(browser, `${address}#overview`, PHONE, 'dark'),
    PHONE,
  );
  const [left, top] = [CANVAS.width - PHONE.width, CANVAS.height - PHONE.height];
  await sharp({ create: { ...CANVAS, channels: 4, background: '#0000' } })
    .composite([
      { input: screen, left: 0, top: 0 },
      { input: phone, left, top },
    ])
    .png({ palette: true, colors: COLORS, compressionLevel: 9 })
    .toFile(OUT);
  console.log(OUT);
} finally {
  await browser.close();
  await rm(temporary, { recursive: true });
}

interface Size {
  readonly width: number;
  readonly height: number;
}

async function takePicture(
  opened: Browser,
  address: string,
  viewport: Size,
  colorScheme: 'light' | 'dark',
): Promise<Buffer> {
  const page = await opened.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
  await page.goto(address);
  await page.evaluate('document.fonts.ready.then(() => null)');
  await page.waitForTimeout(SETTLING);
  const picture = await page.screenshot();
  await page.close();
  return picture;
}

/** Round corners, and a thin edge. */
async function roundOff(picture: Buffer, { width, height }: Size): Promise<Buffer> {
  const shape = (style: string): Buffer =>
    Buffer.from(
      `<svg width="${width}" height="${height}"><rect x="1" y="1" width="${width - 2}" ` +
        `height="${height - 2}" rx="${CORNER}" ${style}/></svg>`,
    );
  return sharp(picture)
    .composite([
      { input: shape('fill="#fff"'), blend: 'dest-in' },
      { input: shape('fill="none" stroke="#8a8a90" stroke-width="2"') },
    ])
    .png()
    .toBuffer();
}
