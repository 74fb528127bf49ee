import * as Plot from '@observablehq/plot';
import { createCanvas, GlobalFonts, loadImage, type Canvas } from '@napi-rs/canvas';
import { expect, it } from 'vitest';
import { drawText, openCanvas } from '../../src-ts/report/canvas.ts';
import { drawChart } from '../../src-ts/report/chart.ts';

const TEXT = 'How ρ = ‖r‖₂ / ‖x‖₂ grows, p = ∞';

/** Width in pixels of what is darker than half. */
function inkWidth(canvas: Canvas): number {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
    Array.from({ length: height }, (_, y) => y).some((y) => {
      const at = 4 * (y * width + x);
      return data[at]! < 128 && data[at + 3]! > 128;
    }),
  );
  return columns.length === 0 ? 0 : columns.at(-1)! - columns[0]! + 1;
}

async function onCanvas(png: Uint8Array): Promise<Canvas> {
  const image = await loadImage(Buffer.from(png));
  const canvas = createCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas;
}

it('writes text in the font that comes with the package, Greek and signs too', async () => {
  const text = Plot.text([TEXT], { frameAnchor: 'middle' });
  const { png, svg } = await drawChart({ width: 400, height: 60, axis: null, marks: [text] });
  expect(svg).toContain('font-family="Inter, sans-serif"');
  expect(svg).not.toMatch(/font-family:/);
  const { canvas, context } = openCanvas(400, 60, 2);
  drawText(context, TEXT, 20, 40, { size: 12, color: '#000000' });
  const width = inkWidth(canvas);
  expect(Math.abs(inkWidth(await onCanvas(png)) - width)).toBeLessThanOrEqual(2);
  // A machine without fonts has nothing else to write in.
  const own = GlobalFonts.families.filter(({ family }) => family.startsWith('Inter'));
  expect(own).not.toEqual([]);
  if (own.length === GlobalFonts.families.length) return;
  const other = openCanvas(400, 60, 2);
  other.context.font = '12px sans-serif';
  other.context.fillText(TEXT, 20, 40);
  expect(Math.abs(inkWidth(other.canvas) - width)).toBeGreaterThan(4);
});

it('draws the PNG at its own size, not enlarged from a smaller one', async () => {
  const line = Plot.ruleX([0.5], { strokeWidth: 0.5, stroke: '#000000' });
  const x = { domain: [0, 1], range: [0.25, 20.25] };
  const options = { width: 21, height: 20, margin: 0, x, axis: null, marks: [line] };
  const canvas = await onCanvas((await drawChart(options)).png);
  expect([canvas.width, canvas.height]).toEqual([42, 40]);
  const { data } = canvas.getContext('2d').getImageData(0, 20, 42, 1);
  const shades = Array.from({ length: 42 }, (_, x) => data[4 * x]!);
  expect(shades.filter((shade) => shade < 255).length).toBeLessThanOrEqual(2);
});

it('draws pictures where the SVG has them', async () => {
  const dot = createCanvas(2, 2);
  dot.getContext('2d').fillRect(0, 0, 2, 2);
  const at = [{ x: 2, y: 1, src: dot.toDataURL('image/png') }];
  const picture = Plot.image(at, { x: 'x', y: 'y', src: 'src', width: 10, height: 6 });
  const scale = { type: 'point', domain: [1, 2], padding: 0.5 } as const;
  const options = { width: 40, height: 24, margin: 0, x: scale, y: scale, axis: null };
  const canvas = await onCanvas((await drawChart({ ...options, marks: [picture] })).png);
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, 80, 48);
  const dark = Array.from({ length: 80 * 48 }, (_, k) => k).filter((k) => data[4 * k]! < 128);
  expect(dark).toHaveLength(20 * 12);
  expect([dark[0]! % width, Math.floor(dark[0]! / width)]).toEqual([50, 6]);
});
