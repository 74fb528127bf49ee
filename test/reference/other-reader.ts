// What programs that are not ours make of image files: sharp reads them, onnxruntime classifies them.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';

/** Levels [H, W, C] of an image file without alpha. */
export async function readWithSharp(
  path: string,
): Promise<{ readonly levels: Uint8Array; readonly shape: [number, number, number] }> {
  const { channels } = await sharp(path).metadata();
  const image = channels === 1 ? sharp(path).toColourspace('b-w') : sharp(path); // else gray is tripled
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { levels: data, shape: [info.channels, info.height, info.width] };
}

/** The class that onnxruntime gives each file, levels scaled to [0, 1] and normalised. */
export async function classifyFiles(
  model: string,
  paths: readonly string[],
  { mean = [0], std = [1] }: { mean?: readonly number[]; std?: readonly number[] } = {},
): Promise<number[]> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  const classes: number[] = [];
  for (const path of paths) {
    const { levels, shape } = await readWithSharp(path);
    const [channels, height, width] = shape;
    const size = height * width;
    const pixels = Float32Array.from({ length: levels.length }, (_, at) => {
      const channel = Math.floor(at / size);
      const value = levels[(at % size) * channels + channel]! / 255;
      return (value - mean[channel % mean.length]!) / std[channel % std.length]!;
    });
    const feeds = { [session.inputNames[0]!]: new Tensor('float32', pixels, [1, ...shape]) };
    const results = await session.run(feeds);
    const logits = [...(results[session.outputNames[0]!]!.data as Float32Array)];
    classes.push(logits.indexOf(Math.max(...logits)));
  }
  await session.release();
  return classes;
}
