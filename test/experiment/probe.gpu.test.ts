// What figures read of a network, against plain loops, and DeepFool's iterates against DeepFool.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDevice, type Device } from '../../src-ts/api/device.ts';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import { iteratesOf } from '../../src-ts/experiment/iterates.ts';
import { minus, norm } from '../../src-ts/experiment/plane.ts';
import { Probe } from '../../src-ts/experiment/probe.ts';
import { affine, asClassifier, convNet, imagesOf } from '../attack/models.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => {
  device.dispose();
});

/** Numbers to four digits after the point. */
const close = (values: readonly number[]): unknown[] =>
  values.map((value) => expect.closeTo(value, 4) as unknown);

it('reads logits and gradients of all classes as plain loops have them', async () => {
  const model = convNet(5, 11);
  const probe = await Probe.open(device, model);
  const points = imagesOf(70, 12).map(({ pixels }) => pixels); // more than a batch
  const all = await probe.logits(points);
  const { logits, linearize } = asClassifier(model);
  for (const k of [0, 63, 69]) {
    expect(all[k]).toEqual(close(logits([...points[k]!])));
  }
  const here = await probe.linearize(points[3]!);
  expect(here.logits).toEqual(close(logits([...points[3]!])));
  for (const [k, expected] of linearize([...points[3]!], [0, 1, 2, 3, 4]).entries()) {
    expect([...here.gradients[k]!]).toEqual(close(expected));
  }
  probe.dispose();
});

it('the iterates begin with the image and end with what DeepFool finds', async () => {
  const model = convNet(5, 11);
  const attack = await DeepFoolAttack.create(device, model, {}, { images: true });
  const images = imagesOf(6, 12);
  for await (const { image, record, adversarial } of attack.attack(images)) {
    const found = await iteratesOf(device, model, image);
    expect(found.record).toEqual(record);
    expect(found.points).toHaveLength(record.steps + 1);
    expect(found.points[0]).toEqual(image.pixels);
    expect(found.points.at(-1)).toEqual(adversarial);
  }
  attack.dispose();
});

it('an affine classifier falls at the first iterate, at the distance of its nearest face', async () => {
  const model = affine(4, 21);
  const [image] = imagesOf(1, 22) as [ReturnType<typeof imagesOf>[number]];
  const { points } = await iteratesOf(device, model, image);
  const probe = await Probe.open(device, model);
  const { logits, gradients } = await probe.linearize(image.pixels);
  const own = logits.indexOf(Math.max(...logits));
  const distances = logits.flatMap((f, k) =>
    k === own ? [] : [(logits[own]! - f) / norm(minus(gradients[k]!, gradients[own]!))],
  );
  expect(points).toHaveLength(2);
  expect(norm(minus(points[1]!, image.pixels)) / Math.min(...distances)).toBeCloseTo(1.02, 4);
  probe.dispose();
});
