// The page in headless Chromium, opened from disk: it is quiet, asks for nothing, fits phones and screens,
// and its pictures can be enlarged without a mouse.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeReport } from '../../../src-ts/report/report.ts';
import { temporaryFolder } from '../../data/fixtures.ts';
import { CHROMIUM, HAS_CHROMIUM, openBrowser } from './browser.ts';
import { putSample } from './sample.ts';

if (!HAS_CHROMIUM) console.log(`skipped: opening the report's page (no ${CHROMIUM})`);

const temporary = temporaryFolder();

/** A busy machine takes its time to start a browser. */
const timeout = 120_000;
vi.setConfig({ testTimeout: timeout, hookTimeout: timeout });

describe.skipIf(!HAS_CHROMIUM)('the page in a browser', () => {
  let browser: Browser;
  let page: Page;
  let address = '';
  /** What it said, and what it asked for beside itself. */
  let noise: string[] = [];

  beforeAll(async () => {
    const folder = join(temporary.path, 'sample');
    await putSample(folder);
    address = pathToFileURL(await writeReport(folder)).href;
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    page = await browser.newPage();
    page.setDefaultTimeout(timeout);
    noise = [];
    page.on('console', (message) => noise.push(message.text()));
    page.on('pageerror', (error) => noise.push(String(error)));
    page.on('request', (request) => {
      const url = request.url();
      if (url !== address && !url.startsWith('data:')) noise.push(url);
    });
  });
  afterEach(async () => {
    expect(noise).toEqual([]);
    await page.close();
  });

  const open = async (width: number): Promise<void> => {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(address);
  };
  /** A number or text that the page computes. */
  const ask = <T>(expression: string): Promise<T> => page.evaluate<T>(expression);

  it.each([400, 1400])('at %i pixels nothing is wider than the page', async (width) => {
    await open(width);
    expect(await ask('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.title()).toContain('onerror=');
  });

  it('every picture is drawn, in Inter below it', async () => {
    await open(1400);
    const widths = '[...document.querySelectorAll("main img")].map((image) => image.naturalWidth)';
    expect(await ask(widths)).toEqual([800, 28, 28, 28, 28]);
    await ask('document.fonts.ready.then(() => null)');
    expect(await ask('[...document.fonts].map((font) => font.status)')).toContain('loaded');
  });

  it('the keyboard opens a picture, goes on, enlarges and closes', async () => {
    await open(400);
    const caption = page.locator('.lightbox p');
    await page.locator('button.picture').nth(1).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => caption.textContent(), { timeout }).toMatch(/^2 \/ 5 · /);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => caption.textContent(), { timeout }).toMatch(/^3 \/ 5 · /);
    await page.keyboard.press('+');
    expect(await ask('document.querySelector(".stage img").style.width')).toBe('200%');
    await page.keyboard.press('ArrowLeft');
    expect(await ask('document.querySelector(".stage img").style.width')).toBe('100%');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.lightbox').isVisible(), { timeout }).toBe(false);
    expect(
      await ask('[...document.querySelectorAll("button.picture")].indexOf(document.activeElement)'),
    ).toBe(1);
  });

  it('a finger opens a picture, wipes to the next, and closes', async () => {
    const phone = await browser.newContext({
      viewport: { width: 400, height: 800 },
      hasTouch: true,
      isMobile: true,
    });
    const touched = await phone.newPage();
    await touched.bringToFront();
    await touched.goto(address);
    const dialog = touched.locator('.lightbox');
    const told = async (): Promise<string> =>
      (await dialog.isVisible()) ? ((await dialog.locator('p').textContent()) ?? '') : 'closed';
    // On a busy machine a finger may rest so long that it is none that taps or wipes: then once more.
    const until = (expected: RegExp, act: () => Promise<unknown>) =>
      expect
        .poll(async () => (expected.test(await told()) ? told() : act().then(told)), waiting)
        .toMatch(expected);
    await until(/^1 \/ 5 · /, () => touched.locator('button.picture').first().tap());
    await until(/^2 \/ 5 · /, () => wipe(touched, 300, 100));
    await until(/^closed$/, () => touched.locator('[data-do=close]').tap());
    await phone.close();
  });

  it('prints on paper, without what only a screen can do', async () => {
    await open(1400);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').isVisible()).toBe(false);
  });
});

const ACKNOWLEDGED = 2000; // ms
const waiting = { timeout: 60_000, interval: 500 };

/** One finger over the middle of the screen, from x to x. */
async function wipe(page: Page, from: number, to: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number) =>
    // A busy browser may take a touch and never say so.
    Promise.race([
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x, y: 400 }],
      }),
      delay(ACKNOWLEDGED),
    ]);
  await touch('touchStart', from);
  await touch('touchMove', (from + to) / 2);
  await touch('touchMove', to);
  await touch('touchEnd', to);
}
